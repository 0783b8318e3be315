import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import type { NetworkPolicy } from '../domain/config.js'
import { SandboxError } from '../domain/errors.js'
import type { GuestCall, GuestResult, WasmHost, WasmModule } from '../domain/wasm.js'
import { ChildPool } from './child-pool.js'
import {
  type CallLimits,
  callLimits,
  type ModuleLimits,
  moduleLimits,
  type ProcessLimits,
  processLimits,
} from './limits.js'
import { type GuestRequest, type Prepared, type PrepareRequest, preparedSchema } from './messages.js'
import { parseGuestJson } from './parse-guest-json.js'
import { spawnChild } from './spawn-child.js'

export interface WasmHostOptions {
  /** Where hardened modules are kept; made when it is needed. */
  cacheFolder: string
  /** Guests that run at a time. Default 2. */
  children?: number
  /** Calls that may wait for a child. Default 500. */
  queueMax?: number
  /** How long one may wait. Default 30,000. */
  queueWaitMsMax?: number
  /** Building and checking one module. Default 30,000. */
  prepareTimeoutMs?: number
  moduleLimits?: Partial<ModuleLimits>
  callLimits?: Partial<CallLimits>
  processLimits?: Partial<ProcessLimits>
  /** The network for guests that may use it: the entry of processes that offer `http`, and by which rules. */
  http?: { entry: URL; network: () => NetworkPolicy }
}

interface Loaded {
  module: WasmModule
  /** What the files looked like when the module was made of them. */
  stamps: Map<string, string>
}

const prepareIdleMs = 5_000
const prepareQueueMax = 200
const prepareCallsMax = 50
const loadedMax = 500

/**
 * The one place where foreign code runs: guests in child processes that are killed when they are late, never in this
 * process. Children start with the first call. Works in worker threads as well.
 */
export function createWasmHost(options: WasmHostOptions): WasmHost {
  const limits = {
    module: { ...moduleLimits, ...options.moduleLimits },
    call: { ...callLimits, ...options.callLimits },
    process: { ...processLimits, ...options.processLimits },
  }
  const children = options.children ?? 2
  const guests = new ChildPool({
    spawn: () => spawnChild(options.http?.entry ?? new URL('./child.js', import.meta.url), limits.process),
    children,
    spares: 1,
    queueMax: options.queueMax ?? 500,
    queueWaitMsMax: options.queueWaitMsMax ?? 30_000,
    startTimeoutMs: limits.process.startTimeoutMs,
    loadTimeoutMs: limits.process.loadTimeoutMs,
    callsMax: limits.process.callsMax,
    idleMsMax: null,
    logLinesMax: limits.call.logLinesMax,
    punishesOwners: true,
  })
  const preparers = new ChildPool({
    spawn: () => spawnChild(new URL('./prepare-child.js', import.meta.url), limits.process),
    children: Math.min(children, availableParallelism()),
    spares: 0,
    queueMax: prepareQueueMax,
    queueWaitMsMax: 4 * (options.prepareTimeoutMs ?? 30_000),
    startTimeoutMs: limits.process.startTimeoutMs,
    loadTimeoutMs: limits.process.loadTimeoutMs,
    callsMax: prepareCallsMax,
    idleMsMax: prepareIdleMs,
    logLinesMax: 0,
  })
  const prepare = createPreparer(preparers, {
    cacheFolder: resolve(options.cacheFolder),
    limits: limits.module,
    timeoutMs: options.prepareTimeoutMs ?? 30_000,
  })

  return {
    load: createLoader(prepare),
    call: (call, signal) => {
      const { allowHosts = [] } = call
      const http = allowHosts.length > 0 && options.http ? { allowHosts, network: options.http.network() } : null
      return callGuest(guests, limits.call, call, http, signal)
    },
    status: () => guests.status(),
    stop: async () => {
      await Promise.all([guests.stop(), preparers.stop()])
    },
  }
}

type Prepare = (path: string, alone: boolean) => Promise<Prepared>

