import { readFile } from 'node:fs/promises'
import { SandboxError } from '../domain/errors.js'
import type { MailtriggerAnswers } from './guest-host.js'
import type { GuestRequest } from './messages.js'
import { runGuest } from './run-guest.js'
import { serveCalls } from './serve-calls.js'

const compiledMax = 64
const compiled = new Map<string, WebAssembly.Module>()

/**
 * The whole life of a process in which guests run. `answersOf` says what of the `mailtrigger` namespace a call may use,
 * beside the clock and random numbers.
 */
export function serveGuests(answersOf: (request: GuestRequest) => MailtriggerAnswers): void {
  serveCalls(async (payload, { begin, log, reportMemory }) => {
    // The parent is our own code; only what comes from the guest is doubted.
    const request = payload as GuestRequest
    const module = await compileOnce(request.sha256, request.path)
    begin()
    return runGuest(module, request, { log, reportMemory }, answersOf(request))
  })
}

async function compileOnce(sha256: string, path: string): Promise<WebAssembly.Module> {
  const known = compiled.get(sha256)
  if (known) return known
  const module = await compileModule(path)
  const oldest = compiled.keys().next()
  if (compiled.size >= compiledMax && !oldest.done) compiled.delete(oldest.value)
  compiled.set(sha256, module)
  return module
}

async function compileModule(path: string): Promise<WebAssembly.Module> {
  try {
    return new WebAssembly.Module(await readFile(path))
  } catch (error) {
    throw new SandboxError('rejected', `cannot load the module: ${error instanceof Error ? error.message : error}`)
  }
}
