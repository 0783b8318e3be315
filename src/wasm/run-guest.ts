import { createPlugin } from '@extism/extism'
import { SandboxError } from '../domain/errors.js'
import { readGuestError } from './guest-error.js'
import { createGuestHost, type GuestHost, type MailtriggerAnswers } from './guest-host.js'
import { sourceMapSection } from './host-interface.js'
import type { GuestRequest } from './messages.js'
import type { CallReporter, WriteLog } from './serve-calls.js'
import type { SourceMap } from './source-map.js'
import { GuestExitError } from './wasi.js'

/**
 * One call of one guest, in a fresh instance, so that nothing of one mail is left for the next. Gives the guest's output
 * (UTF-8 JSON, unchecked). Throws `SandboxError` of kind trap, output or rejected. Never ends when the guest loops: the
 * parent process watches the clock.
 *
 * `answers` are the functions of the `mailtrigger` namespace this guest may call: a job all of them, an action `http` at
 * most.
 */
export async function runGuest(
  module: WebAssembly.Module,
  request: GuestRequest,
  { log, reportMemory }: Pick<CallReporter, 'log' | 'reportMemory'>,
  answers: MailtriggerAnswers = {},
): Promise<string> {
  const host = createGuestHost({ limits: request.limits, config: request.config, answers, log })
  try {
    const code = await callExport(module, request, host, reportMemory)
    if (host.error() !== null || code !== 0) throw describeFailure(host.error() ?? '', code, module, log)
    return readOutput(host, request.export)
  } catch (error) {
    if (error instanceof SandboxError) throw error
    // Runtimes say why before they trap: AssemblyScript's `abort` and Rust's panic hook.
    const lastWords = error instanceof WebAssembly.RuntimeError ? host.error() : null
    throw lastWords ? describeFailure(lastWords, 1, module, log) : describeTrap(error)
  }
}

async function callExport(
  module: WebAssembly.Module,
  request: GuestRequest,
  host: GuestHost,
  reportMemory: CallReporter['reportMemory'],
): Promise<number> {
  // Never `runInWorker`: there a missing import ends the whole process. Never WASI of Node.js: see `wasi.ts`.
  const plugin = await createPlugin(
    { wasm: [{ module, name: 'main' }] },
    { useWasi: false, runInWorker: false, functions: host.functions },
  )
  const instance: WebAssembly.Instance = await plugin.getInstance('main')
  const exports = instance.exports
  const memory = exports.memory instanceof WebAssembly.Memory ? exports.memory : null
  host.attachMemory(memory)
  // Extism 1.0.3 calls `_initialize` only together with its own WASI.
  if (typeof exports._initialize === 'function') exports._initialize()
  const guestFunction = exports[request.export]
  if (typeof guestFunction !== 'function') {
    throw new SandboxError('rejected', `the module does not export ${request.export}`)
  }
  // Extism drops what the function returns, and in this ABI it says whether the call failed.
  let code = 0
  const watched = () => {
    code = Number(guestFunction() ?? 0)
  }
  Object.defineProperty(instance, 'exports', { value: { ...exports, [request.export]: watched } })
  // The input must be a string: given a Buffer, Extism 1.0.3 shows the guest the whole pool the Buffer is cut from.
  await plugin.call(request.export, request.input)
  if (memory) reportMemory(memory.buffer.byteLength)
  return code
}

function readOutput(host: GuestHost, name: GuestRequest['export']): string {
  const output = host.output()
  // What a job has to say it says by its calls.
  if (output === null && name === 'run') return '{}'
  if (output === null) throw new SandboxError('output', 'the guest gave no output')
  return output
}

function describeFailure(text: string, code: number, module: WebAssembly.Module, log: WriteLog): SandboxError {
  if (text === '') return new SandboxError('trap', `the guest returned ${code} without an error message`)
  const { message, stack } = readGuestError(text, readSourceMap(module))
  if (stack.length > 1) log('error', stack.join('\n'))
  return new SandboxError('trap', message)
}

function describeTrap(error: unknown): SandboxError {
  if (error instanceof GuestExitError) return new SandboxError('trap', error.message)
  if (error instanceof WebAssembly.LinkError) return new SandboxError('rejected', error.message)
  if (error instanceof WebAssembly.RuntimeError) return new SandboxError('trap', `the guest trapped: ${error.message}`)
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new SandboxError('trap', 'the guest trapped: stack overflow')
  }
  // Guests can throw anything through the host, even symbols.
  const words = error instanceof Error ? error.message : String(error)
  return new SandboxError('trap', `the guest trapped: ${words.slice(0, 500)}`)
}

/** A module of any origin can carry a section of this name; one that is no source map explains nothing. */
function readSourceMap(module: WebAssembly.Module): SourceMap | null {
  const [section] = WebAssembly.Module.customSections(module, sourceMapSection)
  if (!section) return null
  try {
    const map: unknown = JSON.parse(new TextDecoder().decode(section))
    return isSourceMap(map) ? map : null
  } catch {
    return null
  }
}

function isSourceMap(map: unknown): map is SourceMap {
  if (typeof map !== 'object' || map === null) return false
  const { sources, mappings } = map as Partial<SourceMap>
  return typeof mappings === 'string' && Array.isArray(sources) && sources.every((name) => typeof name === 'string')
}
