import type Database from 'better-sqlite3'
import { type RawBuilder, sql as raw, type SqlBool } from 'kysely'
import type { DeliveryStatus } from '../../domain/delivery.js'
import type { DeliverySelection } from '../store.js'
import type { CommitQueue } from './commit-queue.js'
import { isSelected } from './delivery-lists.js'
import { allRows, sql } from './statements.js'

/** Rows a commit: a mail that comes in meanwhile waits for no more than that. */
const rowsPerCommit = 500

/**
 * A person's retry starts a fresh ladder; the attempts made so far stay on record. What is held or gathered goes on
 * waiting. What was cancelled because somebody acknowledged it, or because it recovered, is sent only when it is named
 * by its id: whoever retries a channel does not mean that.
 */
export function retryDeliveries(
  database: Database.Database,
  queue: CommitQueue,
  selection: DeliverySelection,
  now: number,
): Promise<number> {
  const retry = database.prepare<[number, number, number, string]>(
    `UPDATE deliveries SET status = 'queued', due_at = ?, counted = 0, updated_at = ?, retried_at = ?
     WHERE id IN (SELECT value FROM json_each(?))`,
  )
  return changeInCommits(database, queue, {
    selection,
    // What is retried becomes `queued`, so that comes first: later it would be counted twice.
    statuses: ['queued', 'failed', 'dead', 'cancelled'],
    condition: selection.ids ? isNotWaiting : raw<SqlBool>`${isNotWaiting} AND ${isNotOver}`,
    change: (ids) => retry.run(now, now, now, ids),
  })
}

/** What is being sent at this moment cannot be taken back, so it is left alone. */
export function cancelDeliveries(
  database: Database.Database,
  queue: CommitQueue,
  selection: DeliverySelection,
  now: number,
  reason: string | null,
): Promise<number> {
  const cancel = database.prepare<[string | null, number, string]>(
    `UPDATE deliveries SET status = 'cancelled', due_at = NULL, last_error = coalesce(?, last_error), updated_at = ?
     WHERE id IN (SELECT value FROM json_each(?))`,
  )
  return changeInCommits(database, queue, {
    selection,
    statuses: ['queued', 'failed', 'dead'],
    condition: raw<SqlBool>`true`,
    change: (ids) => cancel.run(reason, now, ids),
  })
}

const isNotWaiting = raw<SqlBool>`(deliveries.status <> 'queued' OR deliveries.due_at IS NOT NULL)`
const isNotOver = raw<SqlBool>`(deliveries.status <> 'cancelled' OR NOT EXISTS (SELECT 1 FROM notification_states
  WHERE id = deliveries.notification_id AND status IN ('acknowledged', 'resolved')))`

interface Change {
  selection: DeliverySelection
  statuses: DeliveryStatus[]
  condition: RawBuilder<SqlBool>
  /** Takes ids as a JSON array. */
  change: (ids: string) => unknown
}

/** Changes what is selected, in one of the statuses, and not being sent; how many there were. */
async function changeInCommits(database: Database.Database, queue: CommitQueue, change: Change): Promise<number> {
  const { selection, statuses } = change
  const selectLast = database.prepare<[], { id: string | null }>('SELECT max(id) AS id FROM deliveries')
  // Those made while this goes on are not meant, and could make it go on for ever.
  const last = await queue.write(() => selectLast.get()?.id ?? '')
  let count = 0
  for (const status of statuses.filter((one) => selection.status === undefined || one === selection.status)) {
    let behind = ''
    let changed: string[]
    do {
      changed = await queue.write(() => changeSome(database, change, status, { behind, last }))
      count += changed.length
      behind = changed.at(-1) ?? last
    } while (changed.length === rowsPerCommit)
  }
  return count
}

/** The ids of those that were changed, in their order. */
function changeSome(
  database: Database.Database,
  { selection, condition, change }: Change,
  status: DeliveryStatus,
  { behind, last }: { behind: string; last: string },
): string[] {
  const query = sql
    .selectFrom('deliveries')
    .where(isSelected({ ...selection, status }))
    .select('deliveries.id')
    .where('deliveries.id', '>', behind)
    .where('deliveries.id', '<=', last)
    .where('deliveries.lease_owner', 'is', null)
    .where(condition)
    .orderBy('deliveries.id')
    .limit(rowsPerCommit)
  const ids = allRows(database, query).map((row) => row.id)
  if (ids.length > 0) change(JSON.stringify(ids))
  return ids
}
