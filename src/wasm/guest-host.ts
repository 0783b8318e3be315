import type { CallContext, ExtismPluginOptions } from '@extism/extism'
import { type GuestLog, SandboxError } from '../domain/errors.js'
import {
  extismNamespace,
  type MailtriggerCall,
  mailtriggerCalls,
  mailtriggerNamespace,
  wasiShimNamespace,
} from './host-interface.js'
import type { CallLimits } from './limits.js'
import type { WriteLog } from './serve-calls.js'
import { createWasiShim } from './wasi.js'

/** What the host answers to the calls of the `mailtrigger` namespace, synchronously; thrown errors go to the guest. */
export type MailtriggerAnswers = Partial<Record<MailtriggerCall, (...parameters: unknown[]) => unknown>>

export interface GuestHostParts {
  limits: CallLimits
  config: Record<string, string>
  answers: MailtriggerAnswers
  log: WriteLog
}

export interface GuestHost {
  functions: NonNullable<ExtismPluginOptions['functions']>
  attachMemory: (memory: WebAssembly.Memory | null) => void
  /** What `error_set` last said, at most 8 KB of it. */
  error: () => string | null
  output: () => string | null
}

/** What the guest said its result is. */
interface Said {
  error: string | null
  output: { context: CallContext; address: bigint; sizeBytes: number } | null
}

const errorBytesMax = 8 * 1024
const configKeyBytesMax = 4 * 1024
/** An Extism address is a block's number above this many bits of offset. */
const offsetBits = 48
/** Extism's number for "info". */
const infoLevel = 2
const decoder = new TextDecoder()

/** Everything one call can see of the host. A `SandboxError` thrown in here ends the call. */
export function createGuestHost(parts: GuestHostParts): GuestHost {
  const { limits } = parts
  const log = boundLog(parts.log, limits)
  const budget = createBudget(limits)
  const said: Said = { error: null, output: null }
  let memory: WebAssembly.Memory | null = null
  return {
    functions: {
      [extismNamespace]: { ...extismKernel(parts, budget, said), ...logFunctions(log, limits) },
      [mailtriggerNamespace]: mailtriggerFunctions(parts, budget),
      [wasiShimNamespace]: createWasiShim(() => memory, log),
    },
    attachMemory: (attached) => {
      memory = attached
    },
    error: () => said.error,
    output: () => said.output && readOutput(said.output),
  }
}

interface Budget {
  count: (sizeBytes: number) => void
  /** Puts a text into a new block and gives its address. */
  store: (context: CallContext, text: string) => bigint
}

/**
 * Counts the memory a guest takes from the host over the whole call, freed or not: each block costs us a JavaScript
 * object, and an endless loop of one-byte blocks would otherwise end in a heap abort of the process.
 */
function createBudget({ blocksMax, blockBytesMax }: CallLimits): Budget {
  let blocks = 0
  let blockBytes = 0
  const count = (sizeBytes: number) => {
    blocks++
    blockBytes += sizeBytes
    if (blocks > blocksMax || blockBytes > blockBytesMax) {
      const words = `the guest took more than ${blocksMax} blocks or ${blockBytesMax} bytes of host memory`
      throw new SandboxError('trap', words)
    }
  }
  return {
    count,
    store: (context, text) => {
      // Never a Buffer: Extism 1.0.3 would show the guest the whole pool the Buffer is cut from.
      const bytes = new TextEncoder().encode(text)
      count(bytes.length)
      const address = context.alloc(bytes.length)
      context.read(address)?.bytes().set(bytes)
      return address
    },
  }
}

/** Extism's own functions where its kernel counts nothing, limits nothing, or lacks them in version 1.0.3. */
function extismKernel({ limits, config }: GuestHostParts, budget: Budget, said: Said) {
  return {
    alloc: (context: CallContext, length: bigint) => {
      const sizeBytes = Number(BigInt.asUintN(64, length))
      budget.count(sizeBytes)
      return context.alloc(sizeBytes)
    },
    error_set: (context: CallContext, address: bigint) => {
      said.error = readText(context, address, errorBytesMax) ?? ''
    },
    output_set: (context: CallContext, address: bigint, length: bigint) => {
      const sizeBytes = Number(BigInt.asUintN(64, length))
      if (sizeBytes > limits.outputBytesMax) {
        const words = `the guest's output has ${sizeBytes} bytes, at most ${limits.outputBytesMax} are allowed`
        throw new SandboxError('output', words)
      }
      said.output = { context, address, sizeBytes }
    },
    config_get: (context: CallContext, address: bigint) => {
      const key = readText(context, address, configKeyBytesMax)
      const value = key !== null && Object.hasOwn(config, key) ? config[key] : undefined
      return value === undefined ? 0n : budget.store(context, value)
    },
    ...variableFunctions(budget),
    http_request: () => {
      throw new SandboxError('trap', 'the guest called http_request; guests have no network')
    },
    http_status_code: () => 0,
    http_headers: () => 0n,
    get_log_level: () => infoLevel,
  }
}

