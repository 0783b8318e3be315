import type { ResourceLimits } from 'node:worker_threads'

/** What a module may be before it runs. */
export interface ModuleLimits {
  moduleBytesMax: number
  /** Pages of 64 KB. */
  memoryPagesMax: number
  tableEntriesMax: number
}

/** What a guest may use during one call. */
export interface CallLimits {
  inputBytesMax: number
  outputBytesMax: number
  /** Blocks of host memory (Extism's `alloc`), counted over the whole call, freed or not. */
  blocksMax: number
  blockBytesMax: number
  logBytesMax: number
  logLinesMax: number
  logLineBytesMax: number
}

/** What a child process may use. */
export interface ProcessLimits {
  /**
   * What RLIMIT_DATA leaves to use, see `dataLimitBytes`. Address space (`ulimit -v`) cannot be limited: V8 reserves
   * 10 GB of it for every wasm memory.
   */
  dataBytesMax: number
  heapBytesMax: number
  /** A child is replaced after so many calls, so that nothing can pile up in it. */
  callsMax: number
  startTimeoutMs: number
  /** Reading and compiling a module, before a guest's own time begins. */
  loadTimeoutMs: number
}

export const moduleLimits: ModuleLimits = {
  moduleBytesMax: 8 * 1024 * 1024,
  memoryPagesMax: 1_024,
  tableEntriesMax: 10_000,
}

/** Jobs read more and run longer than actions. */
export const jobModuleLimits: ModuleLimits = { ...moduleLimits, memoryPagesMax: 2_048 }

export const callLimits: CallLimits = {
  inputBytesMax: 4 * 1024 * 1024,
  outputBytesMax: 1024 * 1024,
  blocksMax: 20_000,
  blockBytesMax: 32 * 1024 * 1024,
  logBytesMax: 64 * 1024,
  logLinesMax: 1_000,
  logLineBytesMax: 4 * 1024,
}

export const jobCallLimits: CallLimits = {
  ...callLimits,
  // Extism 1.0.3 keeps a block's number in 15 bits of its address: past them a guest would read nothing, unawares.
  blocksMax: 32_000,
  blockBytesMax: 64 * 1024 * 1024,
}

export const processLimits: ProcessLimits = {
  dataBytesMax: 768 * 1024 * 1024,
  heapBytesMax: 192 * 1024 * 1024,
  callsMax: 5_000,
  startTimeoutMs: 15_000,
  loadTimeoutMs: 10_000,
}

/**
 * For every thread that a child has beside its first. V8 reserves room for machine code, 512 MB a thread unless told
 * otherwise, and from Node 24 on the kernel counts that as data: beside two such threads there is none left for a guest.
 */
export const threadLimits: ResourceLimits = { codeRangeSizeMb: 32 }

/** RLIMIT_DATA for a child, in bytes: what it may use, and what V8 reserves for its first thread, which has no setting. */
export function dataLimitBytes(limits: ProcessLimits, nodeVersion: string): number {
  const countsReservation = Number(nodeVersion.split('.')[0]) >= 24
  return limits.dataBytesMax + (countsReservation ? 512 * 1024 * 1024 : 0)
}
