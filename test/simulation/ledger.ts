import { openSqlite } from '#src/store/sqlite/binding.js'
import type { SimulatedMail } from './week.js'

/** One message as the far end got it. */
export interface Receipt {
  channel: string
  /** By the simulated clock, to the second. */
  at: number
  type: string
  deliveryId: string
  mailId: string | null
  title: string
}

export interface Simulated {
  /** Path of the store's file. */
  database: string
  mails: SimulatedMail[]
  receipts: Receipt[]
  /** Numbers of the mails that were told 250. */
  acknowledged: ReadonlySet<number>
  kills: number[]
  end: number
  /** True when, between the moments, the gateway was away or a channel out for a while. */
  isExcused: (from: number, to: number) => boolean
}

interface DeliveryRow {
  id: string
  notification_id: string
  purpose: string
  status: string
  channel: string
  route: string
  due_at: number | null
  last_error: string | null
  about_id: string | null
  repeat_number: number
  created_at: number
  updated_at: number
  first_attempt_at: number | null
  settled_at: number | null
}

interface NotificationRow {
  id: string
  route: string
  source: string
  created_at: number
  status: string
  reason: string | null
  duplicate_of: string | null
  digest_id: string | null
  acked_at: number | null
  resolved_at: number | null
  /** Of the sender's address: `monit+123@…`. Null for what no mail raised. */
  number: number | null
}

const toleranceMs = 1_000
const minuteMs = 60_000

/** Holds the far ends' receipts and the store against what a correct gateway does with these mails. */
export function judgeLedger(simulated: Simulated): { problems: string[]; table: string } {
  const database = openSqlite(simulated.database, { readonly: true })
  const problems: string[] = []
  const integrity = database.pragma('integrity_check', { simple: true })
  if (integrity !== 'ok') problems.push(`integrity: ${integrity}`)
  const notifications = database
    .prepare<[], NotificationRow>(
      `SELECT n.id, n.route, n.source, n.created_at, s.status, s.reason, s.duplicate_of, s.digest_id, s.acked_at, s.resolved_at,
         (SELECT CAST(substr(from_address, instr(from_address, '+') + 1) AS INTEGER) FROM mails WHERE mails.id = n.mail_id) AS number
       FROM notifications n JOIN notification_states s USING (id) ORDER BY n.id`,
    )
    .all()
  const deliveries = database
    .prepare<[], DeliveryRow>(
      `SELECT id, notification_id, purpose, status, channel, route, due_at, last_error, about_id, repeat_number, created_at,
         updated_at, (SELECT min(started_at) FROM attempts WHERE delivery_id = deliveries.id) AS first_attempt_at,
         iif(status = 'sent', updated_at, NULL) AS settled_at FROM deliveries ORDER BY id`,
    )
    .all()
  const stored = database
    .prepare<[], { sender: string; status: string }>('SELECT from_address AS sender, status FROM mails')
    .all()
  database.close()

  const world = { ...simulated, notifications, deliveries, problems }
  judgeMails(world, stored)
  const doubled = judgeReceipts(world)
  const found = {
    holds: judgeHolds(world),
    dedupe: judgeDedupe(world),
    recoveries: judgeRecoveries(world),
    repeats: judgeRepeats(world),
    digests: judgeDigests(world),
  }
  return { problems, table: describe(world, found, doubled) }
}

interface World extends Simulated {
  notifications: NotificationRow[]
  deliveries: DeliveryRow[]
  problems: string[]
}

/** Every mail that was told 250 is there, and nothing of it waits. */
function judgeMails(world: World, stored: { sender: string; status: string }[]): void {
  const numbers = new Set(stored.map(({ sender }) => numberOf(sender)))
  for (const number of world.acknowledged) if (!numbers.has(number)) world.problems.push(`mail ${number} is lost`)
  for (const { sender, status } of stored) {
    if (status !== 'routed' && status !== 'unrouted') world.problems.push(`mail ${numberOf(sender)} is ${status}`)
  }
  if (world.acknowledged.size !== world.mails.length) {
    world.problems.push(`${world.acknowledged.size} of ${world.mails.length} mails were told 250`)
  }
}

/** What the store calls sent has arrived; what has arrived twice was in flight at a kill. How many those are. */
function judgeReceipts({ deliveries, receipts, kills, end, problems }: World): number {
  const arrivals = new Map<string, Receipt[]>()
  for (const receipt of receipts)
    arrivals.set(receipt.deliveryId, [...(arrivals.get(receipt.deliveryId) ?? []), receipt])
  for (const delivery of deliveries) {
    const { id, status, purpose, route, channel } = delivery
    const what = `${purpose} ${id} of "${route}" on ${channel}`
    const got = arrivals.get(id) ?? []
    if (status === 'sent' && got.length === 0) problems.push(`${what} is sent and never arrived`)
    if (status === 'dead') problems.push(`${what} is dead: ${delivery.last_error}`)
    if (status === 'processing' || status === 'failed') problems.push(`${what} is ${status} at the end`)
    if (status === 'queued' && (delivery.due_at === null || delivery.due_at <= end))
      problems.push(`${what} still waits`)
  }
  let doubled = 0
  for (const [id, [first, ...more]] of arrivals) {
    for (const again of more) {
      doubled++
      const isExcused = kills.some((kill) => kill >= (first?.at ?? 0) - toleranceMs && kill <= again.at + toleranceMs)
      if (!isExcused)
        problems.push(`${id} arrived at ${iso(first?.at ?? 0)} and again at ${iso(again.at)}, without a kill`)
    }
  }
  return doubled
}

