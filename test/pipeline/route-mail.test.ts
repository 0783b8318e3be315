import { describe, expect, test } from 'vitest'
import { routeMail } from '#src/pipeline.js'
import type { ClaimedMail, Store } from '#src/store/store.js'
import { claimMail, mailClaim, makeRaw, noon, openStore } from '../store/store-fixture.js'
import { configOf, makeParts, now, type Surroundings } from './pipeline-fixture.js'

const routes = `routes:
  - { name: errors, when: { subject: { contains: Sentry } }, steps: [ { send: telegram } ] }
  - { name: needs owners, retry: [1m, 5m], when: { subject: { contains: Sentry } }, steps: [ { attach: owners }, { send: ops } ] }`

const signal = new AbortController().signal

function route(store: Store, claimed: ClaimedMail, surroundings: Surroundings = {}, yaml = routes) {
  return routeMail(makeParts(configOf(yaml), surroundings), store, claimed, signal)
}

async function saveOne(): Promise<Store> {
  const store = openStore()
  await store.saveMails([makeRaw('m1')])
  return store
}

test('a mail is routed in one commit: status, trace, notifications, deliveries', async () => {
  const store = await saveOne()
  expect(await route(store, await claimMail(store), { owners: {} })).toEqual({
    mailId: 'm1',
    subject: '[Sentry] Project 1 Error',
    status: 'routed',
    reason: null,
    routes: ['errors', 'needs owners'],
    channels: ['telegram', 'ops'],
  })
  const detail = await store.readMail('m1')
  expect(detail).toMatchObject({ status: 'routed', from: 'noreply@sentry.example', due_at: null })
  expect(detail?.traces[0]).toMatchObject({ mail_id: 'm1', outcome: 'routed', generation: 0 })
  expect(detail?.delivery_list.map((line) => line.channel).toSorted()).toEqual(['ops', 'telegram'])
})

test('a mail whose lease ended is left to who has it', async () => {
  const store = await saveOne()
  const first = await claimMail(store)
  const second = await claimMail(store, noon + 1_000)
  expect(await route(store, first, { owners: {} })).toBe(false)
  expect(await store.readMail('m1')).toMatchObject({ status: 'stored', notifications: [] })
  expect(await route(store, second, { owners: {} })).toMatchObject({ status: 'routed' })
})

test('a held mail is tried again on the ladder of its route, and what was sent is not sent again', async () => {
  const store = await saveOne()
  expect(await route(store, await claimMail(store))).toMatchObject({ status: 'held', channels: ['telegram'] })
  expect(await store.readMail('m1')).toMatchObject({ status: 'held', due_at: new Date(now + 60_000).toISOString() })
  expect(await store.claimMails({ ...mailClaim, now: now + 59_999 })).toEqual([])

  expect(await route(store, await claimMail(store, now + 60_000))).toMatchObject({ status: 'held', channels: [] })
  expect(await store.nextMailDueAt()).toBe(now + 300_000)

  const last = await claimMail(store, now + 300_000)
  expect(last.pendingRoutes).toEqual({ 'needs owners': 2 })
  expect(await route(store, last)).toMatchObject({ status: 'routed', channels: ['ops'] })
  const detail = await store.readMail('m1')
  expect(detail?.delivery_list.map((line) => [line.route, line.channel])).toEqual([
    ['needs owners', 'ops'],
    ['errors', 'telegram'],
  ])
  expect(detail?.traces).toHaveLength(1)
  expect(detail?.traces[0]?.routes.map((line) => line.verdict)).toEqual(['matched', 'matched'])
})

test('a replay is a new routing with the config of now', async () => {
  const store = await saveOne()
  await route(store, await claimMail(store), { owners: {} })
  await store.replayMail('m1', noon)
  const changed = routes.replace('send: telegram', 'send: email')
  expect(await route(store, await claimMail(store), { owners: {} }, changed)).toMatchObject({
    channels: ['email', 'ops'],
  })
  const detail = await store.readMail('m1')
  expect(detail?.traces.map((trace) => trace.generation)).toEqual([0, 1])
  expect(detail?.delivery_list.map((line) => `${line.generation} ${line.channel}`)).toEqual([
    '1 ops',
    '1 email',
    '0 ops',
    '0 telegram',
  ])
})

describe('a mail that never comes to an end', () => {
  /** Claims it as a program does that dies each time. */
  async function crash(store: Store, times: number, from = noon): Promise<ClaimedMail> {
    for (let n = 0; n < times; n++) await claimMail(store, from + n * 1_000)
    return claimMail(store, from + times * 1_000)
  }

  test('is routed up to the sixth time', async () => {
    const store = await saveOne()
    const sixth = await crash(store, 5)
    expect(sixth.attempts).toBe(6)
    expect(await route(store, sixth, { owners: {} })).toMatchObject({ status: 'routed' })
  })

  test('waits for a person after that, without being parsed again; otherwise hears of it', async () => {
    const store = await saveOne()
    const seventh = await crash(store, 6)
    const parts = makeParts(configOf(routes), { owners: {} })
    const deadly = { ...parts, parse: () => Promise.reject(new Error('this is what kills us')) }
    const reason = 'routing this mail failed 6 times without coming to an end'
    expect(await routeMail(deadly, store, seventh, signal)).toMatchObject({
      status: 'failed',
      subject: 'm1',
      reason,
      channels: ['ops'],
    })
    const detail = await store.readMail('m1')
    expect(detail).toMatchObject({ status: 'failed', reason, due_at: null, subject: 'm1' })
    expect(detail?.traces[0]).toMatchObject({ outcome: 'failed', otherwise: { reason, sent_to: 'ops' } })
    expect((await store.readDelivery(detail?.delivery_list[0]?.id ?? ''))?.message.notes).toContain(reason)
  })

  test('keeps the trace of what was done before', async () => {
    const store = await saveOne()
    await route(store, await claimMail(store))
    const seventh = await crash(store, 6, now + 60_000)
    await route(store, seventh)
    const trace = (await store.readMail('m1'))?.traces[0]
    expect(trace?.routes.map((line) => `${line.name} ${line.verdict}`)).toEqual([
      'errors matched',
      'needs owners skipped',
    ])
    expect(trace?.outcome).toBe('failed')
  })

  test('can be replayed by a person', async () => {
    const store = await saveOne()
    await route(store, await crash(store, 6), { owners: {} })
    await store.replayMail('m1', noon)
    expect(await route(store, await claimMail(store), { owners: {} })).toMatchObject({ status: 'routed' })
  })
})
