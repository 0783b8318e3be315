import type Database from 'better-sqlite3'
import type { DeliveryPurpose, DeliveryStatus, NotificationStatus, Repeat } from '../../domain/delivery.js'
import type { Message, Severity } from '../../domain/message.js'
import type { NotificationFacts } from '../../domain/notification.js'
import type { ClaimedDelivery, DeliveryClaim } from '../store.js'

/** A claim looks at no more routes than this for one that is due, so that its cost does not grow with the config. */
const routesMax = 64

/**
 * The queue of deliveries, as its sender sees it: each channel is claimed from by itself, and within a channel the
 * routes take turns, oldest first within a route. So thousands that wait of one route do not hold up another route's
 * only one. Every function here runs inside the caller's transaction.
 */
export function prepareClaims(database: Database.Database) {
  // Each of these is one step down an index on (channel, route, due_at), whatever waits behind it.
  const selectFirstRoute = database.prepare<[string], WaitingRoute>(
    `SELECT route, due_at AS dueAt FROM deliveries WHERE channel = ? AND due_at IS NOT NULL
     ORDER BY route, due_at LIMIT 1`,
  )
  const selectNextRoute = database.prepare<[string, string], WaitingRoute>(
    `SELECT route, due_at AS dueAt FROM deliveries WHERE channel = ? AND route > ? AND due_at IS NOT NULL
     ORDER BY route, due_at LIMIT 1`,
  )
  const claimOfRoute = database.prepare<Take & { route: string }, { id: string }>(
    claimWhere('channel = @channel AND route = @route AND due_at <= @now'),
  )
  const claimOfAny = database.prepare<Take, { id: string }>(claimWhere('channel = @channel AND due_at <= @now'))
  const selectClaimed = database.prepare<[string], ClaimRow>(
    `SELECT deliveries.*, about.remote AS about_remote, notifications.message AS notified, notifications.severity,
       notifications.labels, notifications.fingerprint, notifications.created_at AS notified_at,
       states.status AS notification_status, states.acked_by, states.acked_at, states.ack_note, states.resolved_by,
       states.resolved_at
     FROM deliveries
     JOIN notifications ON notifications.id = deliveries.notification_id
     JOIN notification_states AS states ON states.id = deliveries.notification_id
     LEFT JOIN deliveries AS about ON about.id = deliveries.about_id
     WHERE deliveries.id = ?`,
  )
  // Steps from channel to channel through the index: grouping would read every waiting delivery each time.
  const nextDue = database.prepare<[], { channel: string; dueAt: number }>(
    `WITH RECURSIVE waiting (channel) AS (
       SELECT min(channel) FROM deliveries WHERE due_at IS NOT NULL
       UNION ALL
       SELECT (SELECT min(channel) FROM deliveries WHERE due_at IS NOT NULL AND channel > waiting.channel)
       FROM waiting WHERE waiting.channel IS NOT NULL)
     SELECT channel, (SELECT min(due_at) FROM deliveries WHERE channel = waiting.channel AND due_at IS NOT NULL) AS dueAt
     FROM waiting WHERE channel IS NOT NULL`,
  )
  const releaseLeases = database.prepare<[number]>(
    `UPDATE deliveries SET due_at = ?, lease_owner = NULL, status = 'queued'
     WHERE status = 'processing' AND lease_owner IS NOT NULL`,
  )
  // Whose turn it was last, by channel. It is about fairness only, so it may be forgotten and needs no transaction.
  const turns = new Map<string, string>()

  function claimDeliveries({ owner, channel, now, leaseMs, limit }: DeliveryClaim): ClaimedDelivery[] {
    const lease = { channel, owner, now, until: now + leaseMs }
    const { due, leftAt } = listDueRoutes(channel, now, limit)
    const ids: string[] = []
    for (let route = due.shift(); route !== undefined && ids.length < limit; route = due.shift()) {
      const row = claimOfRoute.get({ ...lease, route })
      if (!row) continue
      ids.push(row.id)
      due.push(route)
      turns.set(channel, route)
    }
    if (leftAt !== null) {
      turns.set(channel, leftAt)
      // What is due may be of a route that was not looked at; it is not to wait until its turn comes.
      while (ids.length < limit) {
        const row = claimOfAny.get(lease)
        if (!row) break
        ids.push(row.id)
      }
    }
    return ids.map((id) => readClaimed(id, owner))
  }

  function readClaimed(id: string, owner: string): ClaimedDelivery {
    const row = selectClaimed.get(id)
    if (!row) throw new Error(`delivery ${id} has no notification`)
    return toClaimedDelivery(row, owner)
  }

  /**
   * Up to `limit` routes with something due, in turn behind the one served last. `leftAt` is the last route looked at
   * when there were more than may be looked at.
   */
  function listDueRoutes(channel: string, now: number, limit: number): { due: string[]; leftAt: string | null } {
    const due: string[] = []
    const stepFrom = (route: string | undefined): WaitingRoute | undefined =>
      (route === undefined ? undefined : selectNextRoute.get(channel, route)) ?? selectFirstRoute.get(channel)
    let at = stepFrom(turns.get(channel))
    const first = at?.route
    for (let seen = 1; at !== undefined && due.length < limit; seen++) {
      if (at.dueAt <= now) due.push(at.route)
      const next = stepFrom(at.route)
      if (next?.route === first) break
      if (seen === routesMax) return { due, leftAt: at.route }
      at = next
    }
    return { due, leftAt: null }
  }

  return {
    claimDeliveries,
    nextDueAt: () => nextDue.all(),
    releaseLeases: (now: number) => releaseLeases.run(now).changes,
  }
}

