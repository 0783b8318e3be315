import type Database from 'better-sqlite3'
import { decodeTime } from 'ulid'
import type { AckDisplay } from '../../domain/channel.js'
import type { Repeat } from '../../domain/delivery.js'
import { createIdSource } from '../../domain/new-id.js'
import { type NewDeliveryRow, prepareDeliveryRows, type SentRow } from './delivery-rows.js'

/** What was sent to one place long ago has scrolled away, and vendors count changes as messages. */
const changedPerPlaceMax = 20
/** In one transaction, and of one alert: enough for the newest message of as many people as a mail may have. */
const changedMax = 1_000

/**
 * Deliveries that follow upon one that was sent: the same again, that it is over, or a change of what was sent. They
 * say what it said; how that is put is the deliverer's, who sends them.
 */
export function prepareFollowUps(database: Database.Database) {
  const rows = prepareDeliveryRows(database)
  const nextId = createIdSource()
  // Lists go by id: what follows stands behind what it follows, also when both are of the same millisecond.
  const newId = (behind: SentRow, now: number): string => nextId(Math.max(now, decodeTime(behind.id) + 1))
  const selectSent = database.prepare<[string], SentRow>(
    `SELECT * FROM deliveries WHERE notification_id = ? AND purpose IN ('alert', 'repeat', 'escalation')
       AND status = 'sent' ORDER BY id`,
  )

  const selectNewest = database.prepare<[string, string, number, number], SentRow>(
    `SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY channel, recipient, address ORDER BY id DESC) AS place
       FROM deliveries WHERE notification_id = ? AND purpose IN ('alert', 'repeat', 'escalation') AND status = 'sent'
         AND channel IN (SELECT value FROM json_each(?)))
     WHERE place <= ? ORDER BY place, id LIMIT ?`,
  )

  /** The next repeat of an alert, due `everyMs` after `now`. Nothing when the row was the last one. */
  function repeat(row: SentRow, now: number): void {
    const settings = row.repeat === null ? null : (JSON.parse(row.repeat) as Repeat)
    if (settings === null || row.repeat_number >= settings.times) return
    const alertKey =
      row.repeat_number === 0 ? row.dedupe_key : row.dedupe_key.slice(0, row.dedupe_key.lastIndexOf('/repeat/'))
    const repeatNumber = row.repeat_number + 1
    rows.insert({
      ...takeOver(row, newId(row, now), now),
      purpose: 'repeat',
      aboutId: row.about_id ?? row.id,
      afterMs: settings.everyMs,
      repeat: row.repeat,
      repeatNumber,
      offersAck: row.offers_ack,
      during: row.during,
      dueAt: now + settings.everyMs,
      dedupeKey: `${alertKey}/repeat/${repeatNumber}`,
    })
  }

  /** That it is over, once for each channel and address of a notification; false when that was said. */
  function resolve(row: SentRow, now: number): boolean {
    return rows.insert({
      ...takeOver(row, newId(row, now), now),
      purpose: 'resolve',
      during: row.during,
      dedupeKey: followUpKey(row, 'resolve'),
    })
  }

  /** A change of the message itself, or one for all that went there. It makes no sound, so it waits for no calendar. */
  function update(row: SentRow, display: AckDisplay, now: number): boolean {
    return rows.insert({
      ...takeOver(row, newId(row, now), now),
      purpose: 'update',
      dedupeKey: display === 'each' ? `${row.id}/update` : followUpKey(row, 'update'),
    })
  }

  /** What was sent of a notification: of each channel and address the first. */
  function listSent(notificationId: string): SentRow[] {
    const first = new Map<string, SentRow>()
    for (const row of selectSent.all(notificationId)) {
      const target = targetOf(row)
      if (!first.has(target)) first.set(target, row)
    }
    return [...first.values()]
  }

  /** What was sent of a notification on these channels: the newest of each channel and address first, up to a bound. */
  function listNewest(notificationId: string, channels: string[]): SentRow[] {
    return selectNewest.all(notificationId, JSON.stringify(channels), changedPerPlaceMax, changedMax)
  }

  return { repeat, resolve, update, listSent, listNewest }
}

/** Where a delivery goes, as one text. */
export function targetOf({ channel, recipient, address }: SentRow): string {
  return JSON.stringify([channel, recipient, address])
}

function followUpKey(row: SentRow, purpose: 'resolve' | 'update'): string {
  return `${row.notification_id}/${purpose}/${targetOf(row)}`
}

function takeOver(row: SentRow, id: string, now: number): Omit<NewDeliveryRow, 'purpose' | 'dedupeKey'> {
  return {
    id,
    notificationId: row.notification_id,
    mailId: row.mail_id,
    runId: row.run_id,
    route: row.route,
    channel: row.channel,
    recipient: row.recipient,
    address: row.address,
    message: row.message,
    status: 'queued',
    aboutId: row.id,
    afterMs: 0,
    repeat: null,
    repeatNumber: 0,
    offersAck: 0,
    during: null,
    retryMs: row.retry_ms,
    retryWindowMs: row.retry_window_ms,
    dueAt: now,
    lastError: null,
    now,
  }
}
