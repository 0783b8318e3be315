import { describe, expect, test } from 'vitest'
import { type PipelineParts, routeMail } from '#src/pipeline.js'
import type { ClaimedMail, Store } from '#src/store/store.js'
import type { SenderAuth } from '../../src/domain/mail.js'
import { claimMail, makeRaw, openStore } from '../store/store-fixture.js'
import { configOf, makeParts, now } from './pipeline-fixture.js'

const routes = `routes:
  - { name: errors, when: { subject: { contains: Sentry } }, steps: [ { send: telegram } ] }
  - { name: needs owners, retry: [1m, 5m], when: { subject: { contains: Sentry } }, steps: [ { attach: owners }, { send: ops } ] }`
const forged: SenderAuth = {
  spf: 'fail',
  dkim: 'none',
  dmarc: 'none',
  policy: null,
  reasons: { spf: 'S', dkim: 'D', dmarc: 'M' },
}
const quarantine = { action: 'quarantine', check: 'spf', reason: 'SPF fail: S' } as const
const { signal } = new AbortController()

function route(store: Store, claimed: ClaimedMail, checkSender: PipelineParts['checkSender'], owners = true) {
  const parts = makeParts(configOf(routes), owners ? { owners: {} } : {})
  return routeMail({ ...parts, checkSender }, store, claimed, signal)
}

const hold: PipelineParts['checkSender'] = async () => ({ auth: forged, judgement: quarantine })
const letIn: PipelineParts['checkSender'] = async () => ({ auth: forged, judgement: null })
const unasked: PipelineParts['checkSender'] = () => Promise.reject(new Error('nobody is to be asked'))

async function saveOne(auth?: SenderAuth | null): Promise<Store> {
  const store = openStore()
  await store.saveMails([makeRaw('m1', auth === undefined ? {} : { auth })])
  return store
}

describe('what was found of a sender', () => {
  test('is kept with the mail, for its next routing and whoever reads it', async () => {
    const store = await saveOne()
    const claimed = await claimMail(store)
    expect('auth' in claimed).toBe(false)
    await route(store, claimed, letIn)
    expect((await store.readRawMail('m1'))?.auth).toEqual(forged)
    await store.replayMail('m1', now)
    const again = await claimMail(store)
    expect(again.auth).toEqual(forged)
    expect(await route(store, again, unasked)).toMatchObject({ status: 'routed' })
    expect((await store.readMail('m1'))?.traces.map(({ auth }) => auth)).toEqual([forged, forged])
  })

  test.each([[forged], [null]])('comes with a mail that was asked about before it was saved: %j', async (auth) => {
    const store = await saveOne(auth)
    expect((await claimMail(store)).auth).toEqual(auth)
    expect((await store.readRawMail('m1'))?.auth).toEqual(auth)
  })

  test('that nobody may ask is kept as well, and no replay asks', async () => {
    const store = await saveOne()
    await route(store, await claimMail(store), async () => ({ auth: null, judgement: null }))
    expect((await store.readRawMail('m1'))?.auth).toBeNull()
  })
})

describe('a mail that is held for its sender', () => {
  test('is seen by no route, is not tried again, and is routed by a replay', async () => {
    const store = await saveOne()
    expect(await route(store, await claimMail(store), hold)).toMatchObject({ status: 'held', routes: [], channels: [] })
    const held = await store.readMail('m1')
    expect(held).toMatchObject({ status: 'held', reason: 'held: SPF fail: S', due_at: null, notifications: [] })
    expect(held?.traces[0]).toMatchObject({ outcome: 'held', auth: forged, routes: [], otherwise: null, monitors: [] })
    expect(await store.nextMailDueAt()).toBeNull()
    await store.replayMail('m1', now)
    expect(await route(store, await claimMail(store), unasked)).toMatchObject({ status: 'routed' })
  })

  test('is not held half way, when the policy becomes stricter while a route is tried again', async () => {
    const store = await saveOne()
    expect(await route(store, await claimMail(store), letIn, false)).toMatchObject({ status: 'held' })
    const waiting = await claimMail(store, now + 60_000)
    expect(await route(store, waiting, hold)).toMatchObject({ status: 'routed', channels: ['ops'] })
  })

  test('nobody is asked about a mail that ended the process again and again', async () => {
    const store = await saveOne()
    const claimed = { ...(await claimMail(store)), attempts: 7 }
    expect(await route(store, claimed, unasked)).toMatchObject({ status: 'failed' })
    expect(await store.readRawMail('m1')).not.toHaveProperty('auth')
  })
})