/** Stops without a start within 30 minutes, by the mails' dates, are told once, at their time; the others never. */
function judgeHolds(world: World): string {
  const expected = expectOutages(world)
  const told = world.notifications.filter(
    ({ route, status }) => route === 'stopped services' && status !== 'suppressed',
  )
  const byNumber = new Map(told.map((notification) => [notification.number, notification]))
  for (const { number, dueAt } of expected) {
    const notification = byNumber.get(number)
    byNumber.delete(number)
    if (!notification) {
      world.problems.push(`mail ${number}: the service stayed down, and nobody was told`)
      continue
    }
    const alert = world.deliveries.find((line) => line.notification_id === notification.id && line.purpose === 'alert')
    expectAt(world, `hold of mail ${number}`, alert?.first_attempt_at, dueAt, world.end)
  }
  for (const [number, { reason }] of byNumber) world.problems.push(`mail ${number} was told without need: ${reason}`)
  return `${expected.length} expected, ${told.length} told`
}

function expectOutages({ mails }: World): { number: number; dueAt: number }[] {
  const byService = new Map<string, SimulatedMail[]>()
  for (const mail of mails) {
    if (!mail.from.startsWith('monit+')) continue
    const service = `${/Host:\s+(\S+)/.exec(mail.text)?.[1]} ${mail.subject.split(' ').at(-1)}`
    byService.set(service, [...(byService.get(service) ?? []), mail])
  }
  const expected: { number: number; dueAt: number }[] = []
  for (const events of byService.values()) {
    events.sort((left, right) => left.date - right.date || left.number - right.number)
    let down: SimulatedMail | null = null
    for (const event of events) {
      const isStop = event.subject.includes('Does not exist')
      if (isStop) down ??= event
      else if (down) {
        if (event.date - down.date > 30 * minuteMs)
          expected.push({ number: down.number, dueAt: down.date + 30 * minuteMs })
        down = null
      }
    }
    if (down) expected.push({ number: down.number, dueAt: down.date + 30 * minuteMs })
  }
  return expected
}

/** Nobody hears of one error twice within its window, and every mail of it is told or counted by one that was. */
function judgeDedupe({ mails, notifications, problems }: World): string {
  const issueOf = new Map(mails.map((mail) => [mail.number, mail.text]))
  const toldAt = new Map<string, number>()
  let told = 0
  let suppressed = 0
  const ids = new Map(notifications.map((notification) => [notification.id, notification]))
  for (const notification of notifications) {
    if (notification.route !== 'errors' || notification.number === null) continue
    const issue = issueOf.get(notification.number) ?? ''
    if (notification.status === 'suppressed') {
      suppressed++
      const first = ids.get(notification.duplicate_of ?? '')
      if (!first || notification.created_at - first.created_at > 30 * minuteMs) {
        problems.push(`mail ${notification.number} was suppressed without need`)
      }
      continue
    }
    told++
    const before = toldAt.get(issue)
    if (before !== undefined && notification.created_at - before < 30 * minuteMs) {
      problems.push(`mail ${notification.number} told of ${issue} again after ${notification.created_at - before} ms`)
    }
    toldAt.set(issue, notification.created_at)
  }
  return `${told} told, ${suppressed} suppressed`
}

/** After a check came back its alert is not sent any more, and who had it hears that it is over. */
function judgeRecoveries({ mails, notifications, deliveries, receipts, problems }: World): string {
  const back = new Set(mails.filter(({ subject }) => subject === 'UP').map(({ text }) => text))
  const returns = new Set(mails.filter(({ text }) => back.has(text)).map(({ number }) => number))
  let resolved = 0
  let unsent = 0
  for (const notification of notifications.filter(({ route }) => route === 'checks go down')) {
    if (!returns.has(notification.number ?? -1)) continue
    if (notification.status !== 'resolved') {
      problems.push(`mail ${notification.number}: the check came back, and its alert is ${notification.status}`)
      continue
    }
    const own = deliveries.filter((line) => line.notification_id === notification.id)
    const alerts = own.filter(({ purpose }) => purpose === 'alert')
    const arrived = receipts.filter(
      ({ deliveryId, type }) => type === 'notification' && alerts.some(({ id }) => id === deliveryId),
    )
    const late = arrived.filter(({ at }) => at > (notification.resolved_at ?? 0) + toleranceMs)
    if (late.length > 0) problems.push(`mail ${notification.number}: its alert arrived after it had recovered`)
    const isSent = alerts.some(({ status }) => status === 'sent')
    // A sender that did not hear 250 before a kill sends its mail again: two alerts, and one end that is told once.
    const twins = notifications.filter((other) => other.number === notification.number).map(({ id }) => id)
    const told = deliveries.filter(
      (line) => line.purpose === 'resolve' && line.status === 'sent' && twins.includes(line.notification_id),
    )
    if (isSent && told.length !== 1) problems.push(`mail ${notification.number}: ${told.length} resolves for one alert`)
    if (isSent) resolved++
    else unsent++
  }
  return `${resolved} resolved, ${unsent} over before they were sent`
}

