import type { Mail } from '../domain/mail.js'
import { formatDuration } from '../domain/units.js'
import { formatMoment } from '../domain/waiting.js'
import { renderKey } from './render-key.js'
import { type Draft, passed, passedWithWarning, type StepRunner } from './step.js'

/** A mail may be older than its arrival, when something on the way held it up, and a little younger by its clock. */
const olderMsMax = 24 * 3_600_000
const youngerMsMax = 5 * 60_000

/**
 * Asks the store to keep the notification until `forMs` after the thing happened, for a recovery to overtake it. A mail
 * that meets `unless` itself is the recovery and no alert, so nothing of the route goes out.
 */
export const hold: StepRunner<'hold'> = async (step, draft, parts) => {
  const unless = parts.unless.get(step)
  if (unless?.met) {
    const detail = 'the mail meets "unless": it is the recovery, and nothing of this route goes out'
    const dropped = { ...draft, recipients: [], dropped: true }
    return { draft: dropped, next: 'end', trace: { target: null, verdict: 'ok', detail, facts: { recovery: true } } }
  }
  const { key, problem } = await renderKey(step.key, draft)
  if (key === null) return passedWithWarning(goOut(draft, problem), null, `${problem}, so it is not held`)
  const happenedAt = whenHappened(draft.mail)
  const until = happenedAt + step.forMs
  const held = { ...draft, control: { ...draft.control, hold: { key, happenedAt, forMs: step.forMs, until } } }
  const detail = `"${key}" waits ${formatDuration(step.forMs)}, until ${formatMoment(until)}, for a recovery`
  const facts = { key, happened_at: new Date(happenedAt).toISOString(), until: new Date(until).toISOString() }
  if (unless === undefined) return passed(held, null, detail, facts)
  return passedWithWarning(held, null, `${detail}; whether the mail itself is one is unknown: ${unless.problem}`, facts)
}

/** The mail's own date, as long as it is likely: mails of one thing may arrive in the wrong order. */
export function whenHappened({ date, receivedAt }: Pick<Mail, 'date' | 'receivedAt'>): number {
  return date >= receivedAt - olderMsMax && date <= receivedAt + youngerMsMax ? date : receivedAt
}

/** Not passed over: what should have waited and goes out at once is no reason to hold back what `on_error` guards. */
function goOut(draft: Draft, problem: string): Draft {
  const note = `not held: ${problem}`
  const message = { ...draft.message, notes: [...draft.message.notes, note] }
  return { ...draft, message, flagged: draft.flagged ?? note }
}
