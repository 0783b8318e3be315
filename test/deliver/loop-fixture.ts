import { afterEach } from 'vitest'
import { z } from 'zod'
import type { Delivered } from '#src/deliver/deliver-one.js'
import { DeliveryLoop, type LoopParts } from '#src/deliver/delivery-loop.js'
import type { Channel, ChannelContext, ChannelKind, Outcome } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { ClaimedDelivery, Store } from '#src/store/store.js'
import { noon, openStore } from '../store/store-fixture.js'

export type Send = (message: Message, address: string | null, context: ChannelContext) => Promise<Outcome>

export const delivered: Outcome = { kind: 'delivered', remote: { id: '1' }, statusCode: 200, text: 'ok' }
export const badToken: Outcome = { kind: 'permanent', scope: 'channel', statusCode: 401, text: 'Unauthorized' }
export const busy: Outcome = { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: 503, text: 'busy' }

/** A channel of a kind of our own: what it does is the test's. */
export function makeChannel(name: string, send: Send, concurrency = 4): Channel {
  const kind: ChannelKind = {
    kind: 'test',
    label: 'Test',
    description: 'A kind for tests.',
    guide: { steps: [], note: null },
    settings: z.unknown(),
    address: { schema: z.string(), hint: 'anything' },
    destination: () => null,
    secrets: [],
    capabilities: { textMax: 100, textUnit: 'bytes', dialect: 'plain', attachments: false, idempotent: false },
    concurrency,
    rates: { channel: null, address: null },
    send: (message, address, _settings, context) => send(message, address, context),
  }
  const limits = { rate: null, perDayMax: null, retryMs: null, retryWindowMs: null }
  return { name, kind, settings: {}, destination: null, limits, template: null }
}

/** A promise that a test settles when it wants. */
export function defer<Value>() {
  let resolve: (value: Value) => void = () => undefined
  const promise = new Promise<Value>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

export const noContext: Omit<ChannelContext, 'form' | 'signal'> = {
  request: () => Promise.reject(new Error('no network here')),
  fetch: () => Promise.reject(new Error('no network here')),
  resolveHost: () => Promise.reject(new Error('no network here')),
  now: () => noon,
  deliveryId: 'd',
  attempt: 1,
  loadMail: () => Promise.reject(new Error('no mail here')),
  loadRaw: () => Promise.reject(new Error('no mail here')),
  saveToInbox: async () => 'i',
  log: () => undefined,
  hostname: 'gateway.test',
  instance: 'gateway0123456789',
  ack: { url: null, data: 'ack:d' },
  hookUrl: null,
  hookSecret: '',
  readSession: async () => null,
  sent: null,
  fingerprint: 'f',
}

const loops: DeliveryLoop[] = []
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.stop()
})

/** A loop over a real store with a clock of its own; stopped after the test. */
export function startLoop(channels: Channel[], changes: Partial<LoopParts> = {}) {
  const clock = { now: noon }
  const store: Store = changes.store ?? openStore()
  const settled: { delivery: ClaimedDelivery; done: Delivered }[] = []
  const lines: string[] = []
  const abort = new AbortController()
  const byName: Record<string, Channel> = Object.fromEntries(channels.map((channel) => [channel.name, channel]))
  const loop = new DeliveryLoop({
    store,
    owner: 'loop',
    channels: () => byName,
    context: (delivery) => ({ ...noContext, deliveryId: delivery.id, attempt: delivery.attempts }),
    secrets: () => ['hunter2-secret'],
    hours: () => ({ people: {}, calendars: {} }),
    silences: () => [],
    onCapReached: () => undefined,
    now: () => clock.now,
    measure: () => performance.now(),
    random: () => 0.5,
    sleep: async () => undefined,
    signal: abort.signal,
    onSettled: (delivery, done) => settled.push({ delivery, done }),
    log: (level, message, facts) => lines.push(`${level} ${message} ${JSON.stringify(facts)}`),
    ...changes,
  })
  loops.push(loop)
  /** Lets time pass, and the loop look at the clock. */
  const pass = (ms: number): void => {
    clock.now += ms
    loop.wake()
  }
  return { loop, store, clock, pass, settled, lines, abort, channels: byName }
}
