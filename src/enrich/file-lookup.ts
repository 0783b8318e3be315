import type { LookupResult, LookupSettings, LookupSource } from '../domain/config.js'
import { LookupError } from '../domain/errors.js'
import { parseLookup } from './parse-json.js'

type FileLookupSettings = LookupSettings & { source: Extract<LookupSource, { type: 'file' }> }

interface Copy {
  data: unknown
  json: string
  text: string
  readAt: number
}

/**
 * A lookup in a JSON file. The file is read each time, which costs less than a millisecond and needs no watcher, and
 * parsed when its text changed. While it is missing or half written, the last good copy stands in up to `stale_ok`.
 */
export function createFileLookup(
  settings: FileLookupSettings,
  parts: { readFile: (path: string) => Promise<string>; now: () => number },
): (signal: AbortSignal) => Promise<LookupResult> {
  const { path } = settings.source
  let copy: Copy | null = null

  return async () => {
    const startedAt = parts.now()
    const describe = (used: Copy, cache: LookupResult['cache'], problem: string | null): LookupResult => ({
      name: settings.name,
      data: used.data,
      json: used.json,
      source: 'file',
      from: path,
      status: null,
      cache,
      ageMs: parts.now() - used.readAt,
      durationMs: parts.now() - startedAt,
      problem,
    })
    try {
      const text = await readText(path, parts.readFile)
      const isSame = copy !== null && copy.text === text
      const parsed = copy !== null && isSame ? copy : { ...parseLookup(text, path), text }
      copy = { ...parsed, readAt: parts.now() }
      return describe(copy, isSame ? 'fresh' : 'fetched', null)
    } catch (error) {
      if (!(error instanceof LookupError)) throw error
      if (copy === null || parts.now() - copy.readAt > settings.staleOkMs) {
        throw new LookupError(`lookup ${settings.name}: ${error.message}`)
      }
      return describe(copy, 'stale', error.message)
    }
  }
}

async function readText(path: string, readFile: (path: string) => Promise<string>): Promise<string> {
  try {
    return await readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null
    if (code === null) throw error
    throw new LookupError(`${path} cannot be read (${code})`)
  }
}
