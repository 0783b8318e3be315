import { describe, expect, test } from 'vitest'
import type { ClaimedDelivery } from '#src/store/store.js'
import {
  acknowledge,
  alertOnce,
  claimDue,
  deliveriesOf,
  makeUrgent,
  minuteMs,
  noon,
  read,
  sendDue,
  settle,
} from './notification-fixture.js'
import { makeDelivery, makeFolder, openStore } from './store-fixture.js'

describe('an acknowledgement', () => {
  test('ends repeats and escalations, over a restart, and names who gave it', async () => {
    const folder = makeFolder()
    const before = openStore(folder)
    const id = await alertOnce(before, noon, { deliveries: makeUrgent() })
    await sendDue(before, noon)
    expect(await before.nextDeliveryDueAt()).toEqual([{ channel: 'ops', dueAt: noon + 10 * minuteMs }])
    const unacknowledged = { unacknowledged: true, limit: 10 }
    expect((await before.listNotifications(unacknowledged)).items).toMatchObject([{ id }])
    const acknowledgement = { by: 'cli:tim', at: noon + 1, note: 'on it' }
    expect(await acknowledge(before, id, noon + 1)).toEqual({
      outcome: 'acknowledged',
      notificationId: id,
      acknowledgement,
      channels: [],
    })
    await before.close()

    const store = openStore(folder)
    expect(await store.nextDeliveryDueAt()).toEqual([])
    expect(await deliveriesOf(store, id)).toEqual(['alert sent', 'escalation cancelled', 'repeat cancelled'])
    expect((await store.listNotifications(unacknowledged)).items).toEqual([])
    const detail = await read(store, id)
    expect(detail).toMatchObject({
      status: 'acknowledged',
      acked_by: 'cli:tim',
      acked_at: new Date(noon + 1).toISOString(),
      ack_note: 'on it',
    })
    expect(detail.delivery_list.map((delivery) => delivery.last_error)).toEqual([
      'acknowledged by cli:tim',
      'acknowledged by cli:tim',
      null,
    ])
  })

  test('is shown in each message that was sent where that can be, and once where one is for all', async () => {
    const store = openStore()
    const repeat = { everyMs: minuteMs, times: 3 }
    const alerts = ['ops', 'topic', 'mail'].map((channel) => makeDelivery({ channel, repeat, offersAck: true }))
    const id = await alertOnce(store, noon, { deliveries: alerts })
    const sent = new Map<string, ClaimedDelivery[]>()
    for (const at of [noon, noon + minuteMs]) {
      for (const channel of ['ops', 'topic', 'mail']) {
        sent.set(channel, [...(sent.get(channel) ?? []), ...(await sendDue(store, at, {}, channel))])
      }
    }
    const showOn = [
      { channel: 'ops', display: 'each' as const },
      { channel: 'topic', display: 'once' as const },
    ]
    const given = await acknowledge(store, id, noon + minuteMs, showOn)
    expect(given.outcome === 'acknowledged' && given.channels.sort()).toEqual(['ops', 'topic'])
    const shown = async (channel: string) =>
      (await claimDue(store, noon + minuteMs, channel)).map(({ aboutId }) => aboutId).sort()
    const [first, second] = (await claimDue(store, noon + minuteMs)).sort((a, b) =>
      String(a.aboutId) < String(b.aboutId) ? -1 : 1,
    )
    expect([first, second].map((update) => update?.aboutId)).toEqual(sent.get('ops')?.map((one) => one.id))
    expect(second).toMatchObject({
      purpose: 'update',
      aboutRemote: { message: second?.aboutId },
      address: '111',
      repeat: null,
      offersAck: false,
      notification: { status: 'acknowledged', acknowledged: { by: 'cli:tim', at: noon + minuteMs, note: 'on it' } },
    })
    expect(await shown('topic')).toEqual([sent.get('topic')?.[0]?.id])
    expect(await shown('mail')).toEqual([])
  })

  test('is shown in the newest 20 messages of one place', async () => {
    const store = openStore()
    const repeat = { everyMs: minuteMs, times: 30 }
    const id = await alertOnce(store, noon, { deliveries: [makeDelivery({ repeat, offersAck: true })] })
    const sent: string[] = []
    for (let turn = 0; turn < 25; turn++) {
      for (const one of await sendDue(store, noon + turn * minuteMs)) sent.push(one.id)
    }
    expect(sent).toHaveLength(25)
    await acknowledge(store, id, noon + 25 * minuteMs, [{ channel: 'ops', display: 'each' }])
    const updates = await claimDue(store, noon + 25 * minuteMs)
    expect(updates.map(({ aboutId }) => aboutId).sort()).toEqual(sent.slice(5))
  })

  test.each([
    ['each', ['alert sent', 'repeat sent', 'update queued', 'update queued']],
    ['once', ['alert sent', 'repeat sent', 'update queued']],
  ] as const)('is shown in what was in flight, too (%s)', async (display, list) => {
    const store = openStore()
    const deliveries = [makeDelivery({ repeat: { everyMs: minuteMs, times: 3 }, offersAck: true })]
    const id = await alertOnce(store, noon, { deliveries })
    await sendDue(store, noon)
    const [repeat] = await claimDue(store, noon + minuteMs)
    if (!repeat) throw new Error('no repeat is due')
    await acknowledge(store, id, noon + minuteMs, [{ channel: 'ops', display }])
    expect(await deliveriesOf(store, id)).toEqual(['alert sent', 'repeat processing', 'update queued'])
    await settle(store, repeat, noon + minuteMs + 1, { ackDisplay: display })
    expect((await deliveriesOf(store, id)).sort()).toEqual(list)
  })

  test('is not shown in what was in flight and never arrived', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon)
    const [alert] = await claimDue(store, noon)
    if (!alert) throw new Error('no alert is due')
    await acknowledge(store, id, noon, [{ channel: 'ops', display: 'each' }])
    await settle(store, alert, noon + 1, { status: 'dead', ackDisplay: 'each' })
    expect(await deliveriesOf(store, id)).toEqual(['alert dead'])
  })

  test('is given once: who comes second hears who was first', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon)
    const [{ id: deliveryId } = { id: '' }] = (await read(store, id)).delivery_list
    await acknowledge(store, id, noon)
    const acknowledgement = { by: 'telegram:Eve', at: noon + 5, note: null }
    expect(await store.acknowledge({ notificationId: null, deliveryId, acknowledgement, showOn: [] })).toEqual({
      outcome: 'already',
      notificationId: id,
      acknowledgement: { by: 'cli:tim', at: noon, note: 'on it' },
    })
    expect(await read(store, id)).toMatchObject({ acked_by: 'cli:tim' })
  })

  test('comes too late for what is resolved or suppressed', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon)
    await store.resolveNotifications([id], 'cli:eve', noon + 1)
    expect(await acknowledge(store, id, noon + 2)).toEqual({
      outcome: 'over',
      notificationId: id,
      reason: 'resolved by cli:eve at 12:00 UTC',
    })
    const control = { dedupe: { key: 'k', windowMs: minuteMs } }
    const first = await alertOnce(store, noon, { control })
    const repeated = await alertOnce(store, noon, { control })
    expect(await acknowledge(store, repeated, noon)).toMatchObject({
      outcome: 'over',
      reason: `same as ${first} just now (dedupe, 1m)`,
    })
  })

  test('of what is not there is refused', async () => {
    const store = openStore()
    expect(await acknowledge(store, 'nothing', noon)).toEqual({ outcome: 'not_found' })
    const request = { acknowledgement: { by: 'x', at: noon, note: null }, showOn: [] }
    expect(await store.acknowledge({ ...request, notificationId: null, deliveryId: 'x' })).toMatchObject({
      outcome: 'not_found',
    })
    expect(await store.acknowledge({ ...request, notificationId: null, deliveryId: null })).toMatchObject({
      outcome: 'not_found',
    })
  })

  test('lets the alert go out where it has not yet', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon, { deliveries: makeUrgent() })
    await sendDue(store, noon, { status: 'failed', dueAt: noon + minuteMs })
    await acknowledge(store, id, noon + 1)
    await sendDue(store, noon + minuteMs)
    expect(await deliveriesOf(store, id)).toEqual(['alert sent', 'escalation cancelled'])
    expect(await read(store, id)).toMatchObject({ status: 'acknowledged' })
  })

  test.each([
    { settled: 'sent' as const, becomes: 'sent' },
    { settled: 'failed' as const, becomes: 'cancelled' },
    { settled: 'queued' as const, becomes: 'cancelled' },
    { settled: 'dead' as const, becomes: 'dead' },
  ])('overrules a repeat that was in flight: $settled becomes $becomes, and none follows', async (row) => {
    const store = openStore()
    const id = await alertOnce(store, noon, { deliveries: makeUrgent() })
    await sendDue(store, noon)
    const [repeat] = await claimDue(store, noon + 10 * minuteMs)
    if (!repeat) throw new Error('no repeat is due')
    await acknowledge(store, id, noon + 10 * minuteMs)
    const dueAt = row.settled === 'failed' || row.settled === 'queued' ? noon + 11 * minuteMs : null
    await settle(store, repeat, noon + 10 * minuteMs, { status: row.settled, dueAt, goesOn: true })
    expect(await deliveriesOf(store, id)).toEqual(['alert sent', 'escalation cancelled', `repeat ${row.becomes}`])
    expect(await store.nextDeliveryDueAt()).toEqual([])
  })
})

