import type Database from 'better-sqlite3'
import type { NewDelivery, NewNotification, NotificationStatus } from '../../domain/delivery.js'
import { createIdSource } from '../../domain/new-id.js'
import type { Recovery } from '../../domain/notification.js'
import type { CommittedRouting } from '../store.js'
import { type NewDeliveryRow, prepareDeliveryRows } from './delivery-rows.js'
import { type Birth, prepareNoiseControl, silenceOf, type Verdict } from './noise-control.js'
import { prepareStates } from './notification-states.js'
import { reasons } from './reasons.js'
import { prepareSilences } from './silences.js'
import type { StatCounts } from './stat-counts.js'

/** What raised the notifications: one routing of a mail, one run of a job, or an occasion of the gateway's own. */
export type NotificationOrigin =
  | {
      source: 'mail'
      mailId: string
      generation: number
      runId: null
      key: string
      recoveries: Recovery[]
      /** Why a route without deliveries has none all the same: another one of the mail says the same. */
      toldBy: ReadonlyMap<string, string>
    }
  | { source: 'run'; mailId: null; generation: 0; runId: string; key: string }
  | { source: 'digest' | 'monitor' | 'system'; mailId: null; generation: 0; runId: null; key: string }

/**
 * Notifications with their state and their deliveries. Unique keys make a repeat harmless: one notification per mail,
 * generation and route, per run and place in it, or per occasion, and one delivery per origin, channel, address and
 * message. Runs inside the caller's transaction.
 */
export function prepareNotifications(database: Database.Database, counts: StatCounts) {
  // Ids made in the same millisecond keep the order in which they were made.
  const newId = createIdSource()
  const states = prepareStates(database)
  const control = prepareNoiseControl(database)
  const silences = prepareSilences(database)
  const rows = prepareDeliveryRows(database)
  const insertNotification = database.prepare(
    `INSERT INTO notifications (id, mail_id, run_id, run_index, generation, route, severity, event, fingerprint, labels,
       message, flagged, created_at, source, origin_key)
     VALUES (@id, @mailId, @runId, @runIndex, @generation, @route, @severity, @event, @fingerprint, @labels,
       @message, @flagged, @now, @source, @originKey)`,
  )
  const isOfMail = database.prepare<[string | null, number, string]>(
    'SELECT 1 FROM notifications WHERE mail_id = ? AND generation = ? AND route = ?',
  )
  const isOfOccasion = database.prepare<[string]>('SELECT 1 FROM notifications WHERE origin_key = ?')
  // A run whose end is corrected has told of its failure already; what is told now stands behind that.
  const countOfRun = database.prepare<[string], { count: number }>(
    'SELECT count(*) AS count FROM notifications WHERE run_id = ?',
  )

  function save(notifications: NewNotification[], origin: NotificationOrigin, now: number): CommittedRouting {
    const committed: CommittedRouting = { deliveries: 0, channels: [], fates: [] }
    const before = origin.runId === null ? 0 : (countOfRun.get(origin.runId)?.count ?? 0)
    const inForce = notifications.length > 0 ? silences.inForce(now) : []
    for (const [position, notification] of notifications.entries()) {
      const place = origin.source === 'mail' ? origin.key : `${origin.key}/${before + position}`
      if (isKnown(origin, notification.route, place)) continue
      const birth = { id: newId(now), notification, generation: origin.generation, silences: inForce, now }
      const verdict = control.decide(birth)
      const told = withNote(notification, verdict)
      insertNotification.run({
        id: birth.id,
        mailId: origin.mailId,
        runId: origin.runId,
        runIndex: origin.runId === null ? null : before + position,
        generation: origin.generation,
        route: told.route,
        severity: told.severity,
        event: told.event,
        fingerprint: told.fingerprint,
        labels: JSON.stringify(told.labels),
        message: JSON.stringify(told.message),
        flagged: told.flagged,
        now,
        source: origin.source,
        originKey: origin.mailId === null && origin.runId === null ? place : null,
      })
      const kept = keepDeliveries({ ...birth, notification: told }, verdict, origin, place)
      const fate = fateOf(told, verdict, kept, origin, now)
      states.insert({ id: birth.id, ...fate, ...factsOf(told, verdict, origin) })
      committed.fates.push({ notification_id: birth.id, route: told.route, ...fate })
      committed.deliveries += kept.length
      for (const row of kept) {
        if (row.status === 'dead') counts.countDelivery('dead', row, now)
        if (row.dueAt !== null && !committed.channels.includes(row.channel)) committed.channels.push(row.channel)
      }
    }
    return committed
  }

  function isKnown(origin: NotificationOrigin, route: string, place: string): boolean {
    if (origin.source === 'mail') return isOfMail.get(origin.mailId, origin.generation, route) !== undefined
    return origin.source !== 'run' && isOfOccasion.get(place) !== undefined
  }

  /** Alerts first: where another route of the mail says the same to all of them, there is nothing to escalate. */
  function keepDeliveries(birth: Birth, verdict: Verdict, origin: NotificationOrigin, place: string): NewDeliveryRow[] {
    const { deliveries } = birth.notification
    if (verdict.kind === 'suppressed') return []
    const planned = verdict.kind === 'waits' && verdict.verb === 'digest' ? deliveries.filter(isDead) : deliveries
    const list = (purpose: NewDelivery['purpose']): NewDeliveryRow[] =>
      planned
        .filter((delivery) => delivery.purpose === purpose)
        .map((delivery) => toRow(delivery, birth, verdict, origin, place, newId(birth.now)))
    const alerts = list('alert')
    const kept = alerts.filter((row) => rows.insert(row))
    if (kept.length > 0) return [...kept, ...list('escalation').filter((row) => rows.insert(row))]
    const keeper = alerts[0] ? rows.findKeeper(alerts[0].dedupeKey) : null
    if (keeper !== null && birth.notification.control.dedupe) control.handOverKey(birth.id, keeper)
    return []
  }

  return { save }
}