/** The oldest due of those that `condition` names. A claim moves `due_at` to the lease's end, so the next one is another. */
function claimWhere(condition: string): string {
  return `UPDATE deliveries SET status = 'processing', due_at = @until, lease_owner = @owner, epoch = epoch + 1,
      attempts = attempts + 1, counted = counted + 1, updated_at = @now
    WHERE id = (SELECT id FROM deliveries WHERE ${condition} ORDER BY due_at, id LIMIT 1) RETURNING id`
}

interface WaitingRoute {
  route: string
  /** Of the oldest that waits of this route. */
  dueAt: number
}

interface Take {
  channel: string
  owner: string
  now: number
  until: number
}

interface ClaimRow {
  id: string
  notification_id: string
  mail_id: string | null
  run_id: string | null
  route: string
  channel: string
  recipient: string | null
  address: string | null
  status: DeliveryStatus
  attempts: number
  counted: number
  retry_ms: string
  retry_window_ms: number
  retried_at: number | null
  purpose: DeliveryPurpose
  about_id: string | null
  after_ms: number
  repeat: string | null
  repeat_number: number
  offers_ack: number
  during: string | null
  due_at: number
  last_error: string | null
  remote: string
  created_at: number
  updated_at: number
  epoch: number
  message: string | null
  notified: string
  severity: Severity
  labels: string
  fingerprint: string
  notified_at: number
  notification_status: NotificationStatus
  acked_by: string | null
  acked_at: number | null
  ack_note: string | null
  resolved_by: string | null
  resolved_at: number | null
  about_remote: string | null
}

function toClaimedDelivery(row: ClaimRow, owner: string): ClaimedDelivery {
  return {
    id: row.id,
    notificationId: row.notification_id,
    mailId: row.mail_id,
    runId: row.run_id,
    route: row.route,
    channel: row.channel,
    recipient: row.recipient,
    address: row.address,
    status: row.status,
    attempts: row.attempts,
    counted: row.counted,
    retryMs: JSON.parse(row.retry_ms) as number[],
    retryWindowMs: retryWindowOf(row),
    purpose: row.purpose,
    aboutId: row.about_id,
    repeatNumber: row.repeat_number,
    repeat: row.repeat === null ? null : (JSON.parse(row.repeat) as Repeat),
    offersAck: row.offers_ack === 1,
    during: row.during,
    nextAttemptAt: row.due_at,
    lastError: row.last_error,
    remote: JSON.parse(row.remote) as Record<string, string>,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    epoch: row.epoch,
    owner,
    message: JSON.parse(row.message ?? row.notified) as Message,
    notification: toFacts(row),
    aboutRemote: row.about_remote === null ? null : (JSON.parse(row.about_remote) as Record<string, string>),
  }
}

/**
 * The window is counted from the birth of a delivery. What an escalation waits by plan is no part of it, and a person's
 * retry begins it anew.
 */
export function retryWindowOf({
  retry_window_ms,
  retried_at,
  created_at,
  after_ms,
}: Pick<ClaimRow, 'retry_window_ms' | 'retried_at' | 'created_at' | 'after_ms'>): number {
  return retry_window_ms + (retried_at === null ? after_ms : retried_at - created_at)
}

function toFacts(row: ClaimRow): NotificationFacts {
  const { acked_by, acked_at, resolved_by, resolved_at } = row
  return {
    id: row.notification_id,
    status: row.notification_status,
    severity: row.severity,
    labels: JSON.parse(row.labels) as Record<string, string>,
    fingerprint: row.fingerprint,
    createdAt: row.notified_at,
    acknowledged: acked_by === null || acked_at === null ? null : { by: acked_by, at: acked_at, note: row.ack_note },
    resolved: resolved_by === null || resolved_at === null ? null : { by: resolved_by, at: resolved_at },
  }
}
