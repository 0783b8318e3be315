import type { ActionCallSettings } from '../domain/config.js'
import { type GuestLog, SandboxError } from '../domain/errors.js'
import type { Attachment, Mail } from '../domain/mail.js'
import type { GuestResult, WasmHost, WasmModule } from '../domain/wasm.js'
import { runAction } from './run-action.js'
import { runCondition } from './run-condition.js'

/** What one call of a module on one mail came to. Plain JSON; its names are the API's. */
export interface GuestTrial {
  sha256: string
  /** Which function was called: `handle` of an action, else `match` of a condition. */
  export: 'handle' | 'match'
  /** Recipients before and after; both the same for a condition, or when the call failed. */
  before: string[]
  after: string[]
  /** What the guest gave; null when it gave nothing. */
  output: unknown
  logs: GuestLog[]
  duration_ms: number | null
  memory_bytes: number | null
  error: { kind: SandboxError['kind']; message: string } | null
}

export interface TrialCall {
  action: ActionCallSettings
  module: WasmModule
  mail: Mail
  recipients: string[]
  /** Attached in front of the mail's own, as a route's lookups are. */
  attached: Attachment[]
}

/** Runs a module on a mail as a route would, and tells everything about it. Never rejects because of the guest. */
export async function tryGuest(parts: { host: WasmHost }, call: TrialCall, signal: AbortSignal): Promise<GuestTrial> {
  const { action, module, mail, recipients } = call
  let result: GuestResult | null = null
  const host: WasmHost = {
    ...parts.host,
    call: async (guestCall, callSignal) => {
      result = await parts.host.call(guestCall, callSignal)
      return result
    },
  }
  const isAction = module.kinds.includes('action')
  const trial = (after: string[], logs: GuestLog[], error: GuestTrial['error']): GuestTrial => ({
    sha256: module.sha256,
    export: isAction ? 'handle' : 'match',
    before: recipients,
    after,
    output: result?.output ?? null,
    logs: result?.logs ?? logs,
    duration_ms: result === null ? null : Math.round(result.durationMs * 10) / 10,
    memory_bytes: result?.memoryBytes ?? null,
    error,
  })
  try {
    if (!isAction) {
      await runCondition({ host }, { action, module, mail: withRecipients(mail, recipients) }, signal)
      return trial(recipients, [], null)
    }
    const attachments = [...call.attached, ...mail.attachments]
    const acted = await runAction({ host }, { action, module, mail, recipients, variables: {}, attachments }, signal)
    return trial(acted.dropped ? [] : acted.recipients, [], null)
  } catch (error) {
    if (!(error instanceof SandboxError) || error.kind === 'closed') throw error
    return trial(recipients, error.logs, { kind: error.kind, message: error.message })
  }
}

/** A condition is asked before any step, when the recipients are still the envelope's. */
function withRecipients(mail: Mail, recipients: string[]): Mail {
  return { ...mail, envelope: { ...mail.envelope, to: recipients } }
}
