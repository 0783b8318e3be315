import type { Trace } from '../domain/trace.js'
import type { MailDetail } from '../store/store.js'
import type { Explanation } from './explanation.js'

/** What a routing comes to. What the store makes of it (a repeat, a silence, a wait) depends on the moment. */
export interface RoutingOutcome {
  outcome: string
  routes: string[]
  recipients: string[]
  /** `telegram tim@mailtrigger.app`; a channel with a destination of its own stands alone. */
  deliveries: string[]
}

export interface ReplayDifference {
  id: string
  received_at: string
  subject: string
  /** Of the last routing; null for a mail that has not been routed yet. */
  before: RoutingOutcome | null
  after: RoutingOutcome
  changed: boolean
}

/** The last routing of a mail beside what the config of now would make of it. Both are read from their traces. */
export function compareOutcomes(mail: MailDetail, explained: Explanation): ReplayDifference {
  const last = mail.traces.at(-1)
  const before = last ? readOutcome(last) : null
  const after = readOutcome(explained.trace)
  const changed = JSON.stringify(before) !== JSON.stringify(after)
  const subject = mail.subject || explained.subject
  return { id: mail.id, received_at: mail.received_at, subject, before, after, changed }
}

/** Lists are sorted, as the order of routes and of recipients makes no difference to anybody. */
export function readOutcome({ outcome, routes, otherwise }: Trace): RoutingOutcome {
  const matched = routes.filter(({ verdict }) => verdict === 'matched')
  const planned = matched.flatMap(({ deliveries }) => deliveries.filter(({ verdict }) => verdict === 'planned'))
  const named = planned.flatMap(({ channel, recipient }) => (channel === null ? [] : [nameOf(channel, recipient)]))
  const fallback = otherwise?.sent_to ? [otherwise.sent_to] : []
  return {
    outcome,
    routes: sorted(matched.map(({ name }) => name)),
    recipients: sorted(planned.flatMap(({ recipient }) => recipient ?? [])),
    deliveries: sorted([...named, ...fallback]),
  }
}

function nameOf(channel: string, recipient: string | null): string {
  return recipient === null ? channel : `${channel} ${recipient}`
}

function sorted(names: string[]): string[] {
  return [...new Set(names)].sort()
}
