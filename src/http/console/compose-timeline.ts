import type { DeliveryDetail, MailDetail } from '../../store/store.js'

/** Something that happened to a mail, or is going to. */
export interface TimelineEntry {
  /** ISO time. */
  at: string
  kind: 'received' | 'routed' | 'attempt' | 'acknowledged' | 'resolved' | 'ahead'
  title: string
  detail: string | null
  /** How long it took itself; null where that says nothing. */
  durationMs: number | null
  href: string | null
}

/** The story of a mail in the order of time: received, routed, each attempt, what people did, what is to come. Pure. */
export function composeTimeline(mail: MailDetail, deliveries: readonly DeliveryDetail[]): TimelineEntry[] {
  const entries = [
    describeReceipt(mail),
    ...mail.traces.map((trace) => describeRouting(mail, trace)),
    ...deliveries.flatMap(describeAttempts),
    ...mail.notifications.flatMap(describeNotification),
  ]
  if (mail.due_at !== null) entries.push(ahead(mail.due_at, 'to be routed', mail.reason, null))
  return entries.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
}

function describeReceipt({ received_at: at, envelope, size_bytes: size }: MailDetail): TimelineEntry {
  const detail = `${size} bytes from ${envelope.client}; stored before the sender heard 250`
  return { at, kind: 'received', title: 'received', detail, durationMs: null, href: null }
}

function describeRouting({ id, traces }: MailDetail, trace: MailDetail['traces'][number]): TimelineEntry {
  const matched = trace.routes.filter(({ verdict }) => verdict === 'matched').map(({ name }) => name)
  const number = traces.length > 1 ? ` (routing ${trace.generation + 1})` : ''
  return {
    at: trace.started_at,
    kind: 'routed',
    title: `${trace.outcome}${number}`,
    detail: matched.length > 0 ? `by ${matched.join(', ')}` : (trace.otherwise?.reason ?? null),
    durationMs: trace.duration_ms,
    href: `/mails/${id}?generation=${trace.generation}`,
  }
}

function describeAttempts(delivery: DeliveryDetail): TimelineEntry[] {
  const { id, channel, recipient, attempt_list: attempts, next_attempt_at: next } = delivery
  const whom = recipient === null ? channel : `${channel} → ${recipient}`
  const href = `/deliveries/${id}`
  const entries = attempts.map((attempt): TimelineEntry => {
    const code = attempt.status_code === null ? '' : ` ${attempt.status_code}`
    return {
      at: attempt.started_at,
      kind: 'attempt',
      title: `${whom}: ${attempt.outcome}${code}`,
      detail: attempt.excerpt || null,
      durationMs: attempt.duration_ms,
      href,
    }
  })
  return next === null ? entries : [...entries, ahead(next, `next attempt: ${whom}`, null, href)]
}

function describeNotification(notification: MailDetail['notifications'][number]): TimelineEntry[] {
  const { id, route, acked_at: acked, resolved_at: resolved, waits_until: waits } = notification
  const href = `/notifications/${id}`
  const entries: TimelineEntry[] = []
  const note = notification.ack_note ? `: ${notification.ack_note}` : ''
  const by = `by ${notification.acked_by ?? 'somebody'}${note}`
  const durationMs = null
  if (acked)
    entries.push({ at: acked, kind: 'acknowledged', title: `${route} acknowledged`, detail: by, durationMs, href })
  if (resolved) {
    const { reason: detail } = notification
    entries.push({ at: resolved, kind: 'resolved', title: `${route} resolved`, detail, durationMs, href })
  }
  if (waits) entries.push(ahead(waits, `${route} is let go`, notification.reason, href))
  return entries
}

function ahead(at: string, title: string, detail: string | null, href: string | null): TimelineEntry {
  return { at, kind: 'ahead', title, detail, durationMs: null, href }
}
