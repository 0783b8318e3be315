import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blankNumbers } from '#src/store/sqlite/dead-letter-groups.js'
import type { DeliverySelection, Store } from '#src/store/store.js'
import {
  claimDelivery,
  claimMail,
  makeDelivery,
  makeNotification,
  makeRaw,
  makeRouting,
  makeSettlement,
  noon,
  openStore,
  saveRouted,
} from './store-fixture.js'

describe('an error without its numbers', () => {
  test.each([
    ['chat 111222 was not found', 'chat # was not found'],
    ['HTTP 502: upstream 10.0.0.7 is down', 'HTTP 502: upstream #.#.#.# is down'],
    ['given up after 6 attempts: HTTP 429', 'given up after # attempts: HTTP 429'],
    ['550 5.1.1 no such user', '550 #.#.# no such user'],
    ['request 0b7c4a52-9f3e-4d11-a0de-cafe00000001 failed', 'request # failed'],
    ['retry-after was too long', 'retry-after was too long'],
    ['delivery 01JX2HSEHJ866MWE85DSWNYX80', 'delivery #'],
    ['nothing to blank', 'nothing to blank'],
    ['', ''],
    [`${'x'.repeat(197)} 502`, `${'x'.repeat(197)} #`],
    [null, 'no reason is known'],
  ])('%j reads %j', (error, blanked) => {
    expect(blankNumbers(error)).toBe(blanked)
  })

  test('property: blanking what is blanked changes nothing, and nothing is longer than its bound', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400, unit: 'binary' }), (error) => {
        const blanked = blankNumbers(error)
        expect(blanked.length).toBeLessThanOrEqual(200)
        expect(blankNumbers(blanked)).toBe(blanked)
      }),
    )
  })
})

/** A mail with a dead letter of each error. */
async function saveDead(store: Store, id: string, errors: string[], channel = 'ops', now = noon): Promise<void> {
  const dead = errors.map((error, n) => makeDelivery({ channel, address: `${id}${n}`, dead: error }))
  await saveRouted(store, id, dead, now)
}

const selections: [string, DeliverySelection, number][] = [
  ['all', {}, 4],
  ['of a channel', { channel: 'mail' }, 1],
  ['since', { since: noon + 5 }, 1],
  ['of a mail', { mailId: 'm1' }, 3],
  ['of a status, which is theirs anyway', { status: 'sent' }, 4],
]

describe('dead letters', () => {
  test('stand in groups by channel and error, the largest first, with some of them to look at', async () => {
    const store = openStore()
    await saveDead(store, 'm1', [
      'chat 1 not found',
      'chat 2 not found',
      'chat 3 not found',
      'HTTP 404',
      'chat 4 not found',
    ])
    await saveDead(store, 'm2', ['chat 9 not found', 'HTTP 403'], 'mail', noon + 5)
    await saveDead(store, 'm3', ['HTTP 404'], 'ops', noon + 9)
    const groups = await store.listDeadLetterGroups({})
    expect(groups.map(({ channel, error, count }) => `${channel} ${error} ${count}`)).toEqual([
      'ops chat # not found 4',
      'ops HTTP 404 2',
      'mail HTTP 403 1',
      'mail chat # not found 1',
    ])
    expect(groups[0]?.examples).toHaveLength(3)
    expect(groups[1]).toMatchObject({
      oldest_at: new Date(noon).toISOString(),
      newest_at: new Date(noon + 9).toISOString(),
    })
  })

  test.each(selections)('are grouped as selected: %s', async (_, selection, count) => {
    const store = openStore()
    await saveDead(store, 'm1', ['a', 'b', 'c'])
    await saveDead(store, 'm2', ['a'], 'mail', noon + 5)
    const groups = await store.listDeadLetterGroups(selection)
    expect(groups.reduce((sum, group) => sum + group.count, 0)).toBe(count)
  })

  test('of none there are no groups', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    expect(await store.listDeadLetterGroups({})).toEqual([])
  })

  test('of a thousand kinds two hundred are shown', async () => {
    const store = openStore()
    const word = (n: number) => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
    await saveDead(
      store,
      'm1',
      Array.from({ length: 1_000 }, (_, n) => `error ${word(n)}`),
    )
    expect(await store.listDeadLetterGroups({})).toHaveLength(200)
  })

  test('a group is retried, and cancelled, by its error as it stands there or as it was', async () => {
    const store = openStore()
    await saveDead(store, 'm1', ["can't find chat 17", "can't find chat 18", "can't find people", 'HTTP 404'])
    const [group] = await store.listDeadLetterGroups({ error: "can't find chat" })
    expect(group).toMatchObject({ count: 2 })
    const select = { status: 'dead' as const, channel: 'ops' }
    expect(await store.retryDeliveries({ ...select, error: group?.error ?? '' }, noon)).toBe(2)
    expect(await store.cancelDeliveries({ ...select, error: 'HTTP 404' }, noon, 'the page is gone')).toBe(1)
    expect(await store.retryDeliveries({ ...select, error: 'chat' }, noon)).toBe(0)
    const left = await store.listDeliveries({ limit: 9, status: 'dead' })
    expect(left.items.map((line) => line.last_error)).toEqual(["can't find people"])
    const cancelled = await store.listDeliveries({ limit: 9, status: 'cancelled' })
    expect(cancelled.items.map((line) => line.last_error)).toEqual(['the page is gone'])
  })

  test('without a reason are a group as well', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    await store.settleDelivery(makeSettlement(await claimDelivery(store), { status: 'dead' }))
    const [group] = await store.listDeadLetterGroups({})
    expect(group?.error).toBe('no reason is known')
    expect(await store.retryDeliveries({ error: group?.error ?? '' }, noon)).toBe(1)
  })
})

