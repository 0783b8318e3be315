import { createHash } from 'node:crypto'
import type { NewDelivery, NewNotification } from '../domain/delivery.js'
import { joinOrigins } from '../domain/mail-loop.js'
import { type Message, type Severity, severities } from '../domain/message.js'
import { type DigestItem, type DigestTarget, type DueDigest, noControl } from '../domain/notification.js'
import { formatMoment } from '../domain/waiting.js'

const linesMax = 200
const titleLengthMax = 200
const dayMs = 86_400_000

/**
 * One message of what was gathered, for each of those the alerts were for, each with only their own. Pure.
 *
 * Without anything gathered it says so, to whom the last one went; null when that is nobody.
 * @param since when the time that an empty one is about began, in milliseconds since the epoch
 */
export function composeDigest(digest: DueDigest, since: number, now: number): NewNotification | null {
  const { route, key, items } = digest
  const targets = items.length > 0 ? gatherTargets(items) : digest.lastTargets.map((target) => ({ target, own: [] }))
  if (items.length === 0 && targets.length === 0) return null
  const describe = (own: DigestItem[]): Message =>
    own.length > 0 ? describeItems(digest, own, now) : describeNothing(digest, since, now)
  const message = describe(items)
  return {
    route,
    severity: message.severity,
    event: 'digest',
    fingerprint: `digest/${route}/${key}`,
    labels: {},
    message,
    flagged: null,
    control: noControl,
    deliveries: targets.map(({ target, own }) => planDelivery(target, describe(own))),
  }
}

/** Each target once, with the items that were for it; an item may have been planned twice for the same address. */
function gatherTargets(items: DigestItem[]): { target: DigestTarget; own: DigestItem[] }[] {
  const gathered = new Map<string, { target: DigestTarget; own: Set<DigestItem> }>()
  for (const item of items) {
    for (const target of item.targets) {
      const { channel, recipient, address } = target
      const name = JSON.stringify([channel, recipient, address])
      const known = gathered.get(name)
      if (known) known.own.add(item)
      else gathered.set(name, { target, own: new Set([item]) })
    }
  }
  return [...gathered.values()].map(({ target, own }) => ({ target, own: [...own] }))
}

function describeItems({ route, key }: DueDigest, items: DigestItem[], now: number): Message {
  const lines = items.slice(0, linesMax).map((item) => describeItem(item, now))
  if (items.length > linesMax) lines.push(`and ${items.length - linesMax} more`)
  const alerts = items.length === 1 ? '1 alert' : `${items.length} alerts`
  const severity = highestOf(items.map(({ message }) => message.severity))
  const message = composeMessage(route, `${alerts} of ${nameGroup(route, key)}`, lines.join('\n'), severity, now)
  return { ...message, origin: joinOrigins(items.map((item) => item.message.origin)) }
}

function describeNothing({ route, key }: DueDigest, since: number, now: number): Message {
  const title = `nothing of ${nameGroup(route, key)}`
  return composeMessage(route, title, `nothing since ${formatMoment(since)}`, 'info', now)
}

/** `09:14 UTC error: disk full on db1`, with the date when it is older than a day. */
function describeItem({ createdAt, message }: DigestItem, now: number): string {
  const moment = formatMoment(createdAt)
  const time = now - createdAt < dayMs ? moment.slice('2026-11-20 '.length) : moment
  const title = message.title.replace(/\s+/g, ' ').trim()
  const points = [...title]
  const shown = points.length > titleLengthMax ? `${points.slice(0, titleLengthMax - 1).join('')}…` : title
  return `${time} ${message.severity}: ${shown}`
}

function nameGroup(route: string, key: string): string {
  return key === '' ? route : `${route} (${key})`
}

/** `severities` has the worst one first. */
function highestOf(present: Severity[]): Severity {
  return severities.find((severity) => present.includes(severity)) ?? 'info'
}

function composeMessage(route: string, title: string, text: string, severity: Severity, now: number): Message {
  return {
    title,
    text,
    severity,
    from: `digest of ${route}`,
    labels: {},
    links: [],
    attachments: [],
    notes: [],
    mailId: null,
    receivedAt: now,
  }
}

function planDelivery(target: DigestTarget, message: Message): NewDelivery {
  const { channel, recipient, address } = target
  const said = JSON.stringify([channel, address ?? recipient, message.title, message.text])
  return {
    ...target,
    message,
    dedupeKey: createHash('sha256').update(said).digest('hex').slice(0, 32),
    dead: null,
    purpose: 'alert',
    afterMs: 0,
    repeat: null,
    offersAck: false,
  }
}
