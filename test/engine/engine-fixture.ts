import type { Config } from '#src/domain/config.js'
import type { NewDelivery, NewNotification } from '#src/domain/delivery.js'
import type { EngineEvent } from '#src/domain/events.js'
import { createIdSource } from '#src/domain/new-id.js'
import { recordIn } from '#src/engine/audit.js'
import type { Engine } from '#src/engine/engine.js'
import { openStandingOrders } from '#src/engine/standing-orders.js'
import type { Store } from '#src/store/store.js'
import { makeConfig } from '../steps/step-fixture.js'
import {
  claimDelivery,
  makeDelivery,
  makeFolder,
  makeNotification,
  makeSettlement,
  noon,
  openStore,
} from '../store/store-fixture.js'
import { makeKeys } from './key-fixture.js'

/** The parts of an engine that answer calls, on a real store; what runs by itself only notes that it was woken. */
export async function makeEngine(changes: Partial<Config> = {}) {
  const clock = { now: noon }
  const store = openStore(makeFolder(), () => clock.now)
  const config = makeConfig(changes)
  const events: EngineEvent[] = []
  const woken: string[] = []
  const now = () => clock.now
  const newId = createIdSource()
  const parts = {
    store,
    keys: makeKeys(),
    current: () => ({ config, files: config, stored: new Map(), leftOut: [] }),
    deliveries: {
      wake: (channels?: string[]) => void woken.push(...(channels ?? ['all'])),
      pause: async (name: string) => void woken.push(`pause ${name}`),
      resume: async (name: string) => void woken.push(`resume ${name}`),
    },
    pipeline: { wake: () => undefined },
    search: { wake: () => undefined, catchUp: async () => undefined },
    jobs: { scheduler: { list: () => ['report'] } },
    orders: await openStandingOrders(store, now),
    listeners: { problem: () => null, takeHook: async () => ({ status: 404, text: 'not taken' }) },
    audit: recordIn(store, now),
    emit: (event: EngineEvent) => void events.push(event),
    newId: () => newId(clock.now),
    now,
  }
  return { engine: parts as unknown as Engine, store, clock, events, woken, config }
}

/** A notification of the gateway with these deliveries, the first of which was sent. */
export async function raiseSent(
  store: Store,
  deliveries: Partial<NewDelivery>[],
  changes: Partial<NewNotification> = {},
  remote: Record<string, string> = {},
): Promise<{ notificationId: string; deliveryId: string }> {
  const planned = deliveries.map((delivery, at) => makeDelivery({ offersAck: true, dedupeKey: `${at}`, ...delivery }))
  const { fates } = await store.raise([makeNotification(planned, changes)], { source: 'system', key: 'test' }, noon)
  const claimed = await claimDelivery(store, noon, planned[0]?.channel)
  await store.settleDelivery(makeSettlement(claimed, { now: noon, remote }))
  return { notificationId: fates[0]?.notification_id ?? '', deliveryId: claimed.id }
}

/** Who did what, oldest first. */
export async function readAudit(store: Store): Promise<string[]> {
  const { items } = await store.listAudit({ limit: 100 })
  return items.map(({ actor, action, subjects }) => `${actor} ${action} ${subjects.join(' ')}`.trim()).reverse()
}
