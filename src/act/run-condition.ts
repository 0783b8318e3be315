import type { ActionCallSettings } from '../domain/config.js'
import { SandboxError } from '../domain/errors.js'
import { matchOutputSchema } from '../domain/guest-abi.js'
import type { WasmVerdict } from '../domain/judge.js'
import type { Mail } from '../domain/mail.js'
import type { WasmHost, WasmModule } from '../domain/wasm.js'
import { buildActionInput } from './action-input.js'

export interface ConditionCall {
  action: ActionCallSettings
  /** A module that exports `match`. */
  module: WasmModule
  mail: Mail
}

/**
 * Asks a module whether a mail matches. It sees what an action would see before the first step: the envelope's
 * recipients, no variables, and the mail's own attachments. Throws `SandboxError` only; kind `output` when the answer
 * breaks the ABI.
 */
export async function runCondition(
  parts: { host: WasmHost },
  { action, module, mail }: ConditionCall,
  signal: AbortSignal,
): Promise<WasmVerdict> {
  const { attachments, envelope } = mail
  const input = buildActionInput({ action, mail, recipients: envelope.to, variables: {}, attachments })
  const { config, timeoutMs, allowHosts } = action
  const result = await parts.host.call({ module, export: 'match', input, config, timeoutMs, allowHosts }, signal)
  const output = matchOutputSchema.safeParse(result.output)
  if (!output.success) {
    const issue = output.error.issues[0]
    const place = ['output', ...(issue?.path ?? [])].join('.')
    const words = `the condition's ${place} is wrong: ${issue?.message ?? 'unreadable'}`
    throw new SandboxError('output', words, result.logs)
  }
  return { match: output.data.match, reason: output.data.reason ?? null, sha256: module.sha256 }
}
