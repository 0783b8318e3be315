import { describe, expect, it } from 'vitest'
import type { Channel } from '#src/domain/channel.js'
import type { LateResult } from '#src/domain/late-result.js'
import { readSession, saveSession } from '#src/engine/sessions.js'
import { takeResult } from '#src/engine/take-result.js'
import type { DeliveryDetail } from '#src/store/store.js'
import { claimDelivery, makeSettlement } from '../store/store-fixture.js'
import { makeEngine, raiseSent } from './engine-fixture.js'

const signal = new AbortController().signal
const gone = permanent('30005 Unknown destination handset')
const off = transient('30003 Unreachable')
const arrived: LateResult['outcome'] = { kind: 'delivered', text: 'delivered' }

describe('a message that did not arrive', () => {
  it('for good is a dead letter with the words of the vendor, once', async () => {
    const { tell, read, events, woken } = await start()
    await tell(gone)
    await tell(gone)
    await tell(arrived)
    const delivery = await read()
    expect(delivery).toMatchObject({
      status: 'dead',
      attempts: 1,
      last_error: 'sent, but did not arrive: 30005 Unknown destination handset',
      remote: { sid: 'SM1' },
    })
    expect(delivery.attempt_list.map(({ number, outcome, excerpt }) => [number, outcome, excerpt])).toEqual([
      [1, 'delivered', 'ok'],
      [2, 'permanent', 'reported later: 30005 Unknown destination handset'],
    ])
    expect(events).toMatchObject([{ type: 'delivery.settled', status: 'dead', detail: gone.text }])
    expect(woken).toEqual([])
  })

  it('for now is tried again by the ladder, and a result of before says nothing of the next attempt', async () => {
    const { tell, read, store, clock, woken, notification } = await start()
    await tell(off)
    expect(await read()).toMatchObject({ status: 'failed', last_error: 'sent, but did not arrive: 30003 Unreachable' })
    expect((await notification())?.status).toBe('failed')
    expect(woken).toEqual(['telegram'])
    clock.now += 70_000
    const again = await claimDelivery(store, clock.now, 'telegram')
    await store.settleDelivery(makeSettlement(again, { now: clock.now, remote: { sid: 'SM2' } }))
    await tell(off)
    await tell(gone)
    expect(await read()).toMatchObject({ status: 'sent', attempts: 2, remote: { sid: 'SM2' } })
    await tell(arrived, { id: 'SM2' })
    expect((await read()).remote).toMatchObject({ sid: 'SM2', reported: 'delivered' })
  })

  it('without a rung left on its ladder is a dead letter', async () => {
    const { tell, read, notification } = await start({ retryMs: [] })
    await tell(off)
    expect(await read()).toMatchObject({ status: 'dead', last_error: expect.stringContaining('given up after one') })
    expect((await notification())?.status).toBe('dead')
  })

  it('is not sent once more to those of whom somebody acknowledged, nor after it was resolved', async () => {
    const acknowledged = await start()
    const { store, clock, notificationId } = acknowledged
    const acknowledgement = { by: 'cli:tim', at: clock.now, note: null }
    await store.acknowledge({ notificationId, deliveryId: null, acknowledgement, showOn: [] })
    await acknowledged.tell(off)
    const delivery = await acknowledged.read()
    expect(delivery).toMatchObject({
      status: 'cancelled',
      last_error: expect.stringContaining('acknowledged by cli:tim'),
    })
    const resolved = await start()
    await resolved.store.resolveNotifications([resolved.notificationId], 'cli:tim', resolved.clock.now)
    await resolved.tell(off)
    expect(await resolved.read()).toMatchObject({ status: 'cancelled' })
    expect(resolved.events).toMatchObject([{ type: 'delivery.settled', status: 'cancelled' }])
  })

  it('may be retried by a person', async () => {
    const { tell, read, store, clock, deliveryId } = await start()
    await tell(gone)
    expect(await store.retryDeliveries({ ids: [deliveryId] }, clock.now)).toBe(1)
    expect(await read()).toMatchObject({ status: 'queued' })
  })
})

