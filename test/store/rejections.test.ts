import { describe, expect, test } from 'vitest'
import type { Rejection } from '#src/domain/rejection.js'
import type { Store } from '#src/store/store.js'
import { makeRaw, noon, openStore } from './store-fixture.js'

const rejection: Rejection = {
  at: noon,
  client: '192.0.2.1',
  from: 'a@x.example',
  rcpt: null,
  user: null,
  reason: 'not_allowed',
  code: 530,
  message: 'log in first',
}

function save(store: Store, some: Partial<Rejection>, count = 1): Promise<void> {
  return store.saveRejections([{ rejection: { ...rejection, ...some }, count }])
}

describe('the rejected log', () => {
  test('sums up by client, reason and hour, with the last one in words', async () => {
    const store = openStore()
    await save(store, {})
    await save(store, { at: noon + 1, from: 'b@x.example', rcpt: 'c@y.example' }, 41)
    await save(store, { at: noon + 2, reason: 'too_large', code: 552 })
    await save(store, { at: noon + 3_600_000 })
    const { items: lines, next_cursor } = await store.listRejections({ limit: 10 })
    expect(next_cursor).toBeNull()
    expect(lines.map((line) => [line.reason, line.count, line.from])).toEqual([
      ['not_allowed', 1, 'a@x.example'],
      ['too_large', 1, 'a@x.example'],
      ['not_allowed', 42, 'b@x.example'],
    ])
    const pages: string[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await store.listRejections({ limit: 1, cursor })
      pages.push(...page.items.map(({ last_at }) => last_at))
      cursor = page.next_cursor
    }
    expect(pages).toEqual(lines.map(({ last_at }) => last_at))
    expect((await store.listRejections({ limit: 1, cursor: 'nonsense' })).items).toEqual(lines.slice(0, 1))
    expect((await store.readStats(noon + 3_600_000)).rejected_last_day).toBe(44)
  })

  test.each([
    [{ reason: 'too_large' }, ['192.0.2.2']],
    [{ reason: 'no such reason' }, []],
    [{ client: '192.0.2.1' }, ['192.0.2.1']],
    [{ client: `192.0.2.1' OR '1'='1` }, []],
    [{ since: noon + 2 }, ['2001:db8::1', '192.0.2.2']],
    [{ since: noon + 4 }, []],
    [{ client: '192.0.2.2', reason: 'too_large', since: noon }, ['192.0.2.2']],
    [{ client: '192.0.2.1', reason: 'too_large' }, []],
  ])('is filtered by %j', async (filter, clients) => {
    const store = openStore()
    await save(store, {})
    await save(store, { at: noon + 2, client: '192.0.2.2', reason: 'too_large' })
    await save(store, { at: noon + 3, client: '2001:db8::1' })
    const seen: string[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await store.listRejections({ ...filter, limit: 1, cursor })
      seen.push(...page.items.map(({ client }) => client))
      cursor = page.next_cursor
    }
    expect(seen).toEqual(clients)
  })

  test('is bounded, whoever knocks', async () => {
    const store = openStore()
    const knocks = Array.from({ length: 22_000 }, (_, n) => ({ ...rejection, client: `c${n}`, at: noon + n }))
    await store.saveRejections(knocks.map((knock) => ({ rejection: knock, count: 1 })))
    const { items: lines } = await store.listRejections({ limit: 30_000 })
    expect(lines.length).toBeLessThanOrEqual(21_000)
    expect(lines[0]?.client).toBe('c21999')
  })
})

describe('the mails of a day', () => {
  test('are counted with the mails, by sender and day, over a restart', async () => {
    const store = openStore()
    const mail = (id: string, receivedAt: number, countedAs?: string) =>
      makeRaw(id, { receivedAt, ...(countedAs === undefined ? {} : { countedAs }) })
    const day = 86_400_000
    await store.saveMails([mail('m1', noon, 'user/a'), mail('m2', noon, 'user/a'), mail('m3', noon)])
    await store.saveMails([mail('m4', noon + 1, 'client/192.0.2.1'), mail('m5', noon + day, 'user/a')])
    // A mail that is there already makes the whole batch fail, and it counts for nobody.
    await expect(store.saveMails([mail('m6', noon, 'user/a'), mail('m1', noon, 'user/a')])).rejects.toThrow()
    await store.countWithin('llm', new Date(noon).toISOString().slice(0, 10), 5)
    expect(await store.listDailyMailCounts(new Date(noon).toISOString().slice(0, 10))).toEqual([
      { key: 'user/a', count: 2 },
      { key: 'client/192.0.2.1', count: 1 },
    ])
    expect(await store.listDailyMailCounts(new Date(noon + day).toISOString().slice(0, 10))).toEqual([
      { key: 'user/a', count: 1 },
    ])
  })
})
