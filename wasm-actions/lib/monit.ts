import type { MailHit } from 'mailtrigger/guest'

/** A service stopped or came back, as Monit saw it. */
export interface MonitEvent {
  /** The mail's Message-ID, or its own id where it has none: a mail that comes twice counts once. */
  id: string
  /** Lower case. */
  host: string
  service: string
  kind: 'stop' | 'start'
  /** Milliseconds since the epoch. */
  at: number
  /** The time as Monit wrote it, on the clock of its host; null when it wrote none. */
  written: string | null
  /** What Monit says about it: `process is not running`. */
  description: string
}

/** A service that stopped, from its first stop to the next start. */
export interface Outage {
  host: string
  service: string
  /** The id of the event that began it. */
  id: string
  /** Milliseconds since the epoch. */
  stoppedAt: number
  /** Null while it is down. */
  restartedAt: number | null
  /** As Monit wrote the time of the stop, and what it said about it. */
  written: string | null
  description: string
}

const minuteMs = 60_000
/** Every time zone there is lies a multiple of this from UTC. */
const zoneStepMs = 15 * minuteMs
const zoneMaxMs = 14 * 60 * minuteMs
/** How far the clock of a host may be ahead of ours, and how late its mail may be, before its time counts as absurd. */
const aheadMaxMs = 10 * minuteMs
const lateMaxMs = 24 * 60 * minuteMs

const events = 'Does not exist|Exists|Action done'
/** Monit's own subject: `monit alert --  Does not exist nginx`. */
const defaultSubject = new RegExp(`^monit alert --\\s+(?<event>${events})\\s+(?<service>\\S.*?)\\s*$`, 'i')
/** The usual `set mail-format`: `[db-01] nginx Does not exist at Sat, 21 Nov 2026 05:06:54`. */
const writtenSubject = new RegExp(
  `^\\[?(?<host>[\\w.-]+)\\]?\\s+(?<service>\\S.*?)\\s+(?<event>${events})\\s+at\\s+(?<date>.+?)\\s*$`,
  'i',
)
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Reads a mail from Monit; null when it tells neither a stop nor a start. */
export function readMonitEvent(mail: MailHit): MonitEvent | null {
  const parts = (defaultSubject.exec(mail.subject) ?? writtenSubject.exec(mail.subject))?.groups
  if (!parts?.event || !parts.service) return null
  const kind = readKind(parts.event, mail.text)
  const host = parts.host ?? readField(mail.text, 'Host') ?? guessHost(mail)
  if (kind === null || host === null) return null
  const written = readField(mail.text, 'Date') ?? parts.date ?? null
  return {
    id: mail.message_id ?? mail.id,
    host: host.toLowerCase(),
    service: parts.service,
    kind,
    at: readTime(written, mail),
    written,
    description: readDescription(mail.text),
  }
}

/** Whatever an operator did, the subject says "Action done"; only the text tells a stop from a start. */
function readKind(event: string, text: string): MonitEvent['kind'] | null {
  if (/^does not exist$/i.test(event)) return 'stop'
  if (/^exists$/i.test(event)) return 'start'
  const action = /(?:^|[\s:])(stop|start|restart) action done\b/i.exec(text)?.[1]?.toLowerCase()
  if (!action) return null
  return action === 'stop' ? 'stop' : 'start'
}

function readField(text: string, name: string): string | null {
  return new RegExp(`^[ \\t]*${name}:[ \\t]*(\\S.*?)[ \\t]*\\r?$`, 'im').exec(text)?.[1] ?? null
}

/** `Description:` of Monit's own text, or what follows the first line of the usual `set mail-format`. */
function readDescription(text: string): string {
  const described = readField(text, 'Description') ?? /^Monit .+:\s*\r?\n\s*(\S.*)/i.exec(text)?.[1] ?? ''
  return described.replace(/[.\s]+$/, '').slice(0, 200)
}

/** Monit ends its Message-IDs in its host's name. Where a relay wrote another, the sender's domain has to do. */
function guessHost(mail: MailHit): string | null {
  const named = /@([\w.-]+)>?$/.exec(mail.message_id ?? '')?.[1] ?? /@([\w.-]+)$/.exec(mail.from)?.[1]
  return named?.split('.')[0] || null
}

/**
 * When it happened, in milliseconds since the epoch. Monit writes the local time of its host without a zone, so the
 * zone is what lies between it and the Date header. A time that cannot be true gives way to the time of receipt.
 */
function readTime(written: string | null, mail: MailHit): number {
  const received = Date.parse(mail.received_at)
  const local = written === null ? null : readLocalTime(written)
  if (local === null) return received
  const zone = local.zoneMs ?? Math.round((local.ms - Date.parse(mail.date)) / zoneStepMs) * zoneStepMs
  if (Math.abs(zone) > zoneMaxMs) return received
  const at = local.ms - zone
  return at > received + aheadMaxMs || at < received - lateMaxMs ? received : at
}

/** Reads `Sat, 21 Nov 2026 04:56:45`, with or without a zone like `+0800`. */
function readLocalTime(written: string): { ms: number; zoneMs: number | null } | null {
  const match = /(\d{1,2}) ([a-z]{3})[a-z]* (\d{4}) (\d{1,2}):(\d\d):(\d\d)(?:\s*([+-])(\d\d):?(\d\d))?/i.exec(written)
  if (!match) return null
  const [, day, monthName, year, hour, minute, second, sign, zoneHours, zoneMinutes] = match
  const month = months.indexOf((monthName ?? '').toLowerCase())
  if (month < 0) return null
  const ms = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second))
  if (sign === undefined) return { ms, zoneMs: null }
  const zoneMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * minuteMs
  return { ms, zoneMs: sign === '-' ? -zoneMs : zoneMs }
}

/**
 * Pairs stops and starts of each service of each host, by the time they happened and in whatever order they come. Stops
 * that follow a stop are reminders of it; a start without a stop begins nothing. The oldest outage is first.
 */
export function findOutages(events: MonitEvent[]): Outage[] {
  const open = new Map<string, Outage>()
  const outages: Outage[] = []
  for (const event of [...events].sort(byTime)) {
    const key = `${event.host}\n${event.service}`
    const outage = open.get(key)
    if (event.kind === 'start') {
      if (outage) outage.restartedAt = event.at
      open.delete(key)
    } else if (!outage) {
      const { host, service, id, at, written, description } = event
      const begun = { host, service, id, stoppedAt: at, restartedAt: null, written, description }
      open.set(key, begun)
      outages.push(begun)
    }
  }
  return outages
}

/** True when the service was, or has been, down for too long. A restart on the last second is in time. */
export function isOverdue(outage: Outage, now: number, limitMs: number): boolean {
  return outage.restartedAt === null
    ? now - outage.stoppedAt >= limitMs
    : outage.restartedAt - outage.stoppedAt > limitMs
}

/** Times have seconds only. Of a stop and a start in the same second, the stop was first: a restart is that fast. */
function byTime(a: MonitEvent, b: MonitEvent): number {
  return a.at - b.at || (a.kind === b.kind ? 0 : a.kind === 'stop' ? -1 : 1)
}