describe('a selection', () => {
  test('of a notification takes its deliveries, and says what each is for', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [
      makeDelivery(),
      makeDelivery({ address: '2', purpose: 'escalation', afterMs: 60_000 }),
    ])
    await saveRouted(store, 'm2', [makeDelivery()])
    const { items } = await store.listDeliveries({ limit: 9, mailId: 'm1' })
    expect(items.map((line) => line.purpose)).toEqual(['escalation', 'alert'])
    const notificationId = items[0]?.notification_id ?? ''
    expect((await store.listDeliveries({ limit: 9, notificationId })).items).toEqual(items)
    expect(await store.cancelDeliveries({ notificationId }, noon)).toBe(2)
    expect((await store.readNotification(notificationId))?.status).toBe('cancelled')
  })

  test('of more than one commit takes all that were there, each once', async () => {
    const store = openStore()
    await saveDead(
      store,
      'm1',
      Array.from({ length: 1_201 }, () => 'x'),
    )
    const retried = store.retryDeliveries({ status: 'dead' }, noon + 5)
    expect(await retried).toBe(1_201)
    expect(await store.retryDeliveries({}, noon + 6)).toBe(1_201)
    expect(await store.cancelDeliveries({ channel: 'ops' }, noon + 7, 'enough')).toBe(1_201)
    expect((await store.readStats(noon)).deliveries).toEqual({ cancelled: 1_201 })
  })
})

describe('a retry', () => {
  const silence = {
    id: 's1',
    matchers: { routes: ['disks'], channels: [], labels: {} },
    startsAt: noon,
    endsAt: noon + 60_000,
    comment: '',
    createdBy: 'cli:root',
    createdAt: noon,
  }

  test('sends what a silence kept back, and its notification is silenced no more', async () => {
    const store = openStore()
    await store.saveSilence(silence)
    await saveRouted(store, 'm1', [makeDelivery()])
    const [notification] = (await store.listNotifications({ limit: 1 })).items
    expect(notification?.status).toBe('suppressed')
    expect(await store.retryDeliveries({ notificationId: notification?.id ?? '' }, noon)).toBe(1)
    expect(await store.readNotification(notification?.id ?? '')).toMatchObject({ status: 'queued', reason: null })
    await store.settleDelivery(makeSettlement(await claimDelivery(store)))
    expect((await store.readNotification(notification?.id ?? ''))?.status).toBe('sent')
  })

  test('leaves what is held to wait', async () => {
    const store = openStore()
    await store.saveMails([makeRaw('m1')])
    const hold = { key: 'k', happenedAt: noon, forMs: 60_000, until: noon + 60_000 }
    const held = makeNotification([makeDelivery()], { control: { dedupe: null, hold, digest: null } })
    await store.commitRouting(makeRouting(await claimMail(store), { notifications: [held] }))
    expect((await store.readStats(noon)).notifications).toEqual({ held: 1, gathered: 0, unacknowledged: 0 })
    expect(await store.retryDeliveries({ mailId: 'm1' }, noon)).toBe(0)
    expect(await store.nextDeliveryDueAt()).toEqual([])
    await store.releaseHolds(noon + 60_000, 10)
    expect(await claimDelivery(store, noon + 60_000)).toMatchObject({ mailId: 'm1' })
  })

  test('of everything leaves what was cancelled because somebody answered, unless it is named', async () => {
    const store = openStore()
    const later = makeDelivery({ address: '2', purpose: 'escalation', afterMs: 60_000 })
    await saveRouted(store, 'm1', [makeDelivery({ offersAck: true }), later])
    const alert = await claimDelivery(store)
    await store.settleDelivery(makeSettlement(alert))
    expect((await store.readStats(noon)).notifications).toEqual({ held: 0, gathered: 0, unacknowledged: 1 })
    const acknowledgement = { by: 'api', at: noon, note: null }
    await store.acknowledge({ notificationId: alert.notificationId, deliveryId: null, acknowledgement, showOn: [] })
    expect((await store.readStats(noon)).notifications).toEqual({ held: 0, gathered: 0, unacknowledged: 0 })
    expect(await store.retryDeliveries({ channel: 'ops' }, noon)).toBe(0)
    const [escalation] = (await store.listDeliveries({ limit: 1, status: 'cancelled' })).items
    expect(await store.retryDeliveries({ ids: [escalation?.id ?? ''] }, noon)).toBe(1)
  })
})

test('mails are listed oldest first when asked for', async () => {
  const store = openStore()
  await store.saveMails(Array.from({ length: 5 }, (_, n) => makeRaw(`m${n}`)))
  const first = await store.listMails({ limit: 3, oldestFirst: true })
  const rest = await store.listMails({ limit: 3, oldestFirst: true, cursor: first.next_cursor ?? '' })
  expect([...first.items, ...rest.items].map((mail) => mail.id)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4'])
  expect(rest.next_cursor).toBeNull()
})

describe('a group', () => {
  test('is exactly what has its error, and what its retry made due is counted', async () => {
    const store = openStore()
    await saveDead(store, 'm1', ['HTTP 403: no', 'HTTP 403: no', 'HTTP 403: no such room'])
    const group = { channel: 'ops', errorGroup: 'HTTP 403: no' }
    expect(await store.countDeliveries(group)).toEqual({ dead: 2 })
    expect(await store.retryDeliveries({ ...group, status: 'dead' }, noon + 7)).toBe(2)
    expect(await store.countDeliveries({ channel: 'ops', retriedAt: noon + 7 })).toEqual({ queued: 2 })
    expect((await store.listDeliveries({ retriedAt: noon + 7, limit: 10 })).items).toHaveLength(2)
    expect(await store.countDeliveries({ channel: 'ops', status: 'dead' })).toEqual({ dead: 1 })
  })
})
