import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeJobTest, judgeRouteTest, type TestedRun } from '#src/cli/judge-route-test.js'
import { type NoiseControl, noControl } from '#src/domain/notification.js'
import type { DeliveryExpectation, RouteExpectation } from '#src/domain/route-test.js'
import type { RouteTrace } from '#src/domain/trace.js'
import type { Explanation } from '#src/engine/explanation.js'
import { makeTrace } from '../store/store-fixture.js'

type Planned = Explanation['deliveries'][number]

const nothing: RouteExpectation = {
  routes: null,
  recipients: null,
  deliveries: null,
  unrouted: null,
  not: [],
  controls: null,
  resolves: null,
}

function makeRouteTrace(name: string, changes: Partial<RouteTrace> = {}): RouteTrace {
  return {
    name,
    source: 'routes.yaml:1',
    verdict: 'matched',
    reason: null,
    condition: null,
    steps: [],
    recipients: [],
    deliveries: [],
    notification: null,
    duration_ms: 0,
    ...changes,
  }
}

function explain(routes: RouteTrace[], deliveries: Planned[] = []): Explanation {
  const outcome = routes.some((route) => route.verdict === 'matched') ? 'routed' : 'unrouted'
  return {
    trace: makeTrace('m1', { routes, outcome }),
    subject: 's',
    notifications: [],
    admission: null,
    recoveries: [],
    deliveries,
  }
}

const to = (channel: string, recipient: string | null, changes: Partial<Planned> = {}): Planned => ({
  channel,
  recipient,
  address: recipient && `${recipient.length}`,
  title: 'Disk full',
  text: 'on sda1 of h1',
  purpose: 'alert',
  after_ms: 0,
  ...changes,
})

const expects = (channel: string, changes: Partial<DeliveryExpectation> = {}): DeliveryExpectation => ({
  channel,
  to: null,
  title: null,
  text: null,
  run: null,
  afterMs: null,
  ...changes,
})

const matched = explain([
  makeRouteTrace('a', { recipients: ['tim@y.example'] }),
  makeRouteTrace('b', { recipients: ['tim@y.example', 'jolin@y.example'] }),
  makeRouteTrace('c', { verdict: 'not_matched' }),
])
const unmatched = explain([makeRouteTrace('a', { verdict: 'not_matched' })])

describe('routes, recipients and unrouted', () => {
  test.each<[string, Partial<RouteExpectation>, Explanation, string[]]>([
    ['nothing is asked', {}, matched, []],
    ['the routes in any order', { routes: ['b', 'a'] }, matched, []],
    ['a route too few', { routes: ['a'] }, matched, ['routes: expected a, got a, b']],
    ['a route too many', { routes: ['a', 'b', 'c'] }, matched, ['routes: expected a, b, c, got a, b']],
    ['one name twice is not two routes', { routes: ['a', 'a'] }, matched, ['routes: expected a, a, got a, b']],
    ['no routes', { routes: [] }, unmatched, []],
    ['no routes, and there are', { routes: [] }, matched, ['routes: expected none, got a, b']],
    ['a route that must not match', { not: ['b', 'c'] }, matched, ['route "b" matched, and should not']],
    ['recipients of all routes, each once', { recipients: ['jolin@y.example', 'tim@y.example'] }, matched, []],
    [
      'other recipients',
      { recipients: ['boss@y.example'] },
      matched,
      ['recipients: expected boss@y.example, got tim@y.example, jolin@y.example'],
    ],
    ['nobody', { recipients: [] }, unmatched, []],
    ['unrouted', { unrouted: true }, unmatched, []],
    ['unrouted, and it was not', { unrouted: true }, matched, ['expected no route, got a, b']],
    ['routed', { unrouted: false }, matched, []],
    ['routed, and it was not', { unrouted: false }, unmatched, ['no route matched']],
    [
      'several differences',
      { routes: ['x'], unrouted: true },
      matched,
      ['routes: expected x, got a, b', 'expected no route, got a, b'],
    ],
  ])('%s', (_, expectation, explanation, problems) => {
    expect(judgeRouteTest({ ...nothing, ...expectation }, explanation)).toEqual(problems)
  })
})

