import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JudgeByLlm } from '#src/domain/judge.js'
import type { Silence } from '#src/domain/silence.js'
import { planMail } from '#src/pipeline.js'
import { makeMail } from '../route/sample.js'
import { configOf, listDeliveries, listRoutes, makeParts, now, plan } from './pipeline-fixture.js'

const minute = 60_000

function mailOf(subject: string, changes: Parameters<typeof makeMail>[0] = {}) {
  return makeMail({ subject, envelope: { to: ['tim@y.example'] }, ...changes })
}

const held = `routes:
  - name: services
    when: { subject: { contains: stopped } }
    steps:
      - extract: { service: { from: subject, regex: '^(\\S+) ' } }
      - hold: { for: 5m, key: service, unless: { subject: { contains: started } } }
      - send: telegram`

describe('a recovery', () => {
  test('is found in a mail no route matches, which is routed by that', async () => {
    const result = await plan(held, { mail: mailOf('nginx started', { date: now - minute }) })
    expect(result.recoveries).toEqual([{ type: 'hold', route: 'services', key: 'nginx', happenedAt: now - minute }])
    expect(result.trace).toMatchObject({
      outcome: 'routed',
      otherwise: null,
      recoveries: [{ route: 'services', what: 'hold nginx', closed: [] }],
    })
    expect(result).toMatchObject({ notifications: [], reason: null })
  })

  test('is none in any other mail', async () => {
    const result = await plan(held, { mail: mailOf('nginx stopped') })
    expect(result.recoveries).toEqual([])
    expect(result.notifications[0]?.control.hold).toMatchObject({ key: 'nginx', until: now + 5 * minute })
  })

  test('in a mail the route itself matches lets nothing of the route go out', async () => {
    const result = await plan(held, { mail: mailOf('nginx stopped and started') })
    expect(result.notifications).toEqual([])
    expect(result.recoveries).toHaveLength(1)
    expect(listRoutes(result)).toEqual(['services matched'])
  })

  test('without a key closes nothing, and the trace says why', async () => {
    const result = await plan(held, { mail: mailOf('started') })
    expect(result.recoveries).toEqual([])
    expect(result.trace).toMatchObject({
      outcome: 'unrouted',
      recoveries: [{ route: 'services', what: 'nothing: "{{ service }}" is empty in the key', closed: [] }],
    })
    expect(listDeliveries(result)).toEqual(['otherwise: ops'])
  })

  test('of a route that is off is none', async () => {
    const off = held.replace('name: services', 'name: services\n    enabled: false')
    expect((await plan(off, { mail: mailOf('nginx started') })).recoveries).toEqual([])
  })

  test('takes its key from named groups of unless, and of when', async () => {
    const routes = (when: string, unless: string) => `routes:
      - { name: a, when: { subject: { matches: '${when}' } }, steps: [ { hold: { for: 5m, key: service, unless: { subject: { matches: '${unless}' } } } }, { send: ops } ] }`
    const keys = async (when: string, unless: string) =>
      (await plan(routes(when, unless), { mail: mailOf('nginx up') })).recoveries.map((one) => 'key' in one && one.key)
    expect(await keys('(?P<service>\\S+) down', '(?P<service>\\S+) up')).toEqual(['nginx'])
    expect(await keys('(?P<service>\\S+) (down|up)', ' up')).toEqual(['nginx'])
  })

  test('that only a model can tell is none when it does not answer and shall be asked again', async () => {
    const routes = `llm: { base_url: "http://llm.internal/v1", api_key: key-123456, model: small }
routes:
  - name: services
    when: { subject: { contains: stopped } }
    steps: [ { hold: { for: 5m, key: "{{ mail.subject }}", unless: { llm: { prompt: Is it over?, fields: [subject], on_error: retry } } } }, { send: ops } ]`
    const yes: JudgeByLlm = async () => ({ match: true, reason: 'so', cached: false, model: 'small', durationMs: 0 })
    const down = await plan(routes, { mail: mailOf('nginx stopped'), judge: null })
    expect(down.recoveries).toEqual([])
    expect(down.notifications[0]?.control.hold?.key).toBe('nginx stopped')
    expect(down.trace.routes[0]?.steps[0]).toMatchObject({ verdict: 'warning' })
    const up = await plan(routes, { mail: mailOf('nginx stopped'), judge: yes })
    expect(up).toMatchObject({ notifications: [], recoveries: [{ key: 'nginx stopped' }] })
  })

  test('is told once, however often the mail is routed', async () => {
    const routes = `${held}
  - { name: waits, when: { subject: { contains: started } }, steps: [ { attach: owners }, { send: ops } ] }`
    const first = await plan(routes, { mail: mailOf('nginx started') })
    expect(first).toMatchObject({ pending: { waits: 1 }, recoveries: [{ key: 'nginx' }] })
    const earlier = { pendingRoutes: first.pending, trace: first.trace }
    const second = await plan(routes, { mail: mailOf('nginx started'), earlier, owners: [] })
    expect(second.recoveries).toEqual([])
    expect(second.trace.recoveries).toEqual(first.trace.recoveries)
    expect(listDeliveries(second)).toEqual(['waits: ops'])
  })

  test('is found among hundreds of holds', async () => {
    const routes = Array.from(
      { length: 500 },
      (_, number) =>
        `  - { name: r${number}, when: { subject: { contains: "down ${number}." } }, steps: [ { hold: { for: 5m, key: route, unless: { subject: { contains: "up ${number}." } } } }, { send: ops } ] }`,
    )
    const result = await plan(`routes:\n${routes.join('\n')}`, { mail: mailOf('up 317.') })
    expect(result.recoveries).toMatchObject([{ route: 'r317', key: 'r317' }])
  }, 60_000)
})