/** What was suppressed since the last one is said in the message itself. */
function withNote(notification: NewNotification, verdict: Verdict): NewNotification {
  const note = verdict.kind === 'goes_out' || verdict.kind === 'waits' ? verdict.note : null
  if (note === null) return notification
  const addNote = <Noted extends { message: NewNotification['message'] }>(noted: Noted): Noted => ({
    ...noted,
    message: { ...noted.message, notes: [...noted.message.notes, note] },
  })
  return { ...addNote(notification), deliveries: notification.deliveries.map(addNote) }
}

function toRow(
  delivery: NewDelivery,
  birth: Birth,
  verdict: Verdict,
  origin: NotificationOrigin,
  place: string,
  id: string,
): NewDeliveryRow {
  const { notification, now } = birth
  const own = JSON.stringify(delivery.message)
  const silence = delivery.purpose === 'alert' ? silenceOf(birth, delivery.channel) : null
  const silenced =
    verdict.kind === 'silenced' ? verdict.reason : silence === null ? null : reasons.silenced(silence, now)
  const isHeld = verdict.kind === 'waits'
  // What does not go out now must not take the place of the same message of another route that does.
  const key = silenced === null && !isHeld ? delivery.dedupeKey : `${notification.route}/waits/${delivery.dedupeKey}`
  return {
    id,
    notificationId: birth.id,
    mailId: origin.mailId,
    runId: origin.runId,
    route: notification.route,
    channel: delivery.channel,
    recipient: delivery.recipient,
    address: delivery.address,
    message: own === JSON.stringify(notification.message) ? null : own,
    status: delivery.dead !== null ? 'dead' : silenced !== null ? 'cancelled' : 'queued',
    purpose: delivery.purpose,
    aboutId: null,
    afterMs: delivery.afterMs,
    repeat: delivery.repeat === null ? null : JSON.stringify(delivery.repeat),
    repeatNumber: 0,
    offersAck: delivery.offersAck ? 1 : 0,
    during: delivery.during,
    retryMs: JSON.stringify(delivery.retryMs),
    retryWindowMs: delivery.retryWindowMs,
    dueAt: delivery.dead !== null || silenced !== null || isHeld ? null : now + delivery.afterMs,
    lastError: delivery.dead ?? silenced,
    dedupeKey: `${place}/${key}`,
    now,
  }
}

interface Fate {
  status: NotificationStatus
  reason: string | null
}

function fateOf(
  notification: NewNotification,
  verdict: Verdict,
  kept: NewDeliveryRow[],
  origin: NotificationOrigin,
  now: number,
): Fate {
  if (verdict.kind === 'silenced' || verdict.kind === 'suppressed') {
    return { status: 'suppressed', reason: verdict.reason }
  }
  const alerts = kept.filter((row) => row.purpose === 'alert')
  const dead = alerts.find((row) => row.status === 'dead')
  if (dead) return { status: 'dead', reason: dead.lastError }
  if (verdict.kind === 'waits') return { status: 'queued', reason: reasons.waits(verdict.until, verdict.verb, now) }
  if (alerts.length > 0) {
    const silenced = alerts.find((row) => row.status === 'cancelled')
    return { status: 'queued', reason: silenced ? `${silenced.channel}: ${silenced.lastError}` : null }
  }
  const toldBy = origin.source === 'mail' ? origin.toldBy.get(notification.route) : undefined
  if (toldBy !== undefined) return { status: 'suppressed', reason: toldBy }
  if (notification.deliveries.length > 0) return { status: 'suppressed', reason: reasons.alreadyTold }
  return { status: 'dead', reason: reasons.nobodyReached }
}

function isDead(delivery: NewDelivery): boolean {
  return delivery.dead !== null
}

/** What tells of a recovery opens nothing that the next recovery would have to close. */
function factsOf(notification: NewNotification, verdict: Verdict, origin: NotificationOrigin) {
  const { route, fingerprint, severity } = notification
  const recovers =
    severity === 'resolved' ||
    (origin.source === 'mail' &&
      origin.recoveries.some(
        (recovery) =>
          recovery.route === route && recovery.type === 'fingerprint' && recovery.fingerprint === fingerprint,
      ))
  return {
    route,
    fingerprint,
    opens: recovers ? (0 as const) : (1 as const),
    offers_ack: notification.deliveries.some((delivery) => delivery.offersAck) ? (1 as const) : (0 as const),
    waits_for: verdict.kind === 'waits' ? verdict.verb : null,
    waits_until: verdict.kind === 'waits' ? verdict.until : null,
    duplicate_of: verdict.kind === 'suppressed' ? verdict.duplicateOf : null,
  }
}
