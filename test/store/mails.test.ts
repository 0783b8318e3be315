import { describe, expect, test } from 'vitest'
import { StoreError } from '#src/domain/errors.js'
import {
  claimMail,
  mailClaim,
  makeDelivery,
  makeMessage,
  makeNotification,
  makeRaw,
  makeRouting,
  makeTrace,
  noon,
  openStore,
  saveRouted,
} from './store-fixture.js'

describe('claiming mails', () => {
  test('oldest first, each once, with envelope and bytes', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m2', { receivedAt: noon - 1 }), makeRaw('m1'), makeRaw('m3')])
    const claimed = await store.claimMails(mailClaim)
    expect(claimed.map((mail) => mail.id)).toEqual(['m2', 'm1', 'm3'])
    expect(claimed[0]).toMatchObject({ attempts: 1, generation: 0, pendingRoutes: null, trace: null, owner: 'me' })
    expect(claimed[0]?.envelope).toEqual(makeRaw('m2').envelope)
    expect(Buffer.from(claimed[1]?.raw ?? [])).toEqual(Buffer.from(makeRaw('m1').raw))
    expect(await store.claimMails({ ...mailClaim, owner: 'other' })).toEqual([])
  })

  test('two that claim at the same time never get the same mail', async () => {
    const store = openStore()
    await store.saveMails(Array.from({ length: 40 }, (_, n) => makeRaw(`m${n}`)))
    const claims = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((owner) => store.claimMails({ ...mailClaim, owner, limit: 10 })),
    )
    const ids = claims.flat().map((mail) => mail.id)
    expect(ids).toHaveLength(40)
    expect(new Set(ids).size).toBe(40)
  })

  test('no more bytes than asked for, but one mail whatever its size', async () => {
    const store = openStore()
    await store.saveMails(['m1', 'm2', 'm3'].map((id) => makeRaw(id, { raw: new Uint8Array(1_000) })))
    const take = async (bytesMax: number) => (await store.claimMails({ ...mailClaim, bytesMax })).map((mail) => mail.id)
    expect(await take(10)).toEqual(['m1'])
    expect(await take(2_000)).toEqual(['m2', 'm3'])
  })

  test('a mail of two megabytes comes back byte for byte', async () => {
    const store = openStore()
    const raw = new Uint8Array(2_000_000).map((_, index) => index % 251)
    await store.saveMails([makeRaw('m1', { raw })])
    expect(Buffer.compare(Buffer.from((await claimMail(store)).raw), Buffer.from(raw))).toBe(0)
  })

  test('a lease ends by itself; who comes late is refused', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    const first = await claimMail(store)
    expect(await store.nextMailDueAt()).toBe(noon + 1_000)
    expect(await store.claimMails({ ...mailClaim, now: noon + 999 })).toEqual([])
    const second = await claimMail(store, noon + 1_000)
    expect(second).toMatchObject({ id: 'm1', attempts: 2, epoch: first.epoch + 1 })

    expect(await store.commitRouting(makeRouting(first))).toBe(false)
    expect(await store.releaseMail({ ...leaseOf(first), dueAt: noon, reason: 'late' })).toBe(false)
    expect(await store.commitRouting(makeRouting(second))).toMatchObject({ deliveries: 0, channels: [] })
    expect(await store.nextMailDueAt()).toBeNull()
  })

  test('saving the same mail twice is refused as a whole', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    await expect(store.saveMails([makeRaw('m2'), makeRaw('m1')])).rejects.toThrow(StoreError)
    expect(await store.readMail('m2')).toBeNull()
  })
})

describe('giving a mail back', () => {
  test('with a reason it is held until it is due, its attempt counted', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    const claimed = await claimMail(store)
    expect(await store.releaseMail({ ...leaseOf(claimed), dueAt: noon + 60_000, reason: 'disk' })).toBe(true)
    expect(await store.readMail('m1')).toMatchObject({ status: 'held', reason: 'disk' })
    expect(await store.claimMails(mailClaim)).toEqual([])
    expect((await claimMail(store, noon + 60_000)).attempts).toBe(2)
  })

  test('without one it is as it was before', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    await store.releaseMail({ ...leaseOf(await claimMail(store)), dueAt: noon, reason: null })
    expect(await store.readMail('m1')).toMatchObject({ status: 'stored', reason: null })
    expect((await claimMail(store)).attempts).toBe(1)
  })
})

