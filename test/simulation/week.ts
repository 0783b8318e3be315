/**
 * A made-up week of a company's alerts, the same for the same seed: services that stop and come back, bursts of one
 * error, checks that go down and up, disks that fill until somebody answers, reports that may wait, nightly backups.
 */
export interface SimulatedMail {
  /** Counts from 0, in the order of arrival; the sender's name for it stands in the subject. */
  number: number
  at: number
  from: string
  to: string
  subject: string
  text: string
  /** The mail's own date; some arrive later than others that were sent after them. */
  date: number
  /** Somebody acknowledges what this mail raised, at this time. */
  acknowledgedAt: number | null
}

const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 86_400_000

/** @param mailsPerDay how many there are on average; bursts and duplicates included. */
export function makeMails(options: {
  start: number
  days: number
  mailsPerDay: number
  seed: number
}): SimulatedMail[] {
  const { start, days, mailsPerDay, seed } = options
  const random = seededRandom(seed)
  const drafts: Omit<SimulatedMail, 'number'>[] = []
  const between = (from: number, to: number): number => Math.floor(from + random() * (to - from))
  const count = days * mailsPerDay
  while (drafts.length < count) {
    const at = start + between(0, days * dayMs - 2 * hourMs)
    const kind = random()
    if (kind < 0.3) drafts.push(...outage(at, between, random))
    else if (kind < 0.34) drafts.push(...burst(at, between))
    else if (kind < 0.5) drafts.push(...check(at, between))
    else if (kind < 0.52) drafts.push(disk(at, between, random))
    else drafts.push(report(at, between))
  }
  for (let day = 0; day < days; day++) {
    // One night in four the backup says nothing.
    if (day % 4 !== 2)
      drafts.push(mail(start + day * dayMs + 2 * hourMs, 'backup@corp.example', 'Backup OK', 'all done'))
  }
  return drafts
    .sort((left, right) => left.at - right.at)
    .map((draft, number) => ({ ...draft, number, subject: `${draft.subject} #${number}` }))
}

type Between = (from: number, to: number) => number

/** A service stops; most are back within two minutes, some after half an hour and more, some never. */
function outage(at: number, between: Between, random: () => number): Omit<SimulatedMail, 'number'>[] {
  const what = `host-${between(1, 40)}/service-${between(1, 8)}`
  const fate = random()
  const text = `Service: ${what}`
  const stop = mail(at, 'monit@corp.example', 'monit alert -- Does not exist', text)
  if (fate < 0.02) return [stop]
  const backAfterMs = fate < 0.04 ? between(31 * minuteMs, 110 * minuteMs) : between(5_000, 120_000)
  const start = mail(at + backAfterMs, 'monit@corp.example', 'monit alert -- Exists', text)
  // A stop that is delayed on its way says so by its date only.
  if (fate > 0.98) return [{ ...stop, at: start.at + 3_000 }, start]
  const repeats = fate < 0.03 ? [5, 10, 15].map((minutes) => ({ ...stop, at: at + minutes * minuteMs })) : []
  return [stop, ...repeats.filter((repeat) => repeat.at < start.at), start]
}

/** One error, many times within minutes. */
function burst(at: number, between: Between): Omit<SimulatedMail, 'number'>[] {
  const project = `project-${between(1, 12)}`
  return Array.from({ length: between(10, 40) }, () =>
    mail(at + between(0, 10 * minuteMs), 'sentry@corp.example', `[Sentry] ${project} error`, `issue: ${project}`),
  )
}

/** A check goes down and comes back. */
function check(at: number, between: Between): Omit<SimulatedMail, 'number'>[] {
  const name = `check-${between(1, 60)}-${at % 1_000_000}`
  const down = mail(at, 'checks@corp.example', 'DOWN', `check: ${name}`)
  return [down, mail(at + between(2 * minuteMs, 90 * minuteMs), 'checks@corp.example', 'UP', `check: ${name}`)]
}

/** A disk fills up; half of the time somebody answers. */
function disk(at: number, between: Between, random: () => number): Omit<SimulatedMail, 'number'> {
  const alert = mail(at, 'disk@corp.example', 'disk full', `disk: db-${between(1, 9)}-${at % 1_000_000}`)
  return { ...alert, acknowledgedAt: random() < 0.5 ? at + between(2 * minuteMs, 40 * minuteMs) : null }
}

function report(at: number, between: Between): Omit<SimulatedMail, 'number'> {
  return mail(at, 'cron@corp.example', 'cron report', `team: ${['web', 'data', 'infra'][between(0, 3)]}`)
}

function mail(at: number, from: string, subject: string, text: string): Omit<SimulatedMail, 'number'> {
  return { at, from, to: 'alerts@corp.example', subject, text, date: at, acknowledgedAt: null }
}

/** mulberry32: short, and the same everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function composeRaw(mail: SimulatedMail): string {
  return [
    `From: ${mail.from}`,
    `To: ${mail.to}`,
    `Subject: ${mail.subject}`,
    `Date: ${new Date(mail.date).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${mail.number}@corp.example>`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    mail.text,
    '',
  ].join('\r\n')
}