/** A guest's variables, which live as long as its call. Values stay in their blocks; what is stored here is counted. */
function variableFunctions(budget: Budget) {
  const variables = new Map<string, bigint>()
  return {
    var_get: (context: CallContext, key: bigint) =>
      variables.get(readText(context, key, configKeyBytesMax) ?? '') ?? 0n,
    var_set: (context: CallContext, key: bigint, value: bigint) => {
      const name = readText(context, key, configKeyBytesMax)
      if (name === null) return
      budget.count(name.length)
      if (value === 0n) variables.delete(name)
      else variables.set(name, value)
    },
  }
}

function logFunctions(log: WriteLog, limits: CallLimits) {
  const write = (level: GuestLog['level']) => (context: CallContext, address: bigint) => {
    const text = readText(context, address, limits.logLineBytesMax)
    if (text !== null) log(level, text)
  }
  return {
    log_trace: write('trace'),
    log_debug: write('debug'),
    log_info: write('info'),
    log_warn: write('warn'),
    log_error: write('error'),
  }
}

function mailtriggerFunctions({ limits, answers }: GuestHostParts, budget: Budget) {
  const call = (name: MailtriggerCall) => (context: CallContext, address: bigint) => {
    try {
      const answer = answers[name]
      if (!answer) throw new Error(`${name} is not available to actions`)
      const parameters: unknown = JSON.parse(readText(context, address, limits.blockBytesMax) ?? '[]')
      if (!Array.isArray(parameters)) throw new Error(`${name} wants a JSON array of arguments`)
      return budget.store(context, JSON.stringify({ ok: answer(...parameters) ?? null }))
    } catch (failure) {
      if (failure instanceof SandboxError) throw failure
      const words = failure instanceof Error ? failure.message : String(failure)
      return budget.store(context, JSON.stringify({ error: words }))
    }
  }
  return {
    now_ms: () => BigInt(Date.now()),
    random: () => crypto.getRandomValues(new BigInt64Array(1))[0] ?? 0n,
    ...Object.fromEntries(mailtriggerCalls.map((name) => [name, call(name)])),
  }
}

/** Null when it is in no block. Half-read characters must not end in somebody's address, so other bytes are refused. */
function readOutput({ context, address, sizeBytes }: NonNullable<Said['output']>): string | null {
  const bytes = readBytes(context, address, sizeBytes)
  try {
    return bytes && new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SandboxError('output', "the guest's output is not UTF-8")
  }
}

/** For errors, logs and keys: what is not UTF-8 is replaced. */
function readText(context: CallContext, address: bigint, sizeBytesMax: number): string | null {
  const bytes = readBytes(context, address, sizeBytesMax)
  return bytes && decoder.decode(bytes)
}

/** At most `sizeBytesMax` bytes from an address to the end of its block; null when there is no such block. */
function readBytes(context: CallContext, address: bigint, sizeBytesMax: number): Uint8Array | null {
  const unsigned = BigInt.asUintN(64, address)
  const bytes = context.read(unsigned)?.bytes()
  if (!bytes) return null
  const offset = Math.min(Number(BigInt.asUintN(offsetBits, unsigned)), bytes.length)
  return bytes.subarray(offset, Math.min(offset + sizeBytesMax, bytes.length))
}

/** Cuts lines, then drops them, and says once that it did. */
function boundLog(log: WriteLog, limits: CallLimits): WriteLog {
  let lines = 0
  let sizeBytes = 0
  let full = false
  return (level, message) => {
    if (full) return
    const line = message.slice(0, limits.logLineBytesMax)
    lines++
    sizeBytes += Buffer.byteLength(line)
    full = lines >= limits.logLinesMax || sizeBytes > limits.logBytesMax
    if (full) log('warn', 'the guest logged too much; what follows was dropped')
    else log(level, line)
  }
}
