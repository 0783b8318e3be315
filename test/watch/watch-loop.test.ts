import { afterEach, describe, expect, it } from 'vitest'
import type { Config } from '#src/domain/config.js'
import type { EngineEvent } from '#src/domain/events.js'
import type { MonitorSettings, NotifyRule } from '#src/domain/monitor.js'
import { wordNotification } from '#src/steps/word-deliveries.js'
import type { Store } from '#src/store/store.js'
import type { PlanNotice } from '#src/watch/plan-monitor-event.js'
import { WatchLoop } from '#src/watch/watch-loop.js'
import { makeConfig, tooMuch, withTemplate } from '../steps/step-fixture.js'
import {
  claimDelivery,
  claimMail,
  makeDelivery,
  makeFolder,
  makeRaw,
  makeRouting,
  makeSettlement,
  openStore,
} from '../store/store-fixture.js'
import { hourMs, makeSettings, minuteMs, nine } from './watch-fixture.js'

const loops: WatchLoop[] = []
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.stop()
})

describe('a monitor', () => {
  it('goes down once, when nothing came in time, and its channels hear of it', async () => {
    const watch = await startWatch()
    await watch.passUntil(nine + 70 * minuteMs - 1)
    expect(watch.events).toEqual([])
    await watch.passUntil(nine + 70 * minuteMs)
    await watch.passUntil(nine + 5 * hourMs)
    expect(watch.events).toEqual([
      {
        type: 'monitor.down',
        monitor: 'backup',
        reason: 'no mail was ever seen, watched since 2026-11-20 09:00 UTC',
      },
    ])
    expect(await titles(watch.store)).toEqual([
      'ops: backup is down: no mail was ever seen, watched since 2026-11-20 09:00 UTC',
    ])
    expect(watch.woken).toContain('ops')
  })

  it.each([
    [
      'by the template of its channel',
      { title: '{{ labels.monitor }} {{ event }}', text: '{{ route }}{{ mail.text }}' },
    ],
    ['as it is where that fails', tooMuch],
  ])('is told %s', async (_, template) => {
    const config = withTemplate(makeConfig(), 'ops', template)
    const watch = await startWatch(undefined, [], undefined, nine, undefined, config)
    await watch.passUntil(nine + 70 * minuteMs)
    const [delivery] = (await watch.store.listDeliveries({ limit: 10 })).items
    const message = (await watch.store.readDelivery(delivery?.id ?? ''))?.message
    const [down] = (await watch.store.listNotifications({ limit: 10 })).items
    expect(down?.title).toMatch(/^backup is down: /)
    if (template === tooMuch) {
      expect(message).toMatchObject({ title: down?.title, notes: [down?.flagged] })
      expect(down?.flagged).toMatch(/^the template of the channel ops failed: /)
    } else expect(message).toMatchObject({ title: 'backup down', text: 'monitor backup', notes: [] })
  })

  it('is back when its mail comes: who was told hears that it is over, and the others that it is back', async () => {
    const watch = await startWatch({ backup: makeSettings({ onDown: ['ops'], onRecovery: ['ops', 'team'] }) })
    await watch.passUntil(nine + 70 * minuteMs)
    await send(watch)
    await watch.passUntil(nine + 3 * hourMs)
    await mailFor(watch.store, 'backup', watch.clock.now)
    watch.loop.seen(['backup'])
    await watch.loop.idle()
    expect(watch.events.map(({ type }) => type)).toEqual(['monitor.down', 'monitor.up'])
    const { items } = await watch.store.listDeliveries({ limit: 10 })
    expect(items.map(({ channel, purpose, title }) => `${channel} ${purpose} ${title.split(':')[0]}`).sort()).toEqual([
      'ops alert backup is down',
      'ops resolve backup is down',
      'team alert backup is back',
    ])
    const closed = await watch.store.listNotifications({ fingerprint: 'monitor/backup', limit: 10 })
    expect(closed.items.map(({ event, status, severity }) => `${event} ${status} ${severity}`).sort()).toEqual([
      'down resolved error',
      'recovery queued resolved',
    ])
  })

  it('that comes back before anybody was told only says that it is back, and only to those who asked', async () => {
    const watch = await startWatch()
    await watch.passUntil(nine + 70 * minuteMs)
    await mailFor(watch.store, 'backup', watch.clock.now)
    watch.loop.seen(['backup'])
    await watch.loop.idle()
    const { items } = await watch.store.listDeliveries({ limit: 10 })
    expect(items.map(({ title, status }) => `${title.split(':')[0]}: ${status}`).sort()).toEqual([
      'backup is back: queued',
      'backup is down: cancelled',
    ])
  })

  it('waits with its alarm for mails that are in the store and not routed yet', async () => {
    const watch = await startWatch()
    await watch.passUntil(nine + 69 * minuteMs)
    await watch.store.saveMails([makeRaw('late', { receivedAt: watch.clock.now })])
    await watch.passUntil(nine + 71 * minuteMs)
    expect(watch.events).toEqual([])
    await commitSeen(watch.store, 'backup', nine + 69 * minuteMs, watch.clock.now)
    await watch.passUntil(nine + 72 * minuteMs)
    expect(watch.events).toEqual([])

    await watch.store.saveMails([makeRaw('other', { receivedAt: watch.clock.now })])
    await watch.passUntil(nine + 69 * minuteMs + 70 * minuteMs + 3 * minuteMs)
    expect(watch.events.map(({ type }) => type)).toEqual(['monitor.down'])
  })

  it('is pinged by its token, and by its name', async () => {
    const watch = await startWatch({ backup: makeSettings({ when: null }) })
    const token = (await watch.store.listMonitorStates())[0]?.token ?? ''
    expect(token.length).toBeGreaterThanOrEqual(24)
    expect(await watch.loop.pingByToken('nonsense', 'seen')).toBeNull()
    expect(await watch.loop.pingByToken(token, 'start')).toMatchObject({ status: 'new', startedAt: nine })
    expect(await watch.loop.ping('backup', 'fail')).toMatchObject({ status: 'down', failedAt: nine })
    expect(await watch.loop.pingByToken(token, 'seen')).toMatchObject({ status: 'up', lastSeenAt: nine })
    expect(await watch.loop.ping('gone', 'seen')).toBeNull()
    expect(watch.events.map(({ type }) => type)).toEqual(['monitor.down', 'monitor.up'])
    await watch.loop.ping('backup', 'start')
    await watch.passUntil(nine + 10 * minuteMs)
    expect(watch.events.at(-1)).toMatchObject({
      type: 'monitor.down',
      reason: 'it began at 2026-11-20 09:00 UTC and has not ended',
    })
  })

  it('of a hundred pings at once keeps every one in order', async () => {
    const watch = await startWatch({ backup: makeSettings({ when: null }) })
    const kinds = Array.from({ length: 99 }, (_, at) => (at % 3 === 2 ? 'fail' : 'seen') as 'fail' | 'seen')
    await Promise.all(kinds.map((kind) => watch.loop.ping('backup', kind)))
    const down = watch.events.filter(({ type }) => type === 'monitor.down')
    expect(down).toHaveLength(33)
    expect(watch.events).toHaveLength(65)
  })

  it('tells those who were added by rules as well, for it or for all', async () => {
    const watch = await startWatch({ backup: makeSettings({ onDown: [] }) }, [
      makeRule('backup', 'on_down', ['chat']),
      makeRule('*', 'on_down', ['all', 'chat']),
      makeRule('other', 'on_down', ['never']),
      makeRule('backup', 'on_recovery', ['never']),
      { ...makeRule('backup', 'on_failure', ['never']), subject: 'job' },
    ])
    await watch.passUntil(nine + 70 * minuteMs)
    expect((await titles(watch.store)).map((line) => line.split(':')[0])).toEqual(['all', 'chat'])
  })

  it('that is in the config no more is forgotten; a new one is watched from now on', async () => {
    const watch = await startWatch()
    watch.monitors.other = makeSettings({ name: 'other' })
    delete watch.monitors.backup
    await watch.passUntil(nine + hourMs)
    await watch.loop.takeMonitors()
    const states = await watch.store.listMonitorStates()
    expect(states.map(({ name, watchedSince }) => [name, watchedSince])).toEqual([['other', nine + hourMs]])
    await watch.passUntil(nine + 2 * hourMs)
    expect(watch.events).toEqual([])
  })
})