describe('a monitor', () => {
  const watched = `monitors:
  backup: { expect: { when: { subject: { contains: backup OK } } }, every: 24h, on_down: { send: ops } }
  pinged: { every: 1h, on_down: { send: ops } }`

  test('sees the mail it expects, and no other', async () => {
    const seen = await plan(watched, { mail: mailOf('backup OK') })
    expect(seen).toMatchObject({
      monitorsSeen: ['backup'],
      trace: { monitors: ['backup'], outcome: 'routed', otherwise: null },
    })
    expect((await plan(watched, { mail: mailOf('backup failed') })).monitorsSeen).toEqual([])
  })
})

describe('what says the same', () => {
  const twice = (first: string, second: string) => `routes:
  - { name: a, when: { subject: { contains: Sentry } }, steps: [ ${first} ] }
  - { name: b, when: { subject: { contains: Sentry } }, steps: [ ${second} ] }`
  const hold = `{ hold: { for: 5m, key: route, unless: { subject: { contains: never } } } }`
  const dedupe = '{ dedupe: { key: route, for: 5m } }'
  const told = '{ send: ops }'
  const ack = '{ send: { channel: ops, repeat: { every: 5m, times: 2 } } }'

  test.each([
    ['goes out, though another route holds it', `${hold}, ${told}`, told, ['b: ops'], 'already sent by route b'],
    ['is not held where another sends it', told, `${hold}, ${told}`, ['a: ops'], 'already sent by route a'],
    ['is held by each for itself', `${hold}, ${told}`, `${hold}, ${told}`, ['a: ops', 'b: ops'], null],
    ['gives way to what can be acknowledged', told, ack, ['b: ops'], 'already sent by route b'],
    ['can be acknowledged for each', ack, ack, ['a: ops', 'b: ops'], null],
    [
      'is left to the store where each may be suppressed',
      `${dedupe}, ${told}`,
      `${dedupe}, ${told}`,
      ['a: ops', 'b: ops'],
      'unless route a sends it',
    ],
  ])('%s', async (_name, first, second, deliveries, reason) => {
    const result = await plan(twice(first, second))
    expect(listDeliveries(result)).toEqual(deliveries)
    const reasons = result.trace.routes.flatMap((route) => route.deliveries.map((line) => line.reason))
    if (reason === null) expect(reasons.filter((one) => one?.includes('route'))).toEqual([])
    else expect(reasons).toContain(reason)
  })

  test('goes out by the other route when one of them is silenced', async () => {
    const silence: Silence = {
      id: '1',
      matchers: { routes: ['a'], channels: [], labels: {} },
      startsAt: now - 1,
      endsAt: now + 1,
      comment: '',
      createdBy: 'cli:root',
      createdAt: now - 1,
    }
    const result = await plan(twice(told, told), { silences: [silence] })
    expect(listDeliveries(result)).toEqual(['b: ops'])
  })

  test('within one route asks for an answer, too', async () => {
    const [only] = (await plan(twice(`${told}, ${ack}`, 'stop'))).notifications
    expect(only?.deliveries).toMatchObject([{ offersAck: true, repeat: { times: 2 } }])
  })

  test('in two notifications that wait has two keys, and one where the store shall decide', async () => {
    const keys = async (step: string) =>
      (await plan(twice(`${step}, ${told}`, `${step}, ${told}`))).notifications.flatMap(({ deliveries }) =>
        deliveries.map(({ dedupeKey }) => dedupeKey),
      )
    expect(new Set(await keys(hold)).size).toBe(2)
    expect(new Set(await keys(dedupe)).size).toBe(1)
  })
})

