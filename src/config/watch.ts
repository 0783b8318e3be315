import { createHash } from 'node:crypto'
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { isConfigName } from './files.js'

const debounceMsDefault = 200
/** File systems without events, and folders that come and go, are noticed this late at the most. */
const rescanMs = 5_000

export interface WatchOptions {
  /** Files or folders, absolute; asked anew on each look, because a reload may name others. */
  files: () => string[]
  /** Called after contents changed, never after `signal` fired. */
  onChange: () => void
  /** How long to wait for writers to finish. Default 200. */
  debounceMs?: number
  signal: AbortSignal
}

/**
 * Calls back when the contents of config files change. It watches the folders they lie in: a watcher of a file goes
 * deaf when an editor replaces the file, and Kubernetes swaps a `..data` link beside it. Events only start a look;
 * what decides is a hash over the contents.
 */
export function watchConfig({ files, onChange, debounceMs = debounceMsDefault, signal }: WatchOptions): void {
  const watchers = new Map<string, FSWatcher>()
  let seen = inspect(files())
  let hash = hashContents(seen.files)
  let timer: NodeJS.Timeout | null = null

  function schedule(waitMs: number): void {
    if (signal.aborted) return
    if (timer) clearTimeout(timer)
    timer = setTimeout(look, waitMs)
    timer.unref()
  }

  function look(): void {
    const now = inspect(files())
    const isTouched = now.signature !== seen.signature
    seen = now
    watchFolders(now.folders)
    schedule(rescanMs)
    if (!isTouched) return
    const hashNow = hashContents(now.files)
    if (hashNow === hash) return
    hash = hashNow
    onChange()
  }

  function watchFolders(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      watchers.delete(folder)
    }
    for (const folder of folders) {
      if (watchers.has(folder)) continue
      const watcher = watch(folder, { persistent: false }, () => schedule(debounceMs))
      watchers.set(folder, watcher)
      // A watcher dies with its folder; the next look makes a new one.
      watcher.on('error', () => {
        watcher.close()
        watchers.delete(folder)
      })
    }
  }

  signal.addEventListener('abort', () => {
    if (timer) clearTimeout(timer)
    for (const watcher of watchers.values()) watcher.close()
    watchers.clear()
  })
  if (signal.aborted) return
  watchFolders(seen.folders)
  // What changed while the first watchers were made.
  schedule(debounceMs)
}

interface Inspection {
  folders: Set<string>
  files: string[]
  /** Names, sizes, times and inodes: when these are the same, nothing has to be read. */
  signature: string
}

/** Synchronous, so that a change right after `watchConfig` returned is seen; it reads no contents. */
function inspect(paths: string[]): Inspection {
  const folders = new Set<string>()
  const files: string[] = []
  for (const path of paths) {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
    const folder = isFolder ? path : dirname(path)
    if (statSync(folder, { throwIfNoEntry: false })) folders.add(folder)
    const names = isFolder ? readdirSync(path).filter(isConfigName).sort() : null
    files.push(...(names?.map((name) => join(path, name)) ?? [path]))
  }
  const signature = files.map((file) => {
    const stat = statSync(file, { throwIfNoEntry: false })
    return stat ? `${file} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.ino}` : `${file} absent`
  })
  return { folders, files, signature: signature.join('\n') }
}

/** What is absent or unreadable counts as such: the reload will say why. */
function hashContents(files: string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(`${file}\0`)
    try {
      hash.update(readFileSync(file))
    } catch (error) {
      hash.update(error instanceof Error && 'code' in error ? String(error.code) : 'unreadable')
    }
  }
  return hash.digest('hex')
}
