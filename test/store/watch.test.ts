import { describe, expect, test } from 'vitest'
import type { AuditEntry } from '#src/domain/audit.js'
import type { MonitorState, NotifyRule } from '#src/domain/monitor.js'
import type { Silence } from '#src/domain/silence.js'
import { claimMail, makeFolder, makeNotification, makeRaw, makeRouting, noon, openStore } from './store-fixture.js'

const hourMs = 3_600_000

function makeSilence(id: string, changes: Partial<Silence> = {}): Silence {
  return {
    id,
    matchers: { routes: ['disk*'], channels: [], labels: { host: 'db"1' } },
    startsAt: noon,
    endsAt: noon + hourMs,
    comment: "moving O'Brien's rack",
    createdBy: 'cli:root',
    createdAt: noon,
    ...changes,
  }
}

describe('silences', () => {
  test('come back as they were, also after a restart', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    await store.saveSilence(makeSilence('s1'))
    await store.close()
    expect(await openStore(folder).listSilences({ ended: false, now: noon, limit: 10 })).toEqual([makeSilence('s1')])
  })

  test('are listed newest first: in force, to come, and over when asked for', async () => {
    const store = openStore()
    await store.saveSilence(makeSilence('s1', { startsAt: noon - hourMs, endsAt: noon }))
    await store.saveSilence(makeSilence('s2'))
    await store.saveSilence(makeSilence('s3', { startsAt: noon + hourMs, endsAt: noon + 2 * hourMs }))
    const ids = async (ended: boolean, limit = 10) =>
      (await store.listSilences({ ended, now: noon, limit })).map((silence) => silence.id)
    expect(await ids(false)).toEqual(['s3', 's2'])
    expect(await ids(true)).toEqual(['s3', 's2', 's1'])
    expect(await ids(true, 1)).toEqual(['s3'])
    expect(await ids(true, -1)).toEqual(['s3'])
  })

  test.each([
    { what: 'in force', silence: makeSilence('s'), ends: true, after: { startsAt: noon, endsAt: noon + 5 } },
    {
      what: 'to come',
      silence: makeSilence('s', { startsAt: noon + hourMs, endsAt: noon + 2 * hourMs }),
      ends: true,
      after: { startsAt: noon + 5, endsAt: noon + 5 },
    },
    {
      what: 'over',
      silence: makeSilence('s', { startsAt: noon - 9, endsAt: noon + 5 }),
      ends: false,
      after: { startsAt: noon - 9, endsAt: noon + 5 },
    },
  ])('one that is $what is ended: $ends', async ({ silence, ends, after }) => {
    const store = openStore()
    await store.saveSilence(silence)
    expect(await store.endSilence('s', noon + 5)).toBe(ends)
    expect(await store.endSilence('s', noon + 6)).toBe(false)
    expect(await store.listSilences({ ended: true, now: noon, limit: 10 })).toMatchObject([after])
    expect(await store.endSilence('nobody', noon)).toBe(false)
  })
})

function makeMonitor(changes: Partial<MonitorState> = {}): MonitorState {
  return {
    name: 'backup',
    status: 'up',
    token: 'secret',
    watchedSince: noon - 2 * hourMs,
    lastSeenAt: noon - hourMs,
    startedAt: null,
    failedAt: null,
    changedAt: noon - hourMs,
    reason: null,
    ...changes,
  }
}

const aside = { severity: 'critical', event: 'down', route: 'monitor backup' } as const