test('whatever the mail, each route that matched has a notification, a recovery, or a reason', async () => {
  const config = configOf(`defaults: { dedupe: { key: [route, subject, recipients], for: 5m } }
monitors:
  any: { expect: { when: { subject: { contains: a } } }, every: 1h, on_down: { send: ops } }
routes:
  - name: held
    when: { subject: { matches: '(?P<word>\\w+)' } }
    steps:
      - extract: { second: { from: body, regex: '(\\d+)' } }
      - hold: { for: 5m, key: [word, second], unless: { any: [ { body: { contains: up } }, { subject: { contains: b } } ] } }
      - send: { channel: telegram, to: [tim@y.example], then: [ { after: 1m, send: email, to: manager } ] }
  - { name: gathered, when: { body: { contains: "1" } }, steps: [ { digest: { every: 1h, key: "{{ mail.subject }}" } }, { send: [telegram, email] } ] }
  - { name: over, when: { subject: { contains: up } }, steps: [ { resolve: "{{ mail.subject | split: ' ' | first }}" } ] }
  - { name: rest, when: { size: { over: 1B } }, steps: [ { dedupe: { key: [subject, sender], for: 5m } }, { send: { channel: ops, repeat: { every: 1m, times: 2 } } } ] }`)
  const parts = makeParts(config)
  const words = fc.oneof(
    fc.string({ maxLength: 60, unit: 'binary' }),
    fc
      .array(fc.constantFrom('nginx', 'up', 'b', '1', ' ', '{{ x }}', '\n', '😀'), { maxLength: 8 })
      .map((list) => list.join('')),
  )
  const mails = fc.record({
    subject: words,
    text: words,
    date: fc.oneof(fc.integer({ min: now - 200_000_000, max: now + 1_000_000 }), fc.constant(0)),
    to: fc.array(fc.constantFrom('tim@y.example', 'x@y.example', '', '__proto__', 'devs'), { maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(mails, async ({ to, ...changes }) => {
      const mail = makeMail({ ...changes, envelope: { to, from: '' } })
      const result = await planMail(parts, mail, { generation: 0, earlier: null }, new AbortController().signal)
      for (const route of result.trace.routes.filter(({ verdict }) => verdict === 'matched')) {
        const mine = ({ route: name }: { route: string }): boolean => name === route.name
        const isSaid = route.steps.some(({ verdict, facts }) => verdict === 'warning' || facts.recovery === true)
        expect(result.notifications.some(mine) || result.recoveries.some(mine) || isSaid).toBe(true)
      }
      const happened = result.notifications.flatMap(({ control }) => control.hold ?? [])
      for (const { happenedAt, until, key } of happened) {
        expect(until - happenedAt).toBe(5 * minute)
        expect(Math.abs(happenedAt - mail.receivedAt)).toBeLessThanOrEqual(86_400_000)
        expect(key).not.toBe('')
      }
    }),
    { numRuns: 150 },
  )
}, 60_000)