/** Repeats come every ten minutes, three times, and the escalation after 25 minutes, unless somebody answers. */
function judgeRepeats(world: World): string {
  let repeats = 0
  let escalations = 0
  for (const notification of world.notifications.filter(({ route }) => route === 'disks')) {
    const own = world.deliveries.filter((line) => line.notification_id === notification.id)
    const chain = own.filter(({ purpose }) => purpose === 'alert' || purpose === 'repeat')
    const sent = chain
      .filter(({ status }) => status === 'sent')
      .sort((left, right) => left.repeat_number - right.repeat_number)
    for (const [index, repeat] of sent.entries()) {
      const before = sent[index - 1]
      if (!before) continue
      repeats++
      expectAt(
        world,
        `repeat of mail ${notification.number}`,
        repeat.first_attempt_at,
        (before.settled_at ?? 0) + 10 * minuteMs,
        world.end,
      )
    }
    const escalation = own.find(({ purpose }) => purpose === 'escalation')
    if (!escalation) world.problems.push(`mail ${notification.number} has no escalation`)
    else if (escalation.status === 'sent') {
      escalations++
      expectAt(
        world,
        `escalation of mail ${notification.number}`,
        escalation.first_attempt_at,
        notification.created_at + 25 * minuteMs,
        world.end,
      )
    }
    if (notification.acked_at === null) {
      const isComplete = sent.length === 4 && escalation?.status === 'sent'
      if (!isComplete)
        world.problems.push(`mail ${notification.number}: nobody answered, and it was told ${sent.length} times`)
    } else {
      const ackedAt = notification.acked_at
      const ids = new Set(
        own.filter(({ purpose }) => purpose === 'repeat' || purpose === 'escalation').map(({ id }) => id),
      )
      const late = world.receipts.filter(({ deliveryId, at }) => ids.has(deliveryId) && at > ackedAt + toleranceMs)
      if (late.length > 0)
        world.problems.push(`mail ${notification.number} was told again after it had been acknowledged`)
    }
  }
  return `${repeats} repeats, ${escalations} escalations`
}

/** Every report is in one digest, which went out four hours after its first. */
function judgeDigests(world: World): string {
  const items = world.notifications.filter(({ route, source }) => route === 'reports' && source === 'mail')
  const firstAt = new Map<string, number>()
  let waiting = 0
  for (const { number, digest_id: digestId, created_at: createdAt } of items) {
    if (digestId === null) {
      if (createdAt + 4 * 60 * minuteMs <= world.end) world.problems.push(`report ${number} is in no digest`)
      waiting++
      continue
    }
    firstAt.set(digestId, Math.min(firstAt.get(digestId) ?? Number.POSITIVE_INFINITY, createdAt))
  }
  const digests = world.notifications.filter(({ source }) => source === 'digest')
  for (const digest of digests) {
    expectAt(
      world,
      `digest ${digest.id}`,
      digest.created_at,
      (firstAt.get(digest.id) ?? 0) + 4 * 60 * minuteMs,
      world.end,
    )
  }
  return `${items.length} reports in ${digests.length} digests, ${waiting} wait`
}

/** A moment is kept to a second, unless the gateway was down or the channel was: then as soon as it was back. */
function expectAt(world: World, what: string, at: number | null | undefined, dueAt: number, end: number): void {
  if (at === null || at === undefined) {
    if (dueAt <= end) world.problems.push(`${what}, due ${iso(dueAt)}, never came`)
    return
  }
  const lateMs = at - dueAt
  if (lateMs < -toleranceMs) world.problems.push(`${what} came ${-lateMs} ms early`)
  if (lateMs > toleranceMs && !world.isExcused(dueAt, at))
    world.problems.push(`${what} came ${lateMs} ms late, ${iso(at)}`)
}

function describe(
  { mails, notifications, deliveries, receipts, kills }: World,
  found: Record<string, string>,
  doubled: number,
): string {
  const rows = {
    mails: mails.length,
    notifications: notifications.length,
    deliveries: deliveries.length,
    receipts: receipts.length,
    kills: kills.length,
    'in flight at a kill, twice': doubled,
    ...found,
  }
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(28)} ${value}`)
    .join('\n')
}

export function numberOf(sender: string): number {
  return Number(/\+(\d+)@/.exec(sender)?.[1])
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