describe('monitors', () => {
  test('change together with what is told of it, and are found by their token', async () => {
    const store = openStore()
    const up = makeMonitor()
    expect(await store.changeMonitor(null, up, [], noon)).toMatchObject({ deliveries: 0 })
    const down = makeMonitor({ status: 'down', reason: 'no mail since 02:00', changedAt: noon })
    const told = await store.changeMonitor(up, down, [makeNotification([], aside)], noon)
    expect(told).not.toBe(false)
    expect(await store.listMonitorStates()).toEqual([down])
    expect(await store.readMonitorByToken('secret')).toEqual(down)
    expect(await store.readMonitorByToken('guessed')).toBeNull()
    expect((await store.listNotifications({ limit: 10 })).items).toMatchObject([{ source: 'monitor', event: 'down' }])
  })

  const others: Partial<MonitorState>[] = [
    { status: 'down' },
    { token: 'another' },
    { watchedSince: 1 },
    { lastSeenAt: noon },
    { lastSeenAt: null },
    { startedAt: noon },
    { failedAt: noon },
    { changedAt: noon },
    { reason: '' },
  ]
  test.each(others)('are not changed, and nothing is told, when the state became %j meanwhile', async (other) => {
    const store = openStore()
    const read = makeMonitor()
    const meanwhile = makeMonitor(other)
    await store.changeMonitor(null, meanwhile, [], noon)
    const next = makeMonitor({ status: 'new', reason: 'x' })
    expect(await store.changeMonitor(read, next, [makeNotification([], aside)], noon)).toBe(false)
    expect(await store.listMonitorStates()).toEqual([meanwhile])
    expect((await store.listNotifications({ limit: 10 })).items).toEqual([])
  })

  test('of two that saw the same state, one changes it; and one is made once', async () => {
    const store = openStore()
    const made = await Promise.all([1, 2].map((n) => store.changeMonitor(null, makeMonitor({ token: `${n}` }), [], n)))
    expect(made.map((answer) => answer !== false)).toEqual([true, false])
    const [before = makeMonitor()] = await store.listMonitorStates()
    const after = { ...before, status: 'down' as const }
    const changed = await Promise.all([0, 0].map(() => store.changeMonitor(before, after, [], noon)))
    expect(changed.map((answer) => answer !== false)).toEqual([true, false])
  })

  test('that were seen twice in a moment tell of both', async () => {
    const store = openStore()
    const up = makeMonitor()
    const down = makeMonitor({ status: 'down' })
    await store.changeMonitor(null, up, [], noon)
    await store.changeMonitor(up, down, [makeNotification([], aside)], noon)
    await store.changeMonitor(down, up, [makeNotification([], { ...aside, event: 'up' })], noon)
    await store.changeMonitor(up, down, [makeNotification([], aside)], noon)
    expect((await store.listNotifications({ limit: 10 })).items.map((item) => item.event)).toEqual([
      'down',
      'up',
      'down',
    ])
  })

  test('are seen by a mail, also before anybody looked at them and in any order', async () => {
    const store = openStore()
    const see = async (id: string, at: number) => {
      await store.saveMails([makeRaw(id)])
      const monitorsSeen = [{ monitor: 'backup', at }]
      await store.commitRouting(makeRouting(await claimMail(store), { monitorsSeen }))
    }
    await see('m1', noon)
    const [first] = await store.listMonitorStates()
    expect(first).toMatchObject({
      name: 'backup',
      status: 'new',
      lastSeenAt: noon,
      watchedSince: noon,
      startedAt: null,
    })
    expect(first?.token).toMatch(/^[\w-]{24}$/)
    await see('m2', noon - 5)
    expect(await store.listMonitorStates()).toEqual([first])
    await see('m3', noon + 5)
    expect(await store.listMonitorStates()).toEqual([{ ...first, lastSeenAt: noon + 5 }])
  })

  test('that the config no longer has are forgotten', async () => {
    const store = openStore()
    for (const name of ['a', 'b"', 'c']) await store.changeMonitor(null, makeMonitor({ name, token: name }), [], noon)
    await store.keepMonitors(['c', 'b"', 'new'])
    expect((await store.listMonitorStates()).map((state) => state.name)).toEqual(['b"', 'c'])
    await store.keepMonitors([])
    expect(await store.listMonitorStates()).toEqual([])
  })
})

