import type { ActResult } from '../domain/act.js'
import type { ActionCallSettings } from '../domain/config.js'
import { type GuestLog, SandboxError } from '../domain/errors.js'
import { type ActionOutput, actionOutputSchema } from '../domain/guest-abi.js'
import type { Attachment, Mail } from '../domain/mail.js'
import type { WasmHost, WasmModule } from '../domain/wasm.js'
import { buildActionInput } from './action-input.js'

export interface ActionCall {
  action: ActionCallSettings
  /** A module that exports `handle`. */
  module: WasmModule
  mail: Mail
  recipients: string[]
  variables: Record<string, string>
  /** Everything the guest may see: the mail's attachments and the attached lookups. */
  attachments: Attachment[]
}

/** RFC 5321 section 4.5.3.1: 64 for the local part, 255 for the domain, and the @. */
const addressMax = 320
/** One @ with something on both sides, and nothing a header, a log line or a list could be broken with. */
const plainAddress = /^[^\s\p{Cc}\p{Cf}@<>,;:"()[\]\\]+@[^\s\p{Cc}\p{Cf}@<>,;:"()[\]\\]+$/u

/**
 * Runs an action on a mail. What it answers is checked before anybody uses it: the guest's recipients are plain mail
 * addresses, lower case, each once. Throws `SandboxError` only; kind `output` when the answer breaks the ABI.
 */
export async function runAction(parts: { host: WasmHost }, call: ActionCall, signal: AbortSignal): Promise<ActResult> {
  const { action, module, recipients } = call
  const result = await parts.host.call(
    {
      module,
      export: 'handle',
      input: buildActionInput(call),
      config: action.config,
      timeoutMs: action.timeoutMs,
      allowHosts: action.allowHosts,
    },
    signal,
  )
  const output = readOutput(result.output, result.logs)
  return {
    recipientsBefore: [...recipients],
    recipients: output.recipients ? readRecipients(output.recipients, result.logs) : [...recipients],
    dropped: output.drop ?? false,
    title: output.title ?? null,
    text: output.text ?? null,
    severity: output.severity ?? null,
    labels: output.labels ?? {},
    reason: output.reason ?? null,
    logs: result.logs,
    durationMs: result.durationMs,
    sha256: module.sha256,
  }
}

function readOutput(value: unknown, logs: GuestLog[]): ActionOutput {
  const parsed = actionOutputSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const place = issue && issue.path.length > 0 ? `output.${issue.path.join('.')}` : 'output'
  throw new SandboxError('output', `the action's ${place} is wrong: ${issue?.message ?? 'unreadable'}`, logs)
}

function readRecipients(given: string[], logs: GuestLog[]): string[] {
  const recipients = new Set<string>()
  for (const entry of given) {
    const address = entry.trim().toLowerCase()
    if (address.length > addressMax || !plainAddress.test(address)) {
      const shown = JSON.stringify(entry.slice(0, 80))
      throw new SandboxError('output', `the action returned a recipient that is no mail address: ${shown}`, logs)
    }
    recipients.add(address)
  }
  return [...recipients]
}
