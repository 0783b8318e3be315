import { createHash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
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
  let lastHash: string | null = null
  let timer: NodeJS.Timeout | null = null
  let isLooking = false

  function schedule(waitMs: number): void {
    if (signal.aborted) return
    if (timer) clearTimeout(timer)
    timer = setTimeout(() => void look(), waitMs)
    timer.unref()
  }

  async function look(): Promise<void> {
    if (isLooking) {
      schedule(debounceMs)
      return
    }
    isLooking = true
    // Armed before the look itself, so that a change during it is not lost but looked at next.
    schedule(rescanMs)
    const { folders, hash } = await inspect(files())
    isLooking = false
    if (signal.aborted) return
    watchFolders(folders)
    const isChanged = lastHash !== null && hash !== lastHash
    lastHash = hash
    if (isChanged) onChange()
  }

  function watchFolders(folders: Set<string>): void {
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
      // What changed before the watcher was there is seen by one more look.
      schedule(debounceMs)
    }
  }

  signal.addEventListener('abort', () => {
    if (timer) clearTimeout(timer)
    for (const watcher of watchers.values()) watcher.close()
    watchers.clear()
  })
  void look()
}

/** The folders to watch and a hash over what the files hold. What is absent or unreadable counts as such. */
async function inspect(paths: string[]): Promise<{ folders: Set<string>; hash: string }> {
  const folders = new Set<string>()
  const hash = createHash('sha256')
  for (const path of paths) {
    const isFolder = await isFolderThere(path)
    const names = isFolder ? (await listNames(path)).filter(isConfigName).sort() : null
    const folder = isFolder ? path : dirname(path)
    if (isFolder || (await isFolderThere(folder))) folders.add(folder)
    for (const file of names?.map((name) => join(path, name)) ?? [path]) {
      hash.update(`${file}\0`).update(await readContents(file))
    }
  }
  return { folders, hash: hash.digest('hex') }
}

async function isFolderThere(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
}

async function listNames(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

async function readContents(file: string): Promise<Uint8Array | string> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => `unreadable: ${error.code}`)
}
