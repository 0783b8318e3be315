import type Database from 'better-sqlite3'
import type { Message } from '../../domain/message.js'
import type { DigestTarget, DueDigest } from '../../domain/notification.js'
import { prepareStates } from './notification-states.js'
import { reasons } from './reasons.js'

/** Of more than this in one group the oldest are counted only. */
const itemsMax = 10_000
/** How many are shown in one digest. */
const shownMax = 500

export interface DigestGroup {
  route: string
  key: string
  due_at: number
  items: number
  left_out: number
  last_targets: string
}

/** Groups of notifications that go out as one. Every function that writes runs inside the caller's transaction. */
export function prepareDigests(database: Database.Database) {
  const states = prepareStates(database)
  const selectGroup = database.prepare<[string, string], DigestGroup>(
    'SELECT * FROM digest_groups WHERE route = ? AND key = ?',
  )
  const keepGroup = database.prepare<[string, string, number]>(
    'INSERT INTO digest_groups (route, key, due_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const insertItem = database.prepare<[string, string, string, number, string]>(
    'INSERT INTO digest_items (notification_id, route, key, due_at, targets) VALUES (?, ?, ?, ?, ?)',
  )
  const selectOldest = database.prepare<[string, string], { notification_id: string }>(
    'SELECT notification_id FROM digest_items WHERE route = ? AND key = ? ORDER BY notification_id LIMIT 1',
  )
  const removeItem = database.prepare<[string]>('DELETE FROM digest_items WHERE notification_id = ?')
  const leaveOut = database.prepare<[string, string]>(
    'UPDATE digest_groups SET left_out = left_out + 1 WHERE route = ? AND key = ?',
  )
  const selectDue = database.prepare<[number, number], DigestGroup>(
    'SELECT * FROM digest_groups WHERE due_at <= ? ORDER BY due_at, route, key LIMIT ?',
  )
  const selectItems = database.prepare<[string, string, number], ItemRow>(
    `SELECT digest_items.notification_id, digest_items.targets, notifications.message, notifications.created_at
     FROM digest_items JOIN notifications ON notifications.id = digest_items.notification_id
     WHERE digest_items.route = ? AND digest_items.key = ? ORDER BY digest_items.notification_id LIMIT ?`,
  )
  const takeItem = database.prepare<[string, string, string]>(
    'DELETE FROM digest_items WHERE notification_id = ? AND route = ? AND key = ?',
  )
  const selectRest = database.prepare<[string, string], { due_at: number | null }>(
    'SELECT min(due_at) AS due_at FROM digest_items WHERE route = ? AND key = ?',
  )
  const moveGroup = database.prepare<[number, string, string, string]>(
    'UPDATE digest_groups SET due_at = ?, left_out = 0, last_targets = ? WHERE route = ? AND key = ?',
  )
  const removeGroup = database.prepare<[string, string]>('DELETE FROM digest_groups WHERE route = ? AND key = ?')
  const nextDue = database.prepare<[], { due_at: number | null }>('SELECT min(due_at) AS due_at FROM digest_groups')

  /**
   * Puts a notification into its group; answers with the time at which it goes out. What comes while a digest that is
   * due is being made belongs to the next one.
   */
  function add(item: { id: string; route: string; key: string; dueAt: number; targets: DigestTarget[]; now: number }) {
    const { id, route, key, now } = item
    keepGroup.run(route, key, item.dueAt)
    const group = selectGroup.get(route, key)
    const dueAt = group && group.due_at > now ? group.due_at : item.dueAt
    insertItem.run(id, route, key, dueAt, JSON.stringify(item.targets))
    if (group && group.items >= itemsMax) dropOldest(route, key)
    return dueAt
  }

  function dropOldest(route: string, key: string): void {
    const oldest = selectOldest.get(route, key)
    if (!oldest) return
    removeItem.run(oldest.notification_id)
    leaveOut.run(route, key)
    states.suppress(oldest.notification_id, reasons.digestOverflow)
  }

  function listDue(now: number, limit: number): DueDigest[] {
    return selectDue.all(now, limit).map(({ route, key, due_at, items, left_out, last_targets }) => ({
      route,
      key,
      dueAt: due_at,
      items: selectItems.all(route, key, shownMax).map((row) => ({
        notificationId: row.notification_id,
        message: JSON.parse(row.message) as Message,
        createdAt: row.created_at,
        targets: JSON.parse(row.targets) as DigestTarget[],
      })),
      count: items + left_out,
      lastTargets: JSON.parse(last_targets) as DigestTarget[],
    }))
  }

  /**
   * Ends a group, or begins its next round: at `nextDueAt`, or earlier when there is something left whose time comes
   * before. Always later than this round, by which a commit that comes twice is told.
   */
  function next(group: DigestGroup, nextDueAt: number | null, targets: DigestTarget[] | null): void {
    const { route, key } = group
    const times = [selectRest.get(route, key)?.due_at ?? null, nextDueAt].filter((at) => at !== null)
    if (times.length === 0) removeGroup.run(route, key)
    else {
      const dueAt = Math.max(Math.min(...times), group.due_at + 1)
      moveGroup.run(dueAt, targets === null ? group.last_targets : JSON.stringify(targets), route, key)
    }
  }

  return {
    add,
    listDue,
    next,
    read: (route: string, key: string): DigestGroup | undefined => selectGroup.get(route, key),
    keep: (route: string, key: string, dueAt: number): void => void keepGroup.run(route, key, dueAt),
    /** False when it is not in the group any more: it recovered, or was deleted. */
    takeItem: (notificationId: string, { route, key }: DigestGroup): boolean =>
      takeItem.run(notificationId, route, key).changes > 0,
    removeItem: (notificationId: string): void => void removeItem.run(notificationId),
    nextDueAt: (): number | null => nextDue.get()?.due_at ?? null,
  }
}

interface ItemRow {
  notification_id: string
  targets: string
  message: string
  created_at: number
}
