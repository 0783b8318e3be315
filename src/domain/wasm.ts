import type { GuestLog } from './errors.js'

/** A module that passed the checks and may run: identified by what was given, run as what hardening made of it. */
export interface WasmModule {
  /** SHA-256 of the module as given (of the built .wasm for sources), hex. */
  sha256: string
  /** Absolute path of the hardened module. */
  path: string
  sizeBytes: number
  /** What the exports say it is. */
  kinds: ('action' | 'condition' | 'job')[]
}

export interface GuestCall {
  module: WasmModule
  export: 'handle' | 'match' | 'run'
  /** Becomes UTF-8 JSON. At most 4 MB. */
  input: unknown
  config: Record<string, unknown>
  timeoutMs: number
  /** Hosts its `http` calls may reach; none when it is left out. */
  allowHosts?: string[]
}

export interface GuestResult {
  /** The parsed JSON the guest gave. */
  output: unknown
  logs: GuestLog[]
  durationMs: number
  /** The guest's own memory when it ended; memory never shrinks, so it is also the most it had. Null when it has none. */
  memoryBytes: number | null
}

/** The wasm host as the rest of the program sees it. Rejects with `SandboxError` only. */
export interface WasmHost {
  /**
   * Reads, builds (.ts, .js), checks and hardens a module; cached by content. Throws `SandboxError('rejected')`.
   * `alone`: a source that came from elsewhere may not import files, which would be files of this machine.
   */
  load: (path: string, options?: { alone?: boolean }) => Promise<WasmModule>
  call: (call: GuestCall, signal: AbortSignal) => Promise<GuestResult>
  status: () => { children: number; busy: number; queued: number; killed: number; crashed: number }
  stop: () => Promise<void>
}