describe('what keeps a notification back, and what a mail closes', () => {
  const hold = { key: 'db1/nginx', happenedAt: 0, forMs: 1, until: 1 }
  const made = (control: Partial<NoiseControl>) => ({
    route: 'a',
    severity: 'warning' as const,
    fingerprint: 'f',
    control: { ...noControl, ...control },
  })
  const explanation: Explanation = {
    ...matched,
    notifications: [made({}), made({ hold, dedupe: { key: 'x', windowMs: 1 } })],
    recoveries: [
      { type: 'hold', route: 'a', key: 'db1/nginx', happenedAt: 0 },
      { type: 'fingerprint', route: 'b', fingerprint: 'disk' },
    ],
  }
  const none = { dedupe: null, hold: null, digest: null }

  test.each<[string, Partial<RouteExpectation>, string[]]>([
    ['by their keys', { controls: { ...none, hold: 'db1/nginx', dedupe: 'x' } }, []],
    ['whatever the key', { controls: { ...none, hold: true } }, []],
    ['nothing is asked', { controls: none }, []],
    ['another key', { controls: { ...none, hold: 'db2' } }, ['hold: expected the key "db2", got db1/nginx']],
    ['none at all', { controls: { ...none, digest: true } }, ['digest: expected one, got none']],
    ['what is closed, in any order', { resolves: ['disk', 'db1/nginx'] }, []],
    ['more is closed', { resolves: ['disk'] }, ['resolves: expected disk, got db1/nginx, disk']],
    ['nothing is to be closed', { resolves: [] }, ['resolves: expected none, got db1/nginx, disk']],
  ])('%s', (_name, expectation, problems) => {
    expect(judgeRouteTest({ ...nothing, ...expectation }, explanation)).toEqual(problems)
  })
})

