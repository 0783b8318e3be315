import { describe, expect, test } from 'vitest'
import type { Config } from '#src/domain/config.js'
import { SandboxError } from '#src/domain/errors.js'
import type { Escalation } from '#src/domain/route.js'
import { makeConfig, now, people, run, steps } from './step-fixture.js'

const minute = 60_000

function withLimits(name: string, limits: Partial<Config['channels'][string]['limits']>): Config {
  const config = makeConfig()
  const channel = config.channels[name]
  if (!channel) throw new Error(`no channel ${name}`)
  return {
    ...config,
    channels: { ...config.channels, [name]: { ...channel, limits: { ...channel.limits, ...limits } } },
  }
}

describe('ladder and window', () => {
  const own = { retryMs: [1], retryWindowMs: 10 }
  const channel = { retryMs: [2], retryWindowMs: 20 }
  test.each([
    ["the route's own", own, channel, [[1], 10]],
    ["the channel's", { retryMs: null, retryWindowMs: null }, channel, [[2], 20]],
    ["the config's", { retryMs: null, retryWindowMs: null }, {}, [[60_000], 86_400_000]],
    ['an empty ladder', { retryMs: [], retryWindowMs: null }, channel, [[], 20]],
  ])('%s', async (_name, route, limits, expected) => {
    const config = withLimits('telegram', limits)
    const result = await run([steps.send('telegram', { to: ['tim@y.example'] })], { route, config })
    expect(result.notification?.deliveries.map((line) => [line.retryMs, line.retryWindowMs])).toEqual([expected])
  })
})

describe('a send that repeats', () => {
  test('says how often', async () => {
    const repeat = { everyMs: 10 * minute, times: 3 }
    const result = await run([steps.send('telegram', { to: ['tim@y.example'], repeat, offersAck: true })])
    expect(result.notification?.deliveries).toMatchObject([{ purpose: 'alert', afterMs: 0, repeat, offersAck: true }])
    expect(result.deliveries[0]?.reason).toBe('3 times more, every 10m, unless somebody acknowledges')
  })
})

