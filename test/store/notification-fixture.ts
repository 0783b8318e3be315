import type { NewDelivery, NewNotification } from '#src/domain/delivery.js'
import { type NoiseControl, noControl, type Recovery } from '#src/domain/notification.js'
import type { AcknowledgeRequest, NotificationDetail } from '#src/store/notification-store.js'
import type { ClaimedDelivery, CommittedRouting, Settlement, Store } from '#src/store/store.js'
import {
  claimMail,
  deliveryClaim,
  makeDelivery,
  makeNotification,
  makeRaw,
  makeRouteTrace,
  makeRouting,
  makeSettlement,
  makeTrace,
  noon,
} from './store-fixture.js'

export const secondMs = 1_000
export const minuteMs = 60_000
export const hourMs = 3_600_000

/** What a test varies of one notification; the rest is made. */
export type Alert = Partial<Omit<NewNotification, 'control'>> & { control?: Partial<NoiseControl> }

export function makeAlert({ control, deliveries, ...changes }: Alert = {}): NewNotification {
  return makeNotification(deliveries ?? [makeDelivery()], { ...changes, control: { ...noControl, ...control } })
}

/** A hold of a minute that begins at `happenedAt`. */
export function holdFrom(happenedAt: number, key = 'db1'): { hold: NonNullable<NoiseControl['hold']> } {
  return { hold: { key, happenedAt, forMs: minuteMs, until: happenedAt + minuteMs } }
}

export function recoveryAt(happenedAt: number, key = 'db1', route = 'disks'): Recovery {
  return { type: 'hold', route, key, happenedAt }
}

let mailNumber = 0

/** Saves a mail and commits what its routing made of it. Claims longer than any test, so that one mail is claimed. */
export async function routeMail(
  store: Store,
  now: number,
  made: { alerts?: Alert[]; recoveries?: Recovery[]; generation?: number },
): Promise<CommittedRouting & { mailId: string; ids: string[] }> {
  const mailId = `mail${String(++mailNumber).padStart(6, '0')}`
  await store.saveMails([makeRaw(mailId, { receivedAt: now })])
  for (let replay = 0; replay < (made.generation ?? 0); replay++) await store.replayMail(mailId, now)
  const claimed = await claimMail(store, now)
  const notifications = (made.alerts ?? []).map(makeAlert)
  const recoveries = made.recoveries ?? []
  const trace = makeTrace(mailId, {
    generation: claimed.generation,
    routes: notifications.map(({ route }) => makeRouteTrace(route)),
    recoveries: recoveries.map((recovery) => ({
      route: recovery.route,
      what: recovery.type === 'hold' ? `hold ${recovery.key}` : `fingerprint ${recovery.fingerprint}`,
      closed: [],
    })),
  })
  const committed = await store.commitRouting(makeRouting(claimed, { now, notifications, recoveries, trace }))
  if (committed === false) throw new Error(`${mailId} was not committed`)
  return { ...committed, mailId, ids: committed.fates.map((fate) => fate.notification_id) }
}

/** One alert of one mail; its id. */
export async function alertOnce(store: Store, now: number, alert: Alert = {}): Promise<string> {
  const { ids } = await routeMail(store, now, { alerts: [alert] })
  const [id] = ids
  if (id === undefined) throw new Error('nothing was kept')
  return id
}

export async function read(store: Store, notificationId: string): Promise<NotificationDetail> {
  const detail = await store.readNotification(notificationId)
  if (!detail) throw new Error(`there is no notification ${notificationId}`)
  return detail
}

/** `alert sent`, `repeat queued`, … in the order in which they were made. */
export async function deliveriesOf(store: Store, notificationId: string): Promise<string[]> {
  const { delivery_list } = await read(store, notificationId)
  return delivery_list.map(({ purpose, status }) => `${purpose} ${status}`).reverse()
}

export async function claimDue(store: Store, now: number, channel = 'ops'): Promise<ClaimedDelivery[]> {
  return store.claimDeliveries({ ...deliveryClaim, now, channel, leaseMs: minuteMs })
}

/** Claims what is due on the channel and settles all of it alike; what was claimed. */
export async function sendDue(
  store: Store,
  now: number,
  changes: Partial<Settlement> = {},
  channel = 'ops',
): Promise<ClaimedDelivery[]> {
  const claimed = await claimDue(store, now, channel)
  for (const delivery of claimed) await settle(store, delivery, now, changes)
  return claimed
}

export async function settle(
  store: Store,
  claimed: ClaimedDelivery,
  now: number,
  changes: Partial<Settlement> = {},
): Promise<boolean> {
  return store.settleDelivery(makeSettlement(claimed, { now, remote: { message: claimed.id }, ...changes }))
}

export async function acknowledge(
  store: Store,
  notificationId: string,
  at: number,
  showOn: AcknowledgeRequest['showOn'] = [],
) {
  const acknowledgement = { by: 'cli:tim', at, note: 'on it' }
  return store.acknowledge({ notificationId, deliveryId: null, acknowledgement, showOn })
}

/** A delivery that repeats every ten minutes, twice, and escalates after half an hour. */
export function makeUrgent(changes: Partial<NewDelivery> = {}): NewDelivery[] {
  const repeat = { everyMs: 10 * minuteMs, times: 2 }
  const alert = makeDelivery({ repeat, offersAck: true, ...changes })
  const boss = { recipient: 'boss@y.example', address: '999', offersAck: true }
  return [alert, makeDelivery({ ...boss, purpose: 'escalation', afterMs: 30 * minuteMs })]
}

export { noon }
