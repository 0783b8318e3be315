/**
 * Watches over services that Monit looks after: when one stops and is not restarted within 30 minutes, the developer
 * who is responsible for it and that developer's manager are told, once. Run it every 30 minutes.
 *
 * The table `responsible` of its database says who is responsible: patterns of host and service (`*` stands for any
 * characters) and a developer's mail address; the longest pattern of the host wins, then that of the service. The
 * manager is the one `people` names.
 *
 * Config: `minutes` (30), `from`, the sender of Monit's mails (monit@*), and `default_owner`, who is told about services
 * nobody is responsible for.
 */
import type { JobInput, JobNotification } from 'mailtrigger/guest'
import { findOutages, isOverdue, type MonitEvent, type Outage, readMonitEvent } from './lib/monit'
import {
  findDeveloper,
  forgetOldEvents,
  isReported,
  listEvents,
  openDatabase,
  readProgress,
  saveEvents,
  saveProgress,
  saveReport,
} from './lib/monit-store'

const minuteMs = 60_000
/** How far back mails are read at most. */
const dayMs = 24 * 60 * minuteMs
/** A mail is stored a moment after its time of receipt: what came shortly before the last run is read once more. */
const overlapMs = 10 * minuteMs
const mailPagesMax = 1_000
/** The gateway takes 20 notifications a run; who does not fit is told at the next one. */
const notificationsMax = 20
/** So many outages stand in one message; the rest are counted. */
const linesMax = 50

interface Settings {
  limitMs: number
  from: string
  defaultOwner: string | null
}

export function run({ job, now: isoNow }: JobInput): void {
  const settings = readSettings(job.config)
  const now = Date.parse(isoNow)
  openDatabase()
  const mails = readNewMails(settings.from, now)
  const outages = findOutages(listEvents())
  const overdue = outages.filter((outage) => isOverdue(outage, now, settings.limitMs) && !isReported(outage))
  const told = tellResponsible(overdue, now, settings)
  forgetOldEvents(outages, now - 2 * dayMs)
  const down = outages.filter((outage) => outage.restartedAt === null).length
  console.log(`mails read: ${mails}, services down: ${down}, new outages: ${overdue.length}, told: ${told}`)
}

function readSettings(config: Record<string, unknown>): Settings {
  const { minutes = 30, from = 'monit@*', default_owner: defaultOwner = null } = config
  if (typeof minutes !== 'number' || !(minutes > 0)) throw new Error('config: minutes has to be a number above 0')
  if (typeof from !== 'string') throw new Error('config: from has to be a mail address, * stands for any characters')
  if (defaultOwner !== null && typeof defaultOwner !== 'string') {
    throw new Error('config: default_owner has to be a mail address')
  }
  return { limitMs: minutes * minuteMs, from, defaultOwner }
}

/** Keeps what Monit wrote since the last run, on the first run during the last day; how many mails there were. */
function readNewMails(from: string, now: number): number {
  const since = Math.max((readProgress() ?? 0) - overlapMs, now - dayMs)
  let mails = 0
  let cursor: string | null = null
  for (let page = 0; page < mailPagesMax; page++) {
    const found = mailtrigger.mail.search({
      from,
      since: new Date(since).toISOString(),
      until: new Date(now).toISOString(),
      ...(cursor === null ? {} : { cursor }),
    })
    mails += found.items.length
    saveEvents(found.items.map(readMonitEvent).filter((event): event is MonitEvent => event !== null))
    cursor = found.next_cursor
    if (cursor === null) {
      saveProgress(now)
      return mails
    }
  }
  throw new Error(`more than ${mailPagesMax} pages of mails from ${from} in a day`)
}

/** Tells everybody once a run, whatever number of services it is about; how many outages were told. */
function tellResponsible(overdue: Outage[], now: number, { defaultOwner }: Settings): number {
  const byAudience = new Map<string, { to: string[]; outages: Outage[] }>()
  for (const outage of overdue) {
    const developer = findDeveloper(outage.host, outage.service) ?? defaultOwner
    const to = developer === null ? [] : listAudience(developer)
    const key = to.join('\n')
    const group = byAudience.get(key) ?? { to, outages: [] }
    group.outages.push(outage)
    byAudience.set(key, group)
  }
  let told = 0
  for (const { to, outages } of [...byAudience.values()].slice(0, notificationsMax)) {
    notify(to, writeMessage(outages, to, now))
    for (const outage of outages) saveReport(outage, now)
    told += outages.length
  }
  return told
}

/** An entry of `responsible` that is nobody's address must not keep the others, or the alert itself, from going out. */
function notify(to: string[], message: Omit<JobNotification, 'to' | 'text'> & { text: string }): void {
  try {
    mailtrigger.notify({ to, ...message })
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    console.error(words)
    mailtrigger.notify({ ...message, text: `${message.text}\n${words}` })
  }
}

function listAudience(developer: string): string[] {
  const manager = mailtrigger.people.get(developer)?.manager ?? null
  return manager === null ? [developer] : [developer, manager]
}

function writeMessage(outages: Outage[], to: string[], now: number) {
  const [first] = outages
  const isOver = outages.every((outage) => outage.restartedAt !== null)
  const title =
    first && outages.length === 1
      ? `${first.service} on ${first.host} ${isOver ? 'was' : 'is'} down for ${formatMinutes(lengthOf(first, now))}`
      : `${outages.length} services ${isOver ? 'were' : 'are'} down for too long`
  const lines = outages.slice(0, linesMax).map((outage) => describe(outage, now))
  if (outages.length > linesMax) lines.push(`… and ${outages.length - linesMax} more`)
  lines.push(
    '',
    to.length > 0 ? `Told: ${to.join(', ')}` : 'Nobody is responsible for this: see the table "responsible"',
  )
  const fingerprint = first && outages.length === 1 ? { fingerprint: `monit/${first.host}/${first.service}` } : {}
  return { title, text: lines.join('\n'), severity: isOver ? 'warning' : 'critical', ...fingerprint }
}

function describe(outage: Outage, now: number): string {
  const { host, service, written, description, stoppedAt, restartedAt } = outage
  const since = written ?? new Date(stoppedAt).toISOString()
  const why = description === '' ? '' : ` (${description})`
  const length = formatMinutes(lengthOf(outage, now))
  const end = restartedAt === null ? `not restarted for ${length}` : `restarted after ${length}`
  return `${service} on ${host}: stopped at ${since}${why}, ${end}`
}

function lengthOf(outage: Outage, now: number): number {
  return (outage.restartedAt ?? now) - outage.stoppedAt
}

function formatMinutes(ms: number): string {
  const minutes = Math.floor(ms / minuteMs)
  return minutes < 60 ? `${minutes} minutes` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
