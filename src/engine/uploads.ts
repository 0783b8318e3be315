import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WasmHost, WasmModule } from '../domain/wasm.js'
import type { ModuleStore, StoredModule } from '../store/module-store.js'
import type { UploadedModules } from './action-set.js'

export interface UploadsParts {
  store: ModuleStore
  host: Pick<WasmHost, 'load'>
  /** Where a module lies while it is built; emptied at start. */
  folder: string
  now: () => number
  /** Modules of the config, which share the host's cache with the uploaded ones. */
  declared: () => Iterable<WasmModule>
}

/** Throws to refuse a module that is fine by itself and wrong for its place. */
export type CheckModule = (module: WasmModule) => void

/**
 * The uploaded modules that run. Invariant: what is found under a name is the version the store calls active, because
 * every change goes first to the store and then here, one after the other (`inTurn`).
 */
export interface Uploads extends UploadedModules {
  names: () => string[]
  /** Its `sha256` is the one of the upload, so that a trace names the version as the list of versions does. */
  find: (name: string) => WasmModule | null
  /** Checks and keeps a new version, which then is the active one. Rejects with `SandboxError` or what `check` throws. */
  add: (name: string, file: StoredModule, check: CheckModule) => Promise<WasmModule>
  /** Makes an older version the active one; null when there is none. */
  activate: (name: string, sha256: string, check: CheckModule) => Promise<WasmModule | null>
  /** Forgets all versions of a name, unless `check` throws; how many there were. */
  remove: (name: string, check: () => void) => Promise<number>
  /** Runs work during which no version comes or goes. */
  inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>
}

/** Loads the active versions out of the store, which is the only place that counts: nothing is read from the folder. */
export async function openUploads(parts: UploadsParts): Promise<Uploads> {
  const { store } = parts
  const active = new Map<string, WasmModule>()
  const broken = new Map<string, string>()
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }

  await rm(parts.folder, { recursive: true, force: true })
  for (const version of await store.listModules()) {
    if (!version.active) continue
    const file = await store.readModule(version.name, version.sha256)
    if (!file) continue
    try {
      active.set(version.name, await loadUpload(file, parts))
    } catch (error) {
      // An upload that a newer host refuses must not keep the gateway from starting when nothing uses it.
      broken.set(version.name, error instanceof Error ? error.message : String(error))
    }
  }

  async function takeOver(name: string, module: WasmModule): Promise<void> {
    active.set(name, module)
    broken.delete(name)
    await keepInCache([...active.values(), ...parts.declared()])
  }

  return {
    names: () => [...active.keys(), ...broken.keys()],
    find: (name) => active.get(name) ?? null,
    broken,
    inTurn,
    async add(name, file, check) {
      const module = await loadUpload(file, parts)
      const { sha256, kinds } = module
      return inTurn(async () => {
        check(module)
        await store.saveModule({ name, sha256, kinds, ...file, uploadedAt: parts.now() })
        await takeOver(name, module)
        return module
      })
    },
    activate: (name, sha256, check) =>
      inTurn(async () => {
        const file = await store.readModule(name, sha256)
        if (!file) return null
        const module = await loadUpload(file, parts)
        check(module)
        if (!(await store.activateModule(name, sha256))) return null
        await takeOver(name, module)
        return module
      }),
    remove: (name, check) =>
      inTurn(async () => {
        check()
        const versions = await store.deleteModule(name)
        active.delete(name)
        broken.delete(name)
        return versions
      }),
  }
}

/** The file is only needed while the module is built and hardened, which leaves its result in the host's cache. */
async function loadUpload(file: StoredModule, { folder, host }: UploadsParts): Promise<WasmModule> {
  const own = join(folder, randomUUID())
  await mkdir(own, { recursive: true })
  try {
    const path = join(own, file.filename)
    await writeFile(path, file.bytes)
    const module = await host.load(path, { alone: true })
    return { ...module, sha256: createHash('sha256').update(file.bytes).digest('hex') }
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

/** Each upload leaves a module in the cache, which drops what is oldest; and what runs may well be the oldest. */
async function keepInCache(modules: WasmModule[]): Promise<void> {
  const now = new Date()
  for (const { path } of modules) if (existsSync(path)) await utimes(path, now, now)
}
