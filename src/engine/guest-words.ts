import type { ActResult } from '../domain/act.js'
import { type GuestLog, SandboxError } from '../domain/errors.js'
import type { WasmVerdict } from '../domain/judge.js'
import { hideSecrets } from '../domain/secrets.js'

/** What an action says must not carry the secrets of its config into traces, errors and messages. */
export async function hideInAct(work: Promise<ActResult>, secrets: readonly string[]): Promise<ActResult> {
  const result = await work.catch((error: unknown) => throwHidden(error, secrets))
  const hide = (text: string | null): string | null => text && hideSecrets(text, secrets)
  return {
    ...result,
    title: hide(result.title),
    text: hide(result.text),
    reason: hide(result.reason),
    logs: hideInLogs(result.logs, secrets),
  }
}

/** The same for a condition. */
export async function hideInVerdict(work: Promise<WasmVerdict>, secrets: readonly string[]): Promise<WasmVerdict> {
  const verdict = await work.catch((error: unknown) => throwHidden(error, secrets))
  return { ...verdict, reason: verdict.reason && hideSecrets(verdict.reason, secrets) }
}

function throwHidden(error: unknown, secrets: readonly string[]): never {
  if (!(error instanceof SandboxError)) throw error
  throw new SandboxError(error.kind, hideSecrets(error.message, secrets), hideInLogs(error.logs, secrets))
}

function hideInLogs(logs: GuestLog[], secrets: readonly string[]): GuestLog[] {
  return logs.map((line) => ({ ...line, message: hideSecrets(line.message, secrets) }))
}
