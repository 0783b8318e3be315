import type { Form, HttpAnswer, Outcome } from '../domain/channel.js'
import { type OutcomeFacts, permanentFromAnswer } from './outcome-from-answer.js'

/** Free text is refused on WhatsApp, because the recipient's last message is more than 24 hours ago: once more as the plain form, which is the template; then never. */
export function outsideSessionFromAnswer(answer: HttpAnswer, form: Form, facts: OutcomeFacts): Outcome {
  const outcome = permanentFromAnswer(answer, 'address', facts)
  if (form !== 'full' || outcome.kind !== 'permanent') return outcome
  return { kind: 'degrade', to: 'plain', statusCode: answer.status, text: outcome.text }
}