describe('a message that arrived', () => {
  it('has that noted, and what was read stays read', async () => {
    const { tell, read, events, clock } = await start()
    await tell(arrived)
    const at = new Date(clock.now).toISOString()
    expect(await read()).toMatchObject({
      status: 'sent',
      remote: { sid: 'SM1', reported: 'delivered', reported_at: at },
    })
    await tell({ kind: 'delivered', text: 'read' })
    await tell(arrived)
    const delivery = await read()
    expect(delivery.remote.reported).toBe('read')
    expect(delivery.attempt_list).toHaveLength(1)
    expect(events).toEqual([])
  })

  it('did not all the same when one of its parts did not', async () => {
    const { tell, read } = await start({}, { message_id: 'id-0,id-1' })
    await tell(arrived, { name: 'message_id', id: 'id-0' })
    await tell(gone, { name: 'message_id', id: 'id-1' })
    const delivery = await read()
    expect(delivery.status).toBe('dead')
    expect(delivery.remote).toEqual({ message_id: 'id-0,id-1' })
  })
})

describe('a result', () => {
  it.each<[string, { deliveryId?: string; id?: string; name?: string; heardBy?: 'desk' }]>([
    ['of a delivery nobody knows', { deliveryId: '01J9ZZZZZZZZZZZZZZZZZZZZZZ' }],
    ['of another message', { id: 'SM9' }],
    ['by an id of another kind', { name: 'message_id' }],
    ['heard by another channel', { heardBy: 'desk' }],
  ])('%s changes nothing', async (_, about) => {
    const { tell, read } = await start()
    await tell(gone, about)
    await tell(arrived, about)
    expect(await read()).toMatchObject({ status: 'sent', remote: { sid: 'SM1' } })
  })

  it('that comes before its send was kept waits for that, or is to be said again', async () => {
    const { engine, store, deliveryId, clock, channels, tell, read } = await start()
    await tell(gone)
    await store.retryDeliveries({ ids: [deliveryId] }, clock.now)
    const claimed = await claimDelivery(store, clock.now, 'telegram')
    const result = { deliveryId, remote: { name: 'sid', id: 'SM2' }, outcome: gone }
    const told = takeResult(engine, channels.telegram, result, signal)
    await store.settleDelivery(makeSettlement(claimed, { now: clock.now, remote: { sid: 'SM2' } }))
    await told
    expect(await read()).toMatchObject({ status: 'dead' })
    await store.retryDeliveries({ ids: [deliveryId] }, clock.now)
    await claimDelivery(store, clock.now, 'telegram')
    const over = takeResult(engine, channels.telegram, result, AbortSignal.abort())
    await expect(over).rejects.toMatchObject({ status: 503 })
  })
})

it('who wrote is known by each channel of the same ear', async () => {
  const { store, channels } = await start()
  const shared = (channel: Channel): Channel => ({ ...channel, kind: { ...channel.kind, listenKey: () => 'one app' } })
  await saveSession(store, shared(channels.telegram), '7/+49', { isOpen: true, at: 5 })
  const desk = { ...shared(channels.desk), kind: shared(channels.telegram).kind }
  expect(await readSession(store, desk, '7/+49')).toEqual({ isOpen: true, at: 5 })
  await saveSession(store, desk, '7/+49', { isOpen: false, at: 6 })
  expect(await readSession(store, shared(channels.telegram), '7/+49')).toEqual({ isOpen: false, at: 6 })
  expect(await readSession(store, channels.desk, '7/+49')).toBeNull()
  expect(await readSession(store, undefined, '7/+49')).toBeNull()
})

async function start(
  delivery: Parameters<typeof raiseSent>[1][number] = {},
  remote = { sid: 'SM1' } as Record<string, string>,
) {
  const made = await makeEngine()
  const { store, config } = made
  const engine = { ...made.engine, log: () => undefined }
  const { telegram, desk } = config.channels
  if (!telegram || !desk) throw new Error('the config has no such channels')
  const channels = { telegram, desk }
  const ids = await raiseSent(store, [{ channel: 'telegram', address: '+49', ...delivery }], {}, remote)
  const tell = (
    outcome: LateResult['outcome'],
    about: { deliveryId?: string; id?: string; name?: string; heardBy?: 'desk' } = {},
  ) => {
    const { deliveryId = ids.deliveryId, name = 'sid', id = 'SM1', heardBy = 'telegram' } = about
    return takeResult(engine, channels[heardBy], { deliveryId, remote: { name, id }, outcome }, signal)
  }
  const read = async (): Promise<DeliveryDetail> => {
    const found = await store.readDelivery(ids.deliveryId)
    if (!found) throw new Error('no delivery')
    return found
  }
  const notification = () => store.readNotification(ids.notificationId)
  return { ...made, ...ids, engine, channels, tell, read, notification }
}

function permanent(text: string): Extract<LateResult['outcome'], { kind: 'permanent' }> {
  return { kind: 'permanent', scope: 'address', statusCode: null, text }
}

function transient(text: string): LateResult['outcome'] {
  return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text }
}
