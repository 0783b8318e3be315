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

/** The guest used more of the host than a call may. */
export class BudgetError extends Error {
  override readonly name = 'BudgetError'
}

/** What the host answers to the calls of the `mailtrigger` namespace, synchronously; thrown errors go to the guest. */
export type MailtriggerAnswers = Partial<Record<MailtriggerCall, (...parameters: unknown[]) => unknown>>

export interface GuestHost {
  functions: NonNullable<ExtismPluginOptions['functions']>
  attachMemory: (memory: WebAssembly.Memory | null) => void
  /** What `error_set` last said, at most 8 KB of it. */
  error: () => string | null
  output: () => string | null
}

const errorBytesMax = 8 * 1024
/** An Extism address is a block's number above this many bits of offset. */
const offsetBits = 48
/** Extism's level 2 is "info" in the kernel's numbering of get_log_level. */
const logLevel = 2
const decoder = new TextDecoder()

/**
 * Everything one call can see of the host. Memory the guest takes from the host is counted over the whole call, freed
 * or not: each block costs us a JavaScript object, and an endless loop of one-byte blocks would otherwise end in a
 * heap abort of the process.
 */
export function createGuestHost(parts: {
  limits: CallLimits
  config: Record<string, string>
  answers: MailtriggerAnswers
  log: WriteLog
}): GuestHost {
  const { limits, config, answers } = parts
  const log = boundLog(parts.log, limits)
  let memory: WebAssembly.Memory | null = null
  let error: string | null = null
  let output: { context: CallContext; address: bigint; length: number } | null = null
  let blocks = 0
  let blockBytes = 0

  const count = (sizeBytes: number) => {
    blocks++
    blockBytes += sizeBytes
    if (blocks > limits.blocksMax || blockBytes > limits.blockBytesMax) {
      throw new BudgetError(
        `the guest took more than ${limits.blocksMax} blocks or ${limits.blockBytesMax} bytes of host memory`,
      )
    }
  }
  /** Never hands a Buffer to Extism: its whole pool would be visible to the guest. */
  const store = (context: CallContext, text: string): bigint => {
    const bytes = new TextEncoder().encode(text)
    count(bytes.length)
    const address = context.alloc(bytes.length)
    context.read(address)?.bytes().set(bytes)
    return address
  }
  const call = (name: MailtriggerCall) => (context: CallContext, address: bigint) => {
    try {
      const answer = answers[name]
      if (!answer) throw new Error(`${name} is not available to actions`)
      const parameters: unknown = JSON.parse(readText(context, address, limits.blockBytesMax) ?? '[]')
      if (!Array.isArray(parameters)) throw new Error(`${name} wants a JSON array of arguments`)
      return store(context, JSON.stringify({ ok: answer(...parameters) ?? null }))
    } catch (failure) {
      if (failure instanceof BudgetError) throw failure
      return store(context, JSON.stringify({ error: failure instanceof Error ? failure.message : String(failure) }))
    }
  }
  const writeLog = (level: GuestLog['level']) => (context: CallContext, address: bigint) => {
    const text = readText(context, address, limits.logLineBytesMax)
    if (text !== null) log(level, text)
  }

  const extism = {
    alloc: (context: CallContext, length: bigint) => {
      const sizeBytes = Number(BigInt.asUintN(64, length))
      count(sizeBytes)
      return context.alloc(sizeBytes)
    },
    error_set: (context: CallContext, address: bigint) => {
      error = readText(context, address, errorBytesMax) ?? ''
    },
    output_set: (context: CallContext, address: bigint, length: bigint) => {
      const sizeBytes = Number(BigInt.asUintN(64, length))
      if (sizeBytes > limits.outputBytesMax) {
        throw new SandboxError(
          'output',
          `the guest's output has ${sizeBytes} bytes, at most ${limits.outputBytesMax} are allowed`,
        )
      }
      output = { context, address, length: sizeBytes }
    },
    config_get: (context: CallContext, address: bigint) => {
      const key = readText(context, address, limits.logLineBytesMax)
      const value = key === null || !Object.hasOwn(config, key) ? undefined : config[key]
      return value === undefined ? 0n : store(context, value)
    },
    get_log_level: () => logLevel,
    log_trace: writeLog('trace'),
    log_debug: writeLog('debug'),
    log_info: writeLog('info'),
    log_warn: writeLog('warn'),
    log_error: writeLog('error'),
    http_request: () => {
      throw new BudgetError('the guest called http_request; guests have no network')
    },
    http_status_code: () => 0,
    http_headers: () => 0n,
  }
  const mailtrigger = {
    now_ms: () => BigInt(Date.now()),
    random: () => crypto.getRandomValues(new BigInt64Array(1))[0] ?? 0n,
    ...Object.fromEntries(mailtriggerCalls.map((name) => [name, call(name)])),
  }
  return {
    functions: {
      [extismNamespace]: extism,
      [mailtriggerNamespace]: mailtrigger,
      [wasiShimNamespace]: createWasiShim(() => memory, log),
    },
    attachMemory: (attached) => {
      memory = attached
    },
    error: () => error,
    output: () => (output === null ? null : readText(output.context, output.address, output.length)),
  }
}

/** At most `sizeBytesMax` bytes from an address to the end of its block; null when there is no such block. */
function readText(context: CallContext, address: bigint, sizeBytesMax: number): string | null {
  const unsigned = BigInt.asUintN(64, address)
  const bytes = context.read(unsigned)?.bytes()
  if (!bytes) return null
  const offset = Math.min(Number(BigInt.asUintN(offsetBits, unsigned)), bytes.length)
  return decoder.decode(bytes.subarray(offset, Math.min(offset + sizeBytesMax, bytes.length)))
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