test('rules are kept once, whatever their id and the order of their channels', async () => {
  const store = openStore()
  const rule: NotifyRule = {
    id: 'r1',
    subject: 'job',
    name: '*',
    event: 'on_failure',
    channels: ['ops', 'mail', 'ops'],
    createdBy: 'api',
    createdAt: noon,
  }
  expect(await store.saveRule(rule)).toBe(true)
  expect(await store.saveRule({ ...rule, id: 'r2', channels: ['mail', 'ops'] })).toBe(false)
  expect(await store.saveRule({ ...rule, id: 'r3', event: 'on_success' })).toBe(true)
  expect(await store.listRules()).toEqual([
    { ...rule, channels: ['mail', 'ops'] },
    { ...rule, id: 'r3', event: 'on_success', channels: ['mail', 'ops'] },
  ])
  expect(await store.deleteRule('r1')).toBe(true)
  expect(await store.deleteRule('r1')).toBe(false)
  expect(await store.saveRule({ ...rule, id: 'r4' })).toBe(true)
})

describe('the audit', () => {
  const entry: AuditEntry = {
    at: noon,
    actor: 'telegram:Tim "the man"',
    action: 'delivery.retry',
    subjects: ['d1'],
    detail: { reason: "it's over", count: 2 },
  }

  test('lists newest first, in pages, each line once while new ones come', async () => {
    const store = openStore()
    for (let n = 0; n < 25; n++) await store.saveAudit({ ...entry, subjects: [`d${n}`] })
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await store.listAudit({ limit: 10, ...(cursor && { cursor }) })
      seen.push(...page.items.flatMap((line) => line.subjects))
      cursor = page.next_cursor
      await store.saveAudit({ ...entry, at: noon + 1 })
    } while (cursor)
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `d${24 - n}`))
  })

  test('finds by subject, action and time', async () => {
    const store = openStore()
    await store.saveAudit(entry)
    await store.saveAudit({ ...entry, at: noon + 5, action: 'silence.add', subjects: ['s1', 'd1'] })
    await store.saveAudit({ ...entry, at: noon + 9, subjects: [] })
    const times = async (filter: Omit<Parameters<typeof store.listAudit>[0], 'limit'>) =>
      (await store.listAudit({ limit: 10, ...filter })).items.map((line) => Date.parse(line.at) - noon)
    expect(await times({})).toEqual([9, 5, 0])
    expect(await times({ subject: 'd1' })).toEqual([5, 0])
    expect(await times({ subject: "d1' OR 1=1" })).toEqual([])
    expect(await times({ action: 'delivery.retry' })).toEqual([9, 0])
    expect(await times({ subject: 'd1', action: 'delivery.retry', since: noon })).toEqual([0])
    expect(await times({ since: noon + 1 })).toEqual([9, 5])
    const [last] = (await store.listAudit({ limit: 1, subject: 's1' })).items
    expect(last).toMatchObject({ actor: entry.actor, subjects: ['s1', 'd1'], detail: entry.detail })
  })

  test('keeps a hundred subjects of a line', async () => {
    const store = openStore()
    await store.saveAudit({ ...entry, subjects: Array.from({ length: 150 }, (_, n) => `d${n}`) })
    expect((await store.listAudit({ limit: 1 })).items[0]?.subjects).toHaveLength(100)
  })
})

test('the heartbeat is the last one, over a restart', async () => {
  const folder = makeFolder()
  const store = openStore(folder)
  expect(await store.readHeartbeat()).toBeNull()
  await store.saveHeartbeat(noon)
  await store.saveHeartbeat(noon + 5)
  await store.close()
  expect(await openStore(folder).readHeartbeat()).toBe(noon + 5)
})

test('a counter can be read without counting', async () => {
  const store = openStore()
  expect(await store.readCount('sent', '2025-06-06')).toBe(0)
  await store.countWithin('sent', '2025-06-06', 2)
  await store.countWithin('sent', '2025-06-06', 2)
  await store.countWithin('sent', '2025-06-06', 2)
  expect(await store.readCount('sent', '2025-06-06')).toBe(2)
  expect(await store.readCount('sent', '2025-06-07')).toBe(0)
})