describe('an escalation', () => {
  const escalate = async (escalation: Partial<Escalation>, changes: Parameters<typeof run>[1] = {}, to?: string[]) => {
    const escalations = [{ afterMs: 15 * minute, channels: ['telegram'], to: null, ...escalation }]
    const result = await run([steps.send('telegram', { to: to ?? null, escalations, offersAck: true })], changes)
    const later = result.notification?.deliveries.filter(({ purpose }) => purpose === 'escalation') ?? []
    return {
      result,
      later: later.map(({ channel, recipient, afterMs }) => `${channel} ${recipient ?? '-'} ${afterMs / minute}`),
      detail: result.steps[0]?.detail,
      lines: result.deliveries.map(
        ({ channel, recipient, verdict, reason }) => `${channel} ${recipient} ${verdict} ${reason}`,
      ),
    }
  }

  test('goes to the same people when nobody is named', async () => {
    const { later, lines, result } = await escalate({ channels: ['email'] })
    expect(later).toEqual(['email tim@y.example 15', 'email jolin@y.example 15'])
    expect(lines[2]).toBe('email tim@y.example planned in 15m, unless somebody acknowledges')
    expect(result.notification?.deliveries.every(({ offersAck }) => offersAck)).toBe(true)
  })

  test('goes to the managers of the recipients, once each', async () => {
    const { later, detail } = await escalate({ channels: ['email'], to: ['manager', 'x@y.example'] })
    expect(later).toEqual(['email boss@y.example 15', 'email x@y.example 15'])
    expect(detail).toBe(
      'telegram tim@y.example, telegram jolin@y.example, after 15m email boss@y.example, after 15m email x@y.example',
    )
  })

  test('names those without a manager, and tells otherwise.send when nobody is left', async () => {
    const { later, detail, result } = await escalate({ to: ['manager'] }, {}, ['twin@y.example'])
    expect(later).toEqual(['ops - 15'])
    expect(detail).toContain('after 15m: twin@y.example has no manager')
    expect(detail).toContain('after 15m: there is nobody to send to on telegram, so ops')
    expect(result).toMatchObject({ lost: null, steps: [{ verdict: 'warning' }] })
  })

  test('that reaches some people only tells otherwise.send of the others', async () => {
    const { later, detail } = await escalate({ to: ['tim@y.example', 'boss@y.example'] }, {}, ['jolin@y.example'])
    expect(later).toEqual(['telegram tim@y.example 15', 'ops - 15'])
    expect(detail).toContain('boss@y.example has no address on telegram, so ops')
  })

  test('goes out at once when the alert reaches nobody', async () => {
    const config = makeConfig({ otherwise: { send: [], reject: null } })
    const escalations = [
      { afterMs: minute, channels: ['email'], to: ['manager'] },
      { afterMs: 2 * minute, channels: ['ops'], to: null },
    ]
    const result = await run([steps.send('telegram', { to: ['x@y.example'], escalations })], { config })
    expect(result.notification?.deliveries.map(({ purpose, afterMs }) => [purpose, afterMs])).toEqual([['alert', 0]])
    const known = await run([steps.send('desk', { to: [], escalations })], { config })
    expect(known.notification?.deliveries.map(({ purpose }) => purpose)).toEqual(['alert', 'escalation'])
    expect(result.deliveries).toMatchObject([
      { verdict: 'unreachable' },
      { channel: 'ops', verdict: 'planned', reason: 'at once, as nobody else is reached' },
    ])
    expect(result.lost).toBeNull()
  })

  test('is not taken for the alert that says the same', async () => {
    const { result } = await escalate({ afterMs: minute })
    expect(new Set(result.notification?.deliveries.map(({ dedupeKey }) => dedupeKey)).size).toBe(4)
  })

  test('is not planned for what must not go out', async () => {
    const runAction = () => Promise.reject(new SandboxError('trap', 'unreachable'))
    const escalations = [{ afterMs: minute, channels: ['ops'], to: null }]
    const result = await run([steps.run(), steps.send('telegram', { escalations })], {
      runAction,
      route: { onError: 'hold' },
    })
    expect(result.notification?.deliveries.map(({ purpose, dead }) => [purpose, dead !== null])).toEqual([
      ['alert', true],
      ['alert', true],
    ])
  })
})

describe('waiting', () => {
  const nights = {
    name: 'nights',
    spans: [{ days: null, between: { fromMinute: 720, toMinute: 780 }, timezone: 'UTC', except: [] }],
  }
  const tim = people['tim@y.example']
  if (!tim) throw new Error('there is no Tim')

  test('for hours that begin later is told', async () => {
    const office = {
      ...nights,
      name: 'office hours',
      spans: [{ ...nights.spans[0]!, between: { fromMinute: 780, toMinute: 800 } }],
    }
    const config = makeConfig({ calendars: { 'office hours': office } })
    const result = await run([steps.send('ops', { during: 'office hours' })], { config })
    expect(result.notification?.deliveries).toMatchObject([{ during: 'office hours' }])
    expect(result.deliveries[0]?.reason).toBe('waits for office hours until 2025-06-06 13:00 UTC')
  })

  test('for the end of quiet hours is told, but for what is urgent', async () => {
    const person = { ...tim, quietHours: { calendar: 'nights', except: ['critical' as const] } }
    const config = makeConfig({ calendars: { nights }, people: { ...people, 'tim@y.example': person } })
    const to = ['tim@y.example', 'jolin@y.example']
    const reasons = async (severity: 'critical' | 'error') =>
      (await run([steps.send('telegram', { to })], { config, route: { severity } })).deliveries.map(
        ({ reason }) => reason,
      )
    expect(await reasons('error')).toEqual([
      'waits for the end of nights of tim@y.example until 2025-06-06 13:00 UTC',
      null,
    ])
    expect(await reasons('critical')).toEqual([null, null])
    expect(now).toBe(Date.UTC(2025, 5, 6, 12))
  })
})