describe('a repeat', () => {
  test('comes after each one that was sent, as often as it is asked for', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon, { deliveries: makeUrgent().slice(0, 1) })
    const [alert] = await sendDue(store, noon)
    const [first] = await sendDue(store, noon + 11 * minuteMs)
    expect(first).toMatchObject({
      purpose: 'repeat',
      repeatNumber: 1,
      aboutId: alert?.id,
      aboutRemote: { message: alert?.id },
      offersAck: true,
      retryMs: alert?.retryMs,
      message: alert?.message,
    })
    expect(await claimDue(store, noon + 21 * minuteMs - 1)).toEqual([])
    expect(await sendDue(store, noon + 21 * minuteMs)).toMatchObject([{ repeatNumber: 2, aboutId: alert?.id }])
    expect(await store.nextDeliveryDueAt()).toEqual([])
    expect(await deliveriesOf(store, id)).toEqual(['alert sent', 'repeat sent', 'repeat sent'])
    expect(await read(store, id)).toMatchObject({ status: 'sent' })
  })

  test.each([
    { what: 'a dead one that goes on', changes: { status: 'dead', goesOn: true }, follows: true },
    { what: 'a hopeless one', changes: { status: 'dead', goesOn: false }, follows: false },
    { what: 'one that is tried again', changes: { status: 'failed', dueAt: noon + 1 }, follows: false },
    { what: 'one that is cancelled', changes: { status: 'cancelled' }, follows: false },
  ] as const)('after $what: $follows', async ({ changes, follows }) => {
    const store = openStore()
    const id = await alertOnce(store, noon, { deliveries: makeUrgent().slice(0, 1) })
    await sendDue(store, noon, changes)
    expect((await deliveriesOf(store, id)).slice(1)).toEqual(follows ? ['repeat queued'] : [])
  })

  test('that met a silence is followed by the next one', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon, { deliveries: makeUrgent().slice(0, 1) })
    await sendDue(store, noon)
    await sendDue(store, noon + 10 * minuteMs, { status: 'cancelled', lastError: 'silenced' })
    expect(await deliveriesOf(store, id)).toEqual(['alert sent', 'repeat cancelled', 'repeat queued'])
  })

  test('is none of an escalation, and none twice of an alert that was sent again', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon, { deliveries: makeUrgent() })
    const [alert] = await sendDue(store, noon, { status: 'dead', goesOn: true })
    await store.retryDeliveries({ ids: [alert?.id ?? ''] }, noon + 1)
    await sendDue(store, noon + 1)
    expect(await deliveriesOf(store, id)).toEqual(['alert sent', 'escalation queued', 'repeat queued'])
  })
})