describe('the gateway', () => {
  it('that was down says so once instead of alarming, and gives a new interval', async () => {
    const folder = makeFolder()
    const before = await startWatch(
      { backup: makeSettings(), calm: makeSettings({ name: 'calm', everyMs: 24 * hourMs }) },
      [],
      folder,
    )
    await before.passUntil(nine + 40 * minuteMs)
    await before.loop.stop()
    await before.store.close()

    const after = await startWatch(before.monitors, [], folder, nine + 8 * hourMs)
    await after.loop.takeMonitors()
    expect(after.events).toEqual([])
    expect(await titles(after.store)).toEqual([
      'otherwise: the gateway was down from 2026-11-20 09:40 UTC to 2026-11-20 17:00 UTC',
    ])
    const [delivery] = (await after.store.listDeliveries({ limit: 1 })).items
    const text = (await after.store.readDelivery(delivery?.id ?? ''))?.message.text
    expect(text).toContain('a monitor could not be watched:\nbackup has until 2026-11-20 18:10 UTC')
    await after.passUntil(nine + 9 * hourMs + 10 * minuteMs - 1)
    expect(after.events).toEqual([])
    await after.passUntil(nine + 9 * hourMs + 10 * minuteMs)
    expect(after.events).toHaveLength(1)
  })

  it('says to the second when it was stopped', async () => {
    const watch = await startWatch()
    await watch.passUntil(nine + 10_000)
    await watch.loop.stop()
    expect(await watch.store.readHeartbeat()).toBe(nine + 10_000)
  })

  it('that was down for a moment says nothing', async () => {
    const folder = makeFolder()
    const before = await startWatch({}, [], folder)
    await before.passUntil(nine + 40 * minuteMs)
    await before.loop.stop()
    await before.store.close()
    const after = await startWatch({ backup: makeSettings() }, [], folder, nine + 41 * minuteMs)
    expect(await titles(after.store)).toEqual([])
  })

  it.each([
    ['slept', 8 * hourMs, 5_000],
    ['was stopped', 8 * hourMs, 8 * hourMs],
    ['had its clock set ahead', 8 * hourMs, 0],
  ])('that %s alarms nobody', async (_, wallMs, steadyMs) => {
    const watch = await startWatch()
    await watch.passUntil(nine + 40 * minuteMs)
    watch.clock.now += wallMs
    watch.clock.steady += steadyMs
    await watch.look()
    expect(watch.events).toEqual([])
    expect(await titles(watch.store)).toHaveLength(1)
    await watch.look()
    expect(await titles(watch.store)).toHaveLength(1)
  })

  it('whose clock was set back alarms nobody, and watches on', async () => {
    const watch = await startWatch()
    await watch.passUntil(nine + 40 * minuteMs)
    watch.clock.now -= 24 * hourMs
    await watch.look()
    expect(watch.events).toEqual([])
    expect(await titles(watch.store)).toEqual([])
    await watch.passUntil(nine - 24 * hourMs + 40 * minuteMs + 70 * minuteMs)
    expect(watch.events.map(({ type }) => type)).toEqual(['monitor.down'])
  })

  it('tells of its absence once, however often it is killed while it says so', async () => {
    const folder = makeFolder()
    const before = await startWatch({ backup: makeSettings() }, [], folder)
    await before.passUntil(nine + 40 * minuteMs)
    await before.loop.stop()
    await before.store.close()
    for (const failing of ['changeMonitor', 'saveHeartbeat'] as const) {
      const store = openStore(folder)
      const broken: Store = { ...store, [failing]: () => Promise.reject(new Error('killed')) }
      const watch = await startWatch(before.monitors, [], folder, nine + 3 * hourMs, broken)
      expect(watch.logged.join()).toContain('killed')
      await watch.loop.stop()
      await store.close()
    }
    const after = await startWatch(before.monitors, [], folder, nine + 3 * hourMs + minuteMs)
    expect(await titles(after.store)).toHaveLength(1)
    expect(after.events).toEqual([])
    expect((await after.store.listMonitorStates())[0]?.watchedSince).toBeGreaterThanOrEqual(nine + 3 * hourMs)
  })
})

