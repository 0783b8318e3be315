import { z } from 'zod'
import type { Form, HttpAnswer, Outcome } from '../domain/channel.js'
import { type OutcomeFacts, permanentFromAnswer, tooRichFromAnswer } from './outcome-from-answer.js'
import { parseJson } from './parse-json.js'

const invalidFormBody = 50_035

/** What Discord's error codes mean for a delivery (Discord, "JSON error codes"). */
const scopeOfCode = new Map<number, 'message' | 'channel'>([
  [10_003, 'channel'], // Unknown channel, or thread.
  [10_008, 'message'], // Unknown message.
  [10_015, 'channel'], // Unknown webhook.
  [40_005, 'message'], // Request entity too large.
  [40_333, 'channel'], // The user agent is blocked.
  [50_006, 'message'], // Empty message.
  [50_013, 'channel'], // Missing permissions.
  [50_027, 'channel'], // Invalid webhook token.
  [160_006, 'channel'], // The thread is locked.
  [220_001, 'channel'], // A forum needs thread_name or thread_id.
  [220_003, 'channel'], // Only a forum takes thread_name.
])

const refusal = z.object({ code: z.number() })

/** Null when the code says nothing that the status does not. */
export function readDiscordRefusal(answer: HttpAnswer, form: Form, facts: OutcomeFacts): Outcome | null {
  if (answer.status === 429 || answer.status >= 500) return null
  const { data } = refusal.safeParse(parseJson(answer.text))
  if (data?.code === invalidFormBody) return tooRichFromAnswer(answer, form, facts)
  const scope = scopeOfCode.get(data?.code ?? 0)
  return scope === undefined ? null : permanentFromAnswer(answer, scope, facts)
}