describe('deliveries', () => {
  const judge = (deliveries: DeliveryExpectation[], planned: Planned[]) =>
    judgeRouteTest({ ...nothing, deliveries }, explain([makeRouteTrace('a')], planned))

  test.each<[string, DeliveryExpectation[], Planned[], string[]]>([
    ['none and none', [], [], []],
    ['by channel', [expects('ops')], [to('ops', null)], []],
    ['by person, whatever the case', [expects('mail', { to: 'Tim@Y.example' })], [to('mail', 'tim@y.example')], []],
    ['by address', [expects('mail', { to: '13' })], [to('mail', 'tim@y.example')], []],
    ['one is missing', [expects('ops', { to: 'x' })], [], ['expected a delivery on ops to x, and there is none']],
    [
      'an escalation by its wait',
      [expects('mail', { afterMs: 900_000 }), expects('mail', { afterMs: 0 })],
      [to('mail', 'a@y.example'), to('mail', 'b@y.example', { purpose: 'escalation', after_ms: 900_000 })],
      [],
    ],
    [
      'an escalation at another time',
      [expects('ops', { afterMs: 60_000 })],
      [to('ops', null, { purpose: 'escalation', after_ms: 900_000 })],
      ['expected a delivery on ops after 1m, and there is none', 'unexpected delivery on ops after 15m'],
    ],
    ['one is left', [], [to('mail', 'tim@y.example')], ['unexpected delivery on mail to tim@y.example']],
    [
      'another person',
      [expects('mail', { to: 'tim@y.example' })],
      [to('mail', 'jolin@y.example')],
      [
        'expected a delivery on mail to tim@y.example, and there is none',
        'unexpected delivery on mail to jolin@y.example',
      ],
    ],
    [
      'the same twice where there is one',
      [expects('ops'), expects('ops')],
      [to('ops', null)],
      ['expected a delivery on ops, and there is none'],
    ],
    [
      'texts that hold',
      [expects('ops', { title: { is: 'Disk full', contains: [] }, text: { is: null, contains: ['sda1', 'h1'] } })],
      [to('ops', null)],
      [],
    ],
    [
      'texts that do not',
      [expects('ops', { title: { is: 'Disk', contains: [] }, text: { is: null, contains: ['sda1', 'sdb1'] } })],
      [to('ops', null)],
      [
        'delivery on ops: title is "Disk full", not "Disk"',
        'delivery on ops: text does not contain "sdb1": "on sda1 of h1"',
      ],
    ],
    [
      'an expectation that fits all makes way for one that fits only this',
      [expects('mail'), expects('mail', { to: 'tim@y.example' })],
      [to('mail', 'tim@y.example'), to('mail', 'jolin@y.example')],
      [],
    ],
    [
      'also by text',
      [
        expects('ops', { text: { is: null, contains: ['a'] } }),
        expects('ops', { text: { is: null, contains: ['b'] } }),
        expects('ops', { text: { is: null, contains: ['c'] } }),
      ],
      [to('ops', null, { text: 'a b' }), to('ops', null, { text: 'b c' }), to('ops', null, { text: 'a' })],
      [],
    ],
  ])('%s', (_, expected, planned, problems) => {
    expect(judge(expected, planned)).toEqual(problems)
  })

  test('property: whether a test passes does not hang on the order of its lines', () => {
    const people = fc.constantFrom('tim@y.example', 'jolin@y.example', 'boss@y.example')
    const planned = fc.array(fc.record({ channel: fc.constantFrom('ops', 'mail'), recipient: people }), {
      maxLength: 6,
    })
    fc.assert(
      fc.property(planned, fc.infiniteStream(fc.nat()), fc.infiniteStream(fc.boolean()), (list, picks, vague) => {
        const deliveries = list.map(({ channel, recipient }) => to(channel, recipient))
        const expected = deliveries.map(({ channel, recipient }) =>
          expects(channel, { to: vague.next().value ? null : recipient }),
        )
        const order = new Map(expected.map((one) => [one, picks.next().value]))
        const shuffled = expected.toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
        expect(judge(shuffled, deliveries)).toEqual([])
      }),
    )
  })
})

describe('the runs of a job', () => {
  const ran = (deliveries: Planned[], error: string | null = null): TestedRun => ({
    at: 0,
    error,
    logs: [],
    deliveries,
  })
  const once = [ran([]), ran([to('telegram', 'tim@y.example')]), ran([])]

  test.each<[string, Partial<RouteExpectation>, TestedRun[], string[]]>([
    ['nothing is asked', {}, once, []],
    ['once, by any run', { deliveries: [expects('telegram')] }, once, []],
    ['once, by this run', { deliveries: [expects('telegram', { run: 2 })] }, once, []],
    [
      'by another run',
      { deliveries: [expects('telegram', { run: 1 })] },
      once,
      [
        'expected a delivery on telegram by run 1, and there is none',
        'unexpected delivery on telegram to tim@y.example by run 2: Disk full',
      ],
    ],
    [
      'once, and it comes twice',
      { deliveries: [expects('telegram')] },
      [...once, ran([to('telegram', 'tim@y.example')])],
      ['unexpected delivery on telegram to tim@y.example by run 4: Disk full'],
    ],
    ['silence', { deliveries: [] }, [ran([]), ran([])], []],
    ['who is reached', { recipients: ['tim@y.example'] }, once, []],
    [
      'who is not',
      { recipients: ['jolin@y.example'] },
      once,
      ['recipients: expected jolin@y.example, got tim@y.example'],
    ],
    ['a run that fails', { deliveries: [] }, [ran([]), ran([], 'no such table')], ['run 2 failed: no such table']],
  ])('%s', (_name, expected, runs, problems) => {
    expect(judgeJobTest({ ...nothing, ...expected }, runs)).toEqual(problems)
  })
})
