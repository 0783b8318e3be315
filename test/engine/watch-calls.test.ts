import { afterEach, describe, expect, it } from 'vitest'
import type { MonitorSettings } from '#src/domain/monitor.js'
import { offerSilenceCalls } from '#src/engine/silence-calls.js'
import { type NewRule, offerWatchCalls } from '#src/engine/watch-calls.js'
import { WatchLoop } from '#src/watch/watch-loop.js'
import { noon } from '../store/store-fixture.js'
import { makeSettings } from '../watch/watch-fixture.js'
import { makeEngine, readAudit } from './engine-fixture.js'

const hourMs = 3_600_000
const loops: WatchLoop[] = []
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.stop()
})

describe('a silence', () => {
  const silence = {
    matchers: { routes: ['Sentry*'], channels: [], labels: { host: 'db1' } },
    startsAt: noon,
    endsAt: noon + 2 * hourMs,
    comment: 'disks are changed',
  }

  it('is in force at once, listed, recorded, and ended', async () => {
    const { engine, store } = await makeEngine()
    const calls = offerSilenceCalls(engine)
    const line = await calls.addSilence(silence, 'cli:root')
    expect(line).toMatchObject({
      routes: ['Sentry*'],
      labels: { host: 'db1' },
      state: 'active',
      ends_at: '2025-06-06T14:00:00.000Z',
      created_by: 'cli:root',
    })
    expect(engine.orders.silences()).toHaveLength(1)
    expect(await calls.listSilences({ ended: false, limit: 10 })).toEqual([line])
    await calls.endSilence(line.id, 'api')
    expect(engine.orders.silences()).toEqual([])
    expect(await calls.listSilences({ ended: true, limit: 10 })).toMatchObject([{ id: line.id, state: 'ended' }])
    await expect(calls.endSilence(line.id, 'api')).rejects.toMatchObject({ status: 404 })
    expect(await readAudit(store)).toEqual([`cli:root silence.add ${line.id}`, `api silence.end ${line.id}`])
  })

  it('to come is pending', async () => {
    const { engine } = await makeEngine()
    const line = await offerSilenceCalls(engine).addSilence({ ...silence, startsAt: noon + hourMs }, 'api')
    expect(line.state).toBe('pending')
    expect(engine.orders.silences()).toHaveLength(1)
  })

  it.each([
    ['of everything', { matchers: { routes: [], channels: [], labels: {} } }],
    ['with an empty matcher', { matchers: { routes: [''], channels: [], labels: {} } }],
    ['with a matcher without end', { matchers: { routes: ['x'.repeat(201)], channels: [], labels: {} } }],
    ['that ends before it starts', { endsAt: noon }],
    ['that is over', { startsAt: noon - 2 * hourMs, endsAt: noon - hourMs }],
    ['for ever', { endsAt: noon + 400 * 24 * hourMs }],
    ['without an end', { endsAt: Number.NaN }],
    ['with a novel as comment', { comment: 'x'.repeat(1_001) }],
  ])('%s is refused', async (_, changes) => {
    const { engine, store } = await makeEngine()
    const adding = offerSilenceCalls(engine).addSilence({ ...silence, ...changes }, 'api')
    await expect(adding).rejects.toMatchObject({ status: 400, code: 'bad_request' })
    expect(await readAudit(store)).toEqual([])
  })
})

describe('a rule', () => {
  const rule: NewRule = { subject: 'job', name: 'report', event: 'on_failure', channels: ['ops', 'ops'] }

  it('is in force at once, once, recorded, and removed', async () => {
    const { engine, store } = await makeEngine()
    const calls = offerWatchCalls(engine)
    const line = await calls.addRule(rule, 'cli:root')
    expect(line).toMatchObject({ ...rule, channels: ['ops'], created_by: 'cli:root' })
    expect(engine.orders.rules()).toHaveLength(1)
    await expect(calls.addRule(rule, 'api')).rejects.toMatchObject({ status: 409, code: 'exists' })
    expect(await calls.listRules()).toEqual([line])
    await calls.removeRule(line.id, 'api')
    expect(engine.orders.rules()).toEqual([])
    await expect(calls.removeRule(line.id, 'api')).rejects.toMatchObject({ status: 404 })
    expect(await readAudit(store)).toEqual([`cli:root rule.add ${line.id}`, `api rule.remove ${line.id}`])
  })

  it.each<[string, Partial<NewRule>, number]>([
    ['for a job that is not there', { name: 'gone' }, 404],
    ['for a monitor that is not there', { subject: 'monitor', event: 'on_down', name: 'report' }, 404],
    ['for a channel that is not there', { channels: ['ops', 'gone'] }, 404],
    ['for nobody', { channels: [] }, 400],
    ["for a job's going down", { event: 'on_down' }, 400],
    ["for a monitor's failure", { subject: 'monitor', name: '*' }, 400],
  ])('%s is refused', async (_, changes, status) => {
    const { engine } = await makeEngine()
    await expect(offerWatchCalls(engine).addRule({ ...rule, ...changes }, 'api')).rejects.toMatchObject({ status })
  })

  it('for all jobs needs none yet', async () => {
    const { engine } = await makeEngine()
    expect(await offerWatchCalls(engine).addRule({ ...rule, name: '*' }, 'api')).toMatchObject({ name: '*' })
  })
})

describe('a monitor', () => {
  it('is listed with the URL of its pings, and pinged by name and by token', async () => {
    const { engine, store } = await startMonitors({ backup: makeSettings({ when: null }) })
    const calls = offerWatchCalls(engine)
    const [line] = await calls.listMonitors()
    expect(line).toMatchObject({
      name: 'backup',
      status: 'new',
      expects_mail: false,
      last_seen_at: null,
      due_at: '2025-06-06T13:10:00.000Z',
      ping_path: '/ping/token-nobody-can-guess',
      ping_url: 'https://alerts.example/ping/token-nobody-can-guess',
    })
    expect(await calls.ping('token-nobody-can-guess', 'seen')).toEqual({ name: 'backup', status: 'up' })
    expect(await calls.ping('nonsense', 'seen')).toBeNull()
    expect(await calls.pingMonitor('backup', 'fail', 'cli:root')).toMatchObject({ status: 'down', due_at: null })
    await expect(calls.pingMonitor('gone', 'seen', 'api')).rejects.toMatchObject({ status: 404 })
    expect(await readAudit(store)).toEqual(['cli:root monitor.ping backup'])
  })

  it('that the config has none of makes an empty list', async () => {
    const { engine } = await startMonitors({})
    expect(await offerWatchCalls(engine).listMonitors()).toEqual([])
  })
})

async function startMonitors(monitors: Record<string, MonitorSettings>) {
  const made = await makeEngine({ monitors })
  made.config.server.http.publicUrl = 'https://alerts.example'
  const watch = new WatchLoop({
    store: made.store,
    monitors: () => monitors,
    rules: () => [],
    plan: () => ({ deliveries: [], flagged: null }),
    word: async (notification) => notification,
    newToken: () => 'token-nobody-can-guess',
    wakeDeliveries: () => undefined,
    emit: () => undefined,
    now: made.engine.now,
    measure: () => 0,
    log: () => undefined,
  })
  loops.push(watch)
  await watch.start()
  return { ...made, engine: { ...made.engine, watch } }
}
