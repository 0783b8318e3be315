import type { GuestLog } from '../domain/errors.js'

/** The guest called `exit`. */
export class GuestExitError extends Error {
  override readonly name = 'GuestExitError'
  constructor(code: number) {
    super(`the guest called exit(${code})`)
  }
}

export type WasiFunctions = Record<string, (context: unknown, ...args: number[]) => number>

const success = 0
const badDescriptor = 8
const notSupported = 52
const vectorsMax = 1_024
const randomChunkBytes = 65_536
const textBytesMax = 16_384

/** Every call about files, folders and sockets: there are none, so every descriptor is a bad one. */
const descriptorCalls = [
  'fd_advise',
  'fd_allocate',
  'fd_close',
  'fd_datasync',
  'fd_fdstat_set_flags',
  'fd_fdstat_set_rights',
  'fd_filestat_get',
  'fd_filestat_set_size',
  'fd_filestat_set_times',
  'fd_pread',
  'fd_prestat_dir_name',
  'fd_prestat_get',
  'fd_pwrite',
  'fd_readdir',
  'fd_renumber',
  'fd_seek',
  'fd_sync',
  'fd_tell',
  'path_create_directory',
  'path_filestat_get',
  'path_filestat_set_times',
  'path_link',
  'path_open',
  'path_readlink',
  'path_remove_directory',
  'path_rename',
  'path_symlink',
  'path_unlink_file',
  'sock_accept',
  'sock_recv',
  'sock_send',
  'sock_shutdown',
]
const unsupportedCalls = ['poll_oneoff', 'proc_raise']
const answeredCalls = [
  'args_get',
  'args_sizes_get',
  'clock_res_get',
  'clock_time_get',
  'environ_get',
  'environ_sizes_get',
  'fd_fdstat_get',
  'fd_read',
  'fd_write',
  'proc_exit',
  'random_get',
  'sched_yield',
] as const

/** The names a module may import from WASI. */
export const wasiFunctionNames: ReadonlySet<string> = new Set([
  ...answeredCalls,
  ...descriptorCalls,
  ...unsupportedCalls,
])

/**
 * WASI preview 1 that denies: no files, no sockets, no environment, no arguments, no sleeping. What C and Rust
 * runtimes need to start is answered: clocks, random bytes, and stdout and stderr, which become log lines.
 * Node's own WASI is not used, because its documentation says that it is no security boundary.
 *
 * `memory` is asked at each call, because the instance exists only after the imports do. Offsets that lie outside the
 * memory throw a RangeError, which ends the call like any trap.
 * Source of names and numbers: WASI snapshot preview 1 (witx).
 */
export function createWasiShim(
  memory: () => WebAssembly.Memory | null,
  log: (level: GuestLog['level'], message: string) => void,
): WasiFunctions {
  const answer =
    (call: (view: DataView, ...args: number[]) => number) =>
    (_context: unknown, ...args: number[]): number => {
      const current = memory()
      return current ? call(new DataView(current.buffer), ...args) : notSupported
    }
  const noneAt = answer((view, countAt: number, sizeAt: number) => {
    view.setUint32(countAt, 0, true)
    view.setUint32(sizeAt, 0, true)
    return success
  })

  const answered: Record<(typeof answeredCalls)[number], WasiFunctions[string]> = {
    args_sizes_get: noneAt,
    environ_sizes_get: noneAt,
    args_get: () => success,
    environ_get: () => success,
    sched_yield: () => success,
    clock_res_get: answer((view, _clock: number, at: number) => {
      view.setBigUint64(at, 1_000_000n, true)
      return success
    }),
    clock_time_get: answer((view, clock: number, _precision, at: number) => {
      const nanoseconds = clock === 0 ? BigInt(Date.now()) * 1_000_000n : BigInt(Math.round(performance.now() * 1e6))
      view.setBigUint64(at, nanoseconds, true)
      return success
    }),
    random_get: answer((view, at: number, length: number) => {
      const bytes = new Uint8Array(view.buffer, at >>> 0, length >>> 0)
      for (let offset = 0; offset < bytes.length; offset += randomChunkBytes) {
        crypto.getRandomValues(bytes.subarray(offset, offset + randomChunkBytes))
      }
      return success
    }),
    fd_write: answer((view, descriptor: number, vectorsAt: number, vectors: number, writtenAt: number) => {
      if (descriptor !== 1 && descriptor !== 2) return badDescriptor
      const { text, sizeBytes } = readVectors(view, vectorsAt >>> 0, vectors >>> 0)
      const line = text.replace(/\n+$/, '')
      if (line !== '') log(descriptor === 2 ? 'warn' : 'info', line)
      view.setUint32(writtenAt, sizeBytes >>> 0, true)
      return success
    }),
    fd_read: answer((view, descriptor: number, _vectorsAt: number, _vectors: number, readAt: number) => {
      if (descriptor !== 0) return badDescriptor
      view.setUint32(readAt, 0, true)
      return success
    }),
    fd_fdstat_get: answer((view, descriptor: number, at: number) => {
      if (descriptor > 2) return badDescriptor
      new Uint8Array(view.buffer, at >>> 0, 24).fill(0)
      const characterDevice = 2
      view.setUint8(at, characterDevice)
      return success
    }),
    proc_exit: (_context: unknown, code: number) => {
      throw new GuestExitError(code)
    },
  }
  const shim: WasiFunctions = { ...answered }
  for (const name of descriptorCalls) shim[name] = () => badDescriptor
  for (const name of unsupportedCalls) shim[name] = () => notSupported
  return shim
}

function readVectors(view: DataView, at: number, vectors: number): { text: string; sizeBytes: number } {
  const decoder = new TextDecoder()
  let text = ''
  let sizeBytes = 0
  for (let index = 0; index < Math.min(vectors, vectorsMax); index++) {
    const start = view.getUint32(at + 8 * index, true)
    const length = view.getUint32(at + 8 * index + 4, true)
    // Only the start of a line is kept, and 1,024 vectors may all point at the whole memory.
    const shown = Math.min(length, Math.max(0, textBytesMax - sizeBytes))
    text += decoder.decode(new Uint8Array(view.buffer, start, length).subarray(0, shown), { stream: true })
    sizeBytes += length
  }
  return { text, sizeBytes }
}
