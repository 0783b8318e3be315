import type Database from 'better-sqlite3'
import type { DeliveryPurpose, NotificationStatus } from '../../domain/delivery.js'
import type { DigestTarget, NoiseControl } from '../../domain/notification.js'
import { prepareDedupe } from './dedupe.js'
import { prepareDigests } from './digests.js'
import { prepareStates } from './notification-states.js'
import { reasons } from './reasons.js'

/** An episode that was let go and that no mail joined for so long is over: the next mail opens another. */
const silentMs = 24 * 3_600_000

export type Hold = NonNullable<NoiseControl['hold']>

/** Where a held notification goes when it is let go and its route gathers. */
type DigestPlan = NonNullable<NoiseControl['digest']>

export interface HoldRow {
  route: string
  key: string
  notification_id: string
  happened_at: number
  for_ms: number
  until: number
  /** Null while it is held. */
  released_at: number | null
  seen_at: number
  digest: string | null
  status: NotificationStatus
  waits_for: 'hold' | 'digest' | null
}

/** What is held, by route and key. Every function that writes runs inside the caller's transaction. */
export function prepareHolds(database: Database.Database) {
  const states = prepareStates(database)
  const dedupe = prepareDedupe(database)
  const digests = prepareDigests(database)
  const select = database.prepare<[string, string], HoldRow>(
    `SELECT holds.*, notification_states.status, waits_for FROM holds
     JOIN notification_states ON notification_states.id = notification_id WHERE holds.route = ? AND key = ?`,
  )
  const save = database.prepare(
    `INSERT OR REPLACE INTO holds (route, key, notification_id, happened_at, for_ms, until, released_at, seen_at, digest)
     VALUES (@route, @key, @id, @happenedAt, @forMs, @until, NULL, @now, @digest)`,
  )
  const see = database.prepare<[number, number, number, string, string]>(
    'UPDATE holds SET seen_at = ?, happened_at = ?, until = ? WHERE route = ? AND key = ?',
  )
  const selectDue = database.prepare<[number, number], HoldRow>(
    `SELECT holds.*, notification_states.status, waits_for FROM holds
     JOIN notification_states ON notification_states.id = notification_id
     WHERE released_at IS NULL AND until <= ? ORDER BY until LIMIT ?`,
  )
  const markReleased = database.prepare<[number, string, string]>(
    'UPDATE holds SET released_at = ? WHERE route = ? AND key = ?',
  )
  const letGo = database.prepare<[number, number, number, string], { channel: string }>(
    `UPDATE deliveries SET due_at = ? + after_ms, retried_at = ? + after_ms, updated_at = ?
     WHERE notification_id = ? AND purpose IN ('alert', 'escalation') AND status = 'queued' AND due_at IS NULL
     RETURNING channel`,
  )
  const gather = database.prepare<[string], GatheredRow>(
    `DELETE FROM deliveries WHERE notification_id = ? AND purpose IN ('alert', 'escalation') AND status = 'queued'
       AND due_at IS NULL RETURNING *`,
  )
  const nextDue = database.prepare<[], { until: number | null }>(
    'SELECT min(until) AS until FROM holds WHERE released_at IS NULL',
  )

  /**
   * Joins the open episode of the key, when there is one. A mail that is late may say that it began earlier; then it
   * is let go earlier, too.
   */
  function join(route: string, hold: Hold, now: number): HoldRow | null {
    const row = select.get(route, hold.key)
    if (!row || !isOpen(row, now)) return null
    states.count(row.notification_id)
    const isEarlier = row.released_at === null && hold.happenedAt < row.happened_at
    const until = isEarlier ? Math.min(row.until, hold.until) : row.until
    see.run(now, isEarlier ? hold.happenedAt : row.happened_at, until, route, hold.key)
    if (until !== row.until) states.waitUntil(row.notification_id, 'hold', until, reasons.waits(until, 'hold', now))
    return row
  }

  /** Lets one go: its alerts are due now, its escalations after their wait. Answers with the channels. */
  function release(row: HoldRow, now: number): string[] {
    const { route, key, notification_id: id } = row
    markReleased.run(now, route, key)
    if (row.waits_for !== 'hold') return []
    states.endWaiting(id)
    dedupe.begin(id, now)
    if (row.digest === null) return [...new Set(letGo.all(now, now, now, id).map(({ channel }) => channel))]
    moveToDigest(id, route, JSON.parse(row.digest) as DigestPlan, now)
    return []
  }

  /** A person may have cancelled or sent some of it while it waited; what is left goes into the digest. */
  function moveToDigest(id: string, route: string, plan: DigestPlan, now: number): void {
    const alerts = gather.all(id).filter((delivery) => delivery.purpose === 'alert')
    if (alerts.length === 0) return
    const dueAt = digests.add({ ...plan, targets: alerts.map(toTarget), id, route, now })
    states.waitUntil(id, 'digest', dueAt, reasons.waits(dueAt, 'digest', now))
  }

  return {
    join,
    release,
    find: (route: string, key: string): HoldRow | undefined => select.get(route, key),
    keep(route: string, hold: Hold, held: { id: string; now: number; digest: DigestPlan | null }): void {
      const { id, now, digest } = held
      save.run({ route, ...hold, id, now, digest: digest === null ? null : JSON.stringify(digest) })
    },
    releaseDue(now: number, limit: number): { released: number; channels: string[] } {
      const due = selectDue.all(now, limit)
      const channels = new Set(due.flatMap((row) => release(row, now)))
      return { released: due.length, channels: [...channels] }
    },
    nextDueAt: (): number | null => nextDue.get()?.until ?? null,
  }
}

interface GatheredRow {
  purpose: DeliveryPurpose
  channel: string
  recipient: string | null
  address: string | null
  retry_ms: string
  retry_window_ms: number
  during: string | null
}

function toTarget({ channel, recipient, address, retry_ms, retry_window_ms, during }: GatheredRow): DigestTarget {
  const retryMs = JSON.parse(retry_ms) as number[]
  return { channel, recipient, address, retryMs, retryWindowMs: retry_window_ms, during }
}

/** Nobody hears of what was ended, or is dead once it was let go, so nothing may join it. */
function isOpen({ status, waits_for, released_at, seen_at }: HoldRow, now: number): boolean {
  if (released_at === null) return waits_for === 'hold' && status !== 'cancelled'
  return !['suppressed', 'resolved', 'cancelled', 'dead'].includes(status) && now - seen_at < silentMs
}
