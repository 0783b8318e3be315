import type { NotificationStatus } from '../../domain/delivery.js'
import { formatDuration } from '../../domain/units.js'
import { formatMoment } from '../../domain/waiting.js'
import type { AckView } from '../../engine/alert-calls.js'
import type { AckPage } from './ack-page.js'

const justNowMs = 60_000

const stateWords: Record<NotificationStatus, string> = {
  queued: 'about to be sent, not acknowledged',
  processing: 'being sent, not acknowledged',
  sent: 'sent, not acknowledged',
  failed: 'not sent to everybody yet, not acknowledged',
  dead: 'could not be sent to everybody, not acknowledged',
  cancelled: 'cancelled',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
  suppressed: 'not sent',
}

/** What the page of a link says, and with which HTTP status: 410 when there is nothing left to do by it. */
export function describeView({ notification, is_expired }: AckView, now: number): { status: number; page: AckPage } {
  const { title, severity, route, created_at, status, reason } = notification
  const alert = { title, severity, route, at: describeMoment(created_at, now), state: stateWords[status] }
  const done = (headline: string, words: string): { status: number; page: AckPage } => {
    return { status: 410, page: { headline, words, alert, offersForm: false } }
  }
  if (notification.acked_by !== null) {
    const at = notification.acked_at === null ? '' : ` ${describeMoment(notification.acked_at, now)}`
    const words = `By ${nameOf(notification.acked_by)},${at}. ${describeNote(notification.ack_note)}`
    const isOver = status === 'resolved' ? ' It is over by now.' : ''
    return done('This alert is acknowledged', `${words.trim()}${isOver}`)
  }
  if (status === 'resolved') {
    const at = notification.resolved_at === null ? '' : ` It ended ${describeMoment(notification.resolved_at, now)}.`
    return done('This is over', `${sentence(reason)}${at}`.trim())
  }
  if (status === 'suppressed' || status === 'cancelled')
    return done('There is nothing to acknowledge', sentence(reason))
  if (is_expired) {
    const words = 'Links count for seven days. Whoever runs MailTrigger can still acknowledge the alert.'
    return done('This link has expired', words)
  }
  const words = 'This stops its repeats, and nobody else is asked. Others see who took it on, and what you note.'
  return { status: 200, page: { headline: 'Acknowledge this alert?', words, alert, offersForm: true } }
}

function describeNote(note: string | null): string {
  return note === null ? '' : `They noted: “${note}”`
}

/** `2026-11-20 12:31 UTC (4m ago)` */
function describeMoment(iso: string, now: number): string {
  const at = Date.parse(iso)
  const ago = now - at < justNowMs ? 'just now' : `${formatDuration(now - at)} ago`
  return `${formatMoment(at)} (${ago})`
}

/** Who it was is of interest, not by which way. */
function nameOf(actor: string): string {
  return actor.replace(/^(?:telegram|link|cli):/, '')
}

function sentence(words: string | null): string {
  if (words === null || words === '') return ''
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