async function startWatch(
  monitors: Record<string, MonitorSettings> = { backup: makeSettings() },
  rules: NotifyRule[] = [],
  folder = makeFolder(),
  at = nine,
  given?: Store,
  config: Config = makeConfig(),
) {
  const clock = { now: at, steady: 0 }
  const store = given ?? openStore(folder, () => clock.now)
  const events: EngineEvent[] = []
  const woken: string[] = []
  const logged: string[] = []
  const plan: PlanNotice = (channels, message) => {
    const names = channels.length > 0 ? channels : ['otherwise']
    const deliveries = names.map((channel) => makeDelivery({ channel, recipient: null, address: null, message }))
    return { deliveries, flagged: null }
  }
  const loop = new WatchLoop({
    store,
    monitors: () => monitors,
    rules: () => rules,
    plan,
    word: async (notification) => (await wordNotification(notification, config)).notification,
    newToken: () => 'a-token-nobody-can-guess-at-all',
    wakeDeliveries: (channels) => woken.push(...channels),
    emit: (event) => events.push(event),
    now: () => clock.now,
    measure: () => clock.steady,
    log: (_, message, facts) => logged.push(`${message} ${JSON.stringify(facts)}`),
  })
  loops.push(loop)
  await loop.start()
  const look = async (): Promise<void> => {
    loop.wake()
    await loop.idle()
  }
  return {
    store,
    loop,
    clock,
    monitors,
    events,
    woken,
    logged,
    look,
    /** Both clocks go on, and somebody looks every minute and at the end. */
    async passUntil(end: number): Promise<void> {
      while (clock.now < end) {
        const stepMs = Math.min(minuteMs, end - clock.now)
        clock.now += stepMs
        clock.steady += stepMs
        await look()
      }
    },
  }
}

/** Sends what waits for ops. */
async function send({ store, clock }: { store: Store; clock: { now: number } }): Promise<void> {
  const claimed = await claimDelivery(store, clock.now)
  await store.settleDelivery(makeSettlement(claimed, { now: clock.now, remote: { id: '1' } }))
}

/** A mail that the monitor expects comes in and is routed. */
async function mailFor(store: Store, monitor: string, at: number): Promise<void> {
  await store.saveMails([makeRaw(`for-${monitor}-${at}`, { receivedAt: at })])
  await commitSeen(store, monitor, at, at)
}

async function commitSeen(store: Store, monitor: string, at: number, now: number): Promise<void> {
  const claimed = await claimMail(store, now)
  await store.commitRouting(makeRouting(claimed, { now, monitorsSeen: [{ monitor, at }] }))
}

async function titles(store: Store): Promise<string[]> {
  const { items } = await store.listDeliveries({ limit: 20 })
  return items.map(({ channel, title }) => `${channel}: ${title}`).sort()
}

function makeRule(name: string, event: NotifyRule['event'], channels: string[]): NotifyRule {
  return { id: `${name}/${event}`, subject: 'monitor', name, event, channels, createdBy: 'test', createdAt: nine }
}
