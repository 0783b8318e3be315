import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { OutcomeFacts } from './outcome-from-answer.js'
import { parseJson } from './parse-json.js'
import { redactText } from './redact-text.js'

type Scope = 'message' | 'channel'

/** What Discord's error codes mean for a delivery (Discord, "JSON error codes"). */
const scopeOfCode = new Map<number, Scope>([
  [10_003, 'channel'], // Unknown channel, or thread.
  [10_008, 'message'], // Unknown message.
  [10_015, 'channel'], // Unknown webhook.
  [40_005, 'message'], // Request entity too large.
  [40_333, 'channel'], // The user agent is blocked.
  [50_006, 'message'], // Empty message.
  [50_013, 'channel'], // Missing permissions.
  [50_027, 'channel'], // Invalid webhook token.
  [50_035, 'message'], // Invalid form body.
  [160_006, 'channel'], // The thread is locked.
  [220_001, 'channel'], // A forum needs thread_name or thread_id.
  [220_003, 'channel'], // Only a forum takes thread_name.
])

const refusal = z.object({ code: z.number(), message: z.string() })

/** Null when the code says nothing that the status does not. */
export function readDiscordRefusal(
  answer: HttpAnswer,
  form: ChannelContext['form'],
  facts: OutcomeFacts,
): Outcome | null {
  const body = refusal.safeParse(parseJson(answer.text))
  const scope = body.success ? scopeOfCode.get(body.data.code) : undefined
  if (!body.success || scope === undefined || answer.status === 429 || answer.status >= 500) return null
  const text = redactText(`Discord says ${body.data.code}: ${body.data.message}`, facts.secrets)
  const statusCode = answer.status
  if (body.data.code === 50_035 && form === 'full') return { kind: 'degrade', to: 'plain', statusCode, text }
  return { kind: 'permanent', scope, statusCode, text }
}
