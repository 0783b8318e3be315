import { basename } from 'node:path'
import { applySuggestion } from '../config/apply-suggestion.js'
import { readDraftTexts } from '../config/draft-text.js'
import { ApiError, ConfigError } from '../domain/errors.js'
import type { Engine } from './engine.js'
import { explainNearMisses } from './near-misses.js'

/** A file of the config in force, to begin a draft with. */
export interface DraftFile {
  /** Names of all files, as a draft names them. */
  names: string[]
  name: string
  /** Where it lies; null when the server runs without a file. */
  path: string | null
  /** With every secret disguised. */
  text: string
  /** The file is not any more what was loaded. */
  changed: boolean
  /** Where the route that was asked for begins; null when the file has it not. */
  line: number | null
}

const parseTimeoutMs = 30_000
/** What a server without a file begins with. */
const starter = `version: 1
channels:
  inbox: { kind: inbox }
routes:
  - name: my first route
    when: { subject: { contains: error } }
    steps: [ { send: inbox } ]
`

/** What drafts begin with. Rejects with `ApiError`. */
export function offerDraftFileCalls(engine: Engine) {
  const { current, store } = engine
  return {
    /** @param wanted a file by its name, or the file that has a route; else the first file with routes */
    readDraftFile: (wanted: { name?: string; route?: string }): Promise<DraftFile> => readDraftFile(engine, wanted),

    /**
     * A draft with a condition that a stored mail meets in the place of the one it did not, as `nearMisses` tells of it;
     * null when it cannot be told where that is.
     */
    async applySuggestion(text: string, mailId: string, route: string, suggestion: string): Promise<string | null> {
      const raw = await store.readRawMail(mailId)
      if (!raw) throw new ApiError(404, 'not_found', `there is no mail ${mailId}`)
      const misses = await explainNearMisses(current().parts, raw, AbortSignal.timeout(parseTimeoutMs))
      const failed = misses.find((miss) => miss.route === route)?.failed.find((one) => one.suggestion === suggestion)
      const { field = null, condition = '' } = failed ?? {}
      return applySuggestion(text, { route, field, condition, suggestion })
    },
  }
}

async function readDraftFile(
  { current, readVariables }: Engine,
  { name, route: routeName }: { name?: string; route?: string },
): Promise<DraftFile> {
  const { files, parts } = current()
  const names = files.files.map((file) => basename(file))
  if (names.length === 0) {
    return { names: [], name: 'routes.yaml', path: null, text: starter, changed: false, line: null }
  }
  const texts = await readDraftTexts(files.files, parts.config.secrets).catch(tellUnreadable)
  const route = files.routes.find((one) => one.name === routeName)
  const chosen = name ?? basename((route ?? files.routes[0])?.position.file ?? '')
  const file = texts.find((one) => basename(one.file) === chosen) ?? (name === undefined ? texts[0] : undefined)
  if (!file) throw new ApiError(404, 'not_found', `the config in force has no file ${name}`)
  const { changed } = await readVariables()
  const line = route && basename(route.position.file) === basename(file.file) ? route.position.line : null
  return { names, name: basename(file.file), path: file.file, text: file.text, changed, line }
}

function tellUnreadable(error: unknown): never {
  if (!(error instanceof ConfigError)) throw error
  throw new ApiError(409, 'unreadable', error.message, 'the config in force stands; put its files back')
}