/** Remembers what was loaded, and makes it again when a file it came from changed or the hardened module is gone. */
function createLoader(prepare: Prepare): WasmHost['load'] {
  const loaded = new Map<string, Loaded>()
  const loading = new Map<string, Promise<WasmModule>>()

  async function loadAnew(path: string, alone: boolean): Promise<WasmModule> {
    // Stamped before as well as after: a file that changes while it is read must count as changed at the next load.
    const before = await stampFile(path)
    if (before === null) throw new SandboxError('rejected', `cannot read the module ${path}`)
    const { inputs, ...module } = await prepare(path, alone)
    const stamps = new Map([[path, before]])
    for (const input of [...inputs, module.path]) {
      if (!stamps.has(input)) stamps.set(input, (await stampFile(input)) ?? '')
    }
    const oldest = loaded.keys().next()
    if (loaded.size >= loadedMax && !oldest.done) loaded.delete(oldest.value)
    loaded.set(path, { module, stamps })
    return module
  }

  async function loadOnce(path: string, alone: boolean): Promise<WasmModule> {
    const known = loaded.get(path)
    if (known && (await isUnchanged(known))) return known.module
    return loadAnew(path, alone)
  }

  return (givenPath, { alone = false } = {}) => {
    const path = resolve(givenPath)
    const running = loading.get(path)
    if (running) return running
    const started = loadOnce(path, alone).finally(() => loading.delete(path))
    loading.set(path, started)
    return started
  }
}

async function isUnchanged(known: Loaded): Promise<boolean> {
  for (const [path, stamp] of known.stamps) {
    if ((await stampFile(path)) !== stamp) return false
  }
  return true
}

/** Changes whenever the file is written or replaced; null when there is none. */
async function stampFile(path: string): Promise<string | null> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path)
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return null
    throw error
  }
}

function createPreparer(
  pool: ChildPool,
  settings: { cacheFolder: string; limits: ModuleLimits; timeoutMs: number },
): Prepare {
  return async (path, alone) => {
    const payload: PrepareRequest = { path, alone, cacheFolder: settings.cacheFolder, limits: settings.limits }
    try {
      const result = await pool.run(
        { owner: path, payload, timeoutMs: settings.timeoutMs },
        new AbortController().signal,
      )
      return preparedSchema.parse(JSON.parse(result.output))
    } catch (error) {
      throw error instanceof SandboxError ? refuseModule(error, path, settings.timeoutMs) : error
    }
  }
}

/** Whatever goes wrong in preparing a module is the module's fault, unless this program is shutting down or too busy. */
function refuseModule(error: SandboxError, path: string, timeoutMs: number): SandboxError {
  if (error.kind === 'rejected' || error.kind === 'closed' || error.kind === 'busy') return error
  const words = error.kind === 'timeout' ? `took longer than ${timeoutMs} ms` : error.message
  return new SandboxError('rejected', `cannot prepare ${path}: ${words}`)
}

async function callGuest(
  pool: ChildPool,
  limits: CallLimits,
  call: GuestCall,
  http: GuestRequest['http'],
  signal: AbortSignal,
): Promise<GuestResult> {
  const input = JSON.stringify(call.input)
  const inputBytes = Buffer.byteLength(input)
  if (inputBytes > limits.inputBytesMax) {
    throw new SandboxError('rejected', `the input has ${inputBytes} bytes, at most ${limits.inputBytesMax} are allowed`)
  }
  const payload: GuestRequest = {
    sha256: call.module.sha256,
    path: call.module.path,
    export: call.export,
    input,
    config: textConfig(call.config),
    limits,
    http,
  }
  const result = await pool.run({ owner: call.module.sha256, payload, timeoutMs: call.timeoutMs }, signal)
  const { logs, durationMs, memoryBytes } = result
  return { output: parseGuestJson(result.output, logs), logs, durationMs, memoryBytes }
}

/** Extism's config holds texts; what is none goes as JSON. */
function textConfig(config: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}