describe('committing a routing', () => {
  test('keeps status, trace, notifications and deliveries, and says which channels have work', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    const claimed = await claimMail(store)
    const notifications = [
      makeNotification([makeDelivery(), makeDelivery({ channel: 'mail', address: 'tim@y.example' })]),
      makeNotification([makeDelivery({ channel: 'gone', dead: 'action failed' })], { route: 'held one' }),
    ]
    expect(await store.commitRouting(makeRouting(claimed, { notifications }))).toMatchObject({
      deliveries: 3,
      channels: ['ops', 'mail'],
    })
    const detail = await store.readMail('m1')
    expect(detail).toMatchObject({
      status: 'routed',
      subject: 'subject of m1',
      from: 'monit@x.example',
      routes: ['disks', 'held one'],
      deliveries: { queued: 2, dead: 1 },
      due_at: null,
    })
    expect(detail?.traces).toEqual([makeTrace('m1')])
    expect(detail?.notifications.map((line) => line.status)).toEqual(['queued', 'dead'])
    expect(detail?.delivery_list.find((line) => line.status === 'dead')).toMatchObject({
      last_error: 'action failed',
      next_attempt_at: null,
    })
  })

  test('a repeat changes nothing', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    const routing = makeRouting(await claimMail(store), { notifications: [makeNotification([makeDelivery()])] })
    expect(await store.commitRouting(routing)).toMatchObject({ deliveries: 1, channels: ['ops'] })
    expect(await store.commitRouting(routing)).toBe(false)
    expect((await store.readMail('m1'))?.delivery_list).toHaveLength(1)
  })

  test('the same message to the same address is kept once per routing, also across its parts', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    const pending = { routes: { b: 1 }, dueAt: noon + 5 }
    const first = makeNotification([makeDelivery()], { route: 'a' })
    const held = makeRouting(await claimMail(store), { status: 'held', pending, notifications: [first] })
    expect(await store.commitRouting(held)).toMatchObject({ deliveries: 1 })

    const again = await claimMail(store, noon + 5)
    expect(again).toMatchObject({ pendingRoutes: { b: 1 }, trace: makeTrace('m1'), attempts: 1, generation: 0 })
    const notifications = [first, makeNotification([makeDelivery(), makeDelivery({ address: '222' })], { route: 'b' })]
    expect(await store.commitRouting(makeRouting(again, { notifications }))).toMatchObject({ deliveries: 1 })
    const detail = await store.readMail('m1')
    expect(detail?.delivery_list.map((line) => [line.route, line.address])).toEqual([
      ['b', '222'],
      ['a', '111'],
    ])
    expect(detail?.traces).toHaveLength(1)
  })

  test('each delivery keeps the message it was planned with', async () => {
    const store = openStore()
    const short = makeMessage({ title: 'Short', text: 'sda1' })
    await saveRouted(store, 'm1', [makeDelivery(), makeDelivery({ channel: 'sms', message: short })])
    const claims = await Promise.all(['ops', 'sms'].map((channel) => store.claimDeliveries({ ...mailClaim, channel })))
    expect(claims.flat().map((delivery) => delivery.message)).toEqual([makeMessage(), short])
    const detail = await store.readMail('m1')
    expect(detail?.delivery_list.map((line) => line.title).sort()).toEqual(['Disk full', 'Short'])
    const sms = detail?.delivery_list.find((line) => line.channel === 'sms')
    expect((await store.readDelivery(sms?.id ?? ''))?.message).toEqual(short)
  })

  test('that fails half way keeps nothing of it', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    const claimed = await claimMail(store)
    const broken = makeDelivery({ retryMs: [1], channel: null as unknown as string })
    const notifications = [makeNotification([makeDelivery(), broken])]
    await expect(store.commitRouting(makeRouting(claimed, { notifications }))).rejects.toThrow(StoreError)
    expect(await store.readMail('m1')).toMatchObject({ status: 'stored', traces: [], delivery_list: [] })
    expect(await store.commitRouting(makeRouting(claimed))).not.toBe(false)
  })
})

describe('replaying a mail', () => {
  test('routes it anew beside what was', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    expect(await store.replayMail('m1', noon + 1)).toBe(true)
    const claimed = await claimMail(store, noon + 1)
    expect(claimed).toMatchObject({ generation: 1, attempts: 1, pendingRoutes: null, trace: null })
    const notifications = [makeNotification([makeDelivery()])]
    expect(await store.commitRouting(makeRouting(claimed, { notifications }))).toMatchObject({ deliveries: 1 })
    const detail = await store.readMail('m1')
    expect(detail).toMatchObject({ generation: 1, deliveries: { queued: 2 } })
    expect(detail?.traces.map((trace) => trace.generation)).toEqual([0, 1])
    expect(detail?.delivery_list.map((line) => line.generation)).toEqual([1, 0])
  })

  test('while it is being routed: the routing under way is refused, the new one goes through', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    const before = await claimMail(store)
    await store.replayMail('m1', noon)
    const after = await claimMail(store)
    expect(await store.commitRouting(makeRouting(before))).toBe(false)
    expect(await store.releaseMail({ ...leaseOf(before), dueAt: noon, reason: 'x' })).toBe(false)
    expect(await store.commitRouting(makeRouting(after))).not.toBe(false)
  })

  test('that is not there is false', async () => {
    expect(await openStore().replayMail('nobody', noon)).toBe(false)
  })
})

test('a mail deleted while it is being routed takes its routing along', async () => {
  const store = openStore()
  await store.saveMails([makeRaw('m1')])
  const claimed = await claimMail(store)
  expect(await store.deleteMails(['m1', 'nobody'])).toBe(1)
  expect(await store.commitRouting(makeRouting(claimed))).toBe(false)
  expect(await store.readRawMail('m1')).toBeNull()
  expect(await store.nextMailDueAt()).toBeNull()
})

function leaseOf(claimed: { id: string; owner: string; epoch: number }) {
  return { mailId: claimed.id, owner: claimed.owner, epoch: claimed.epoch }
}

describe('a suspect', () => {
  /** Claims a mail and lets the lease end, as a process does that dies over it. */
  const dieOver = async (store: ReturnType<typeof openStore>, times: number): Promise<void> => {
    for (let time = 0; time < times; time++) {
      const now = noon + time * 2_000
      await store.claimMails({ ...mailClaim, now, leaseMs: 1_000 })
    }
  }

  test('is claimed alone among suspects, so that the innocent are acquitted one by one', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1'), makeRaw('m2'), makeRaw('m3')])
    await dieOver(store, 3)
    const now = noon + 10_000
    expect((await store.claimMails({ ...mailClaim, now, suspect: false })).map((mail) => mail.id)).toEqual([])
    const first = await store.claimMails({ ...mailClaim, now, leaseMs: 60_000 })
    expect(first.map((mail) => [mail.id, mail.attempts])).toEqual([['m1', 4]])
    await store.saveMails([makeRaw('m4')])
    const beside = await store.claimMails({ ...mailClaim, now, suspect: false })
    expect(beside.map((mail) => mail.id)).toEqual(['m4'])
  })
})
