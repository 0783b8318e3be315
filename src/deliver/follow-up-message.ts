import type { DeliveryPurpose } from '../domain/delivery.js'
import type { Message } from '../domain/message.js'
import type { Acknowledgement, NotificationFacts } from '../domain/notification.js'
import { formatDuration } from '../domain/units.js'

const dayMs = 86_400_000
const noteMax = 300

/** What the message of a delivery depends on beside the alert's own message. */
export interface FollowUp {
  purpose: DeliveryPurpose
  /** 0 for the alert itself. */
  repeatNumber: number
  message: Message
  notification: NotificationFacts
}

/** The message of each purpose, made of the alert's. Pure; times of day are UTC and say so. */
export function composeMessage({ purpose, repeatNumber, message, notification }: FollowUp, now: number): Message {
  switch (purpose) {
    case 'alert':
      return message
    case 'repeat': {
      const times = ordinal(repeatNumber + 1)
      return withNote(message, `sent again (${times} time): nobody has acknowledged it yet`)
    }
    case 'escalation': {
      const waited = formatDuration(wholeMinutes(now - notification.createdAt))
      return withNote(message, `nobody acknowledged it within ${waited}`)
    }
    case 'resolve':
      return composeResolve(message, notification)
    case 'update':
      return notification.acknowledged === null
        ? message
        : withNote(message, describeAcknowledgement(notification.acknowledged, message.receivedAt))
  }
}

/** Attachments belong to the alert, and so do its notes: they are not told twice. */
function composeResolve(message: Message, { createdAt, resolved, acknowledged }: NotificationFacts): Message {
  const after = resolved === null ? '' : ` after ${formatDuration(Math.max(0, resolved.at - createdAt))}`
  const by = resolved === null ? '' : `, by ${nameActor(resolved.by)}`
  const lines = [`Resolved${after}${by}.`]
  if (acknowledged !== null) lines.push(`It was ${describeAcknowledgement(acknowledged, message.receivedAt)}.`)
  return {
    ...message,
    title: `Resolved: ${message.title}`,
    text: lines.join('\n'),
    severity: 'resolved',
    attachments: [],
    notes: [],
  }
}

/** `acknowledged by Tim at 12:31 UTC: on it`; with the date when it was not on the day of the alert. */
function describeAcknowledgement({ by, at, note }: Acknowledgement, alertAt: number): string {
  const moment = new Date(at).toISOString()
  const isSameDay = Math.floor(at / dayMs) === Math.floor(alertAt / dayMs)
  const when = isSameDay ? `at ${moment.slice(11, 16)} UTC` : `on ${moment.slice(0, 10)} at ${moment.slice(11, 16)} UTC`
  const words = note?.replace(/\s+/g, ' ').trim() ?? ''
  const head = `acknowledged by ${nameActor(by)} ${when}`
  return words === '' ? head : `${head}: ${cut(words)}`
}

/** Who it was, without the way they took: `telegram:Tim` is Tim. */
function nameActor(by: string): string {
  return /^(?:telegram|slack|link|cli):(?=\S)/.test(by) ? by.slice(by.indexOf(':') + 1) : by
}

function withNote(message: Message, note: string): Message {
  return { ...message, notes: [...message.notes, note] }
}

/** Seconds are noise in a wait that was meant in minutes. */
function wholeMinutes(ms: number): number {
  return ms < 60_000 ? Math.max(0, ms) : Math.floor(ms / 60_000) * 60_000
}

function ordinal(n: number): string {
  const isTeen = n % 100 >= 11 && n % 100 <= 13
  const endings: Record<number, string> = { 1: 'st', 2: 'nd', 3: 'rd' }
  return `${n}${(isTeen ? undefined : endings[n % 10]) ?? 'th'}`
}

/** By code points, so that no character is cut in two. */
function cut(text: string): string {
  const points = Array.from(text.slice(0, 2 * noteMax + 2))
  return points.length > noteMax ? `${points.slice(0, noteMax).join('')}…` : text
}
