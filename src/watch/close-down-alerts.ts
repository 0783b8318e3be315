import type { Store } from '../store/store.js'
import { nameMonitor } from './monitor-messages.js'

/** More open alerts than this of one monitor cannot be: each recovery closes them. */
const openMax = 50

/**
 * Closes what is open of a monitor that is back: what was not sent yet stays unsent, and who was told that it is down
 * hears that it is over. The channels that hear of it, so that they need not be told again.
 */
export async function closeDownAlerts(
  store: Pick<Store, 'listNotifications' | 'readNotification' | 'resolveNotifications'>,
  name: string,
  now: number,
): Promise<string[]> {
  const { route, fingerprint } = nameMonitor(name)
  const { items } = await store.listNotifications({ fingerprint, route, limit: openMax })
  const open = items.filter(({ event, status }) => event === 'down' && status !== 'resolved' && status !== 'suppressed')
  if (open.length === 0) return []
  const { channels } = await store.resolveNotifications(
    open.map(({ id }) => id),
    route,
    now,
  )
  return channels
}
