import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import { cut, printTrace } from '#src/cli/print-trace.js'
import type { ConditionTrace, RouteTrace, Trace } from '#src/domain/trace.js'
import type { DeliveryDetail } from '#src/store/store.js'
import { makeMessage, makeTrace } from '../store/store-fixture.js'

const colors = pc.createColors(false)

function makeTest(verdict: ConditionTrace['verdict'], changes: Partial<ConditionTrace> = {}): ConditionTrace {
  return {
    kind: 'test',
    field: 'subject',
    operator: 'contains',
    expected: '"disk"',
    seen: 'Disk full',
    verdict,
    reason: null,
    duration_ms: 0,
    children: [],
    ...changes,
  }
}

function makeGroup(kind: 'all' | 'any' | 'not', verdict: ConditionTrace['verdict'], children: ConditionTrace[]) {
  return makeTest(verdict, { kind, field: null, operator: null, expected: null, seen: null, children })
}

function makeRouteTrace(changes: Partial<RouteTrace> = {}): RouteTrace {
  return {
    name: 'disks',
    source: 'routes.yaml:7',
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

function makeDetail(changes: Partial<DeliveryDetail> = {}): DeliveryDetail {
  return {
    id: 'd1',
    notification_id: 'n1',
    mail_id: 'm1',
    run_id: null,
    generation: 0,
    route: 'disks',
    channel: 'telegram',
    recipient: 'tim@y.example',
    address: '111',
    status: 'sent',
    purpose: 'alert',
    attempts: 1,
    next_attempt_at: null,
    last_error: null,
    title: 'Disk full',
    created_at: '2025-06-06T12:00:00.000Z',
    updated_at: '2025-06-06T12:00:00.000Z',
    message: makeMessage(),
    remote: {},
    attempt_list: [],
    ...changes,
  }
}

const print = (changes: Partial<Trace>, options: { all?: boolean; deliveries?: DeliveryDetail[] } = {}): string =>
  printTrace(makeTrace('m1', changes), { colors, all: false, ...options })

test('who sent the mail stands before the routes, one line a check, without what would command a terminal', () => {
  const reasons = { spf: 'a.test permits 192.0.2.1', dkim: 'the mail is not signed', dmarc: 'evil \u001b[31m' }
  const auth = { spf: 'pass', dkim: 'none', dmarc: 'fail', policy: 'reject', reasons } as const
  expect(
    print({ auth, routes: [makeRouteTrace()] })
      .split('\n')
      .slice(0, 4),
  ).toEqual([
    '@ auth spf   pass  a.test permits 192.0.2.1',
    '@ auth dkim  none  the mail is not signed',
    '@ auth dmarc fail  evil \ufffd[31m',
    expect.stringContaining('disks'),
  ])
})

describe('routes', () => {
  test('that matched show each condition with what it saw, and each step', () => {
    const condition = makeGroup('all', 'true', [
      makeTest('true'),
      makeGroup('any', 'true', [makeTest('true', { expected: '"full"' }), makeTest('not_evaluated', { seen: null })]),
    ])
    const step = {
      step: 'send',
      target: 'telegram',
      verdict: 'ok' as const,
      detail: 'telegram tim',
      facts: {},
      duration_ms: 2,
    }
    expect(print({ routes: [makeRouteTrace({ condition, steps: [step] })] }).split('\n')).toEqual([
      '✓ disks  routes.yaml:7',
      '    ✓ subject contains "disk"  saw "Disk full"',
      '    ✓ any',
      '      ✓ subject contains "full"  saw "Disk full"',
      '      · subject contains "disk"  not asked',
      '    ✈ send       telegram  telegram tim  2 ms',
    ])
  })

  test('that did not match show what failed, and with `all` everything', () => {
    const condition = makeGroup('all', 'false', [makeTest('true'), makeTest('false', { field: 'body', seen: null })])
    const routes = [makeRouteTrace({ verdict: 'not_matched', condition })]
    expect(print({ routes })).toBe('✗ disks  routes.yaml:7\n    ✗ body contains "disk"')
    expect(print({ routes }, { all: true })).toContain('✓ subject contains "disk"')
  })

  test.each([
    [{ verdict: 'skipped', reason: 'enabled: false' }, '○ disks  routes.yaml:7  skipped:  enabled: false'],
    [{ verdict: 'retry', reason: 'lookup: 503' }, '↻ disks  routes.yaml:7  will be tried again:  lookup: 503'],
  ] as const)('%j say why', (changes, line) => {
    expect(print({ routes: [makeRouteTrace(changes)] })).toBe(line)
  })

  test('left out are counted', () => {
    expect(print({ routes_omitted: 9_800 })).toContain('9800 more routes')
  })
})

test('steps show their logs, and deliveries that were not planned their reason', () => {
  const logs = [{ level: 'info', message: 'owner\nfound' }]
  const step = {
    step: 'run',
    target: 'owner',
    verdict: 'warning' as const,
    detail: 'slow',
    facts: { logs },
    duration_ms: 3,
  }
  const planned = { recipient: 'boss@y.example', channel: null, address: null, reason: 'no address on telegram' }
  const text = print({
    routes: [makeRouteTrace({ steps: [step], deliveries: [{ ...planned, verdict: 'unreachable' }] })],
  })
  expect(text).toContain('info: owner found')
  expect(text).toContain('unreachable: boss@y.example  no address on telegram')
})

describe('what waits, ends and is expected', () => {
  const fate = { notification_id: 'n1', status: 'queued' as const, reason: null }

  test('a notification has its line, and a reason stands out', () => {
    const suppressed = { ...fate, status: 'suppressed' as const, reason: 'same as n0 4m ago' }
    expect(print({ routes: [makeRouteTrace({ notification: fate })] })).toContain('\n    notification n1')
    expect(print({ routes: [makeRouteTrace({ notification: suppressed })] })).toContain(
      'notification n1  suppressed: same as n0 4m ago',
    )
  })

  test('planned deliveries say when and how often', () => {
    const line = { recipient: null, channel: 'ops', address: null, verdict: 'planned' as const }
    const deliveries = [
      { ...line, reason: null },
      { ...line, reason: 'in 15m, unless somebody acknowledges' },
    ]
    expect(print({ routes: [makeRouteTrace({ deliveries })] }).split('\n')).toEqual([
      '✓ disks  routes.yaml:7',
      '    ops: in 15m, unless somebody acknowledges',
    ])
  })

  test('further deliveries say what they are for, and why they were cancelled', () => {
    const deliveries = [makeDetail({ purpose: 'repeat', status: 'cancelled', last_error: 'acknowledged by tim' })]
    expect(
      print({ routes: [makeRouteTrace()] }, { deliveries })
        .split('\n')
        .slice(1),
    ).toEqual(['    … cancelled repeat: telegram tim@y.example (111)  d1', '      acknowledged by tim'])
  })

  test('recoveries say what they closed, monitors that they saw it', () => {
    const recoveries = [
      { route: 'disks', what: 'hold h1', closed: ['n1', 'n2'] },
      { route: 'disks', what: 'fingerprint f', closed: [] },
    ]
    const trace = { recoveries, monitors: ['backup', 'nightly'] }
    expect(print(trace).split('\n')).toEqual([
      '↺ recovery  hold h1  disks  closed n1, n2',
      '↺ recovery  fingerprint f  disks',
      '♥ expected by monitors: backup, nightly',
    ])
    expect(print(trace, { deliveries: [] })).toContain('fingerprint f  disks  nothing was open')
  })

  test('a trace of an earlier version has none of it', () => {
    const { recoveries, monitors, ...rest } = makeTrace('m1')
    const { notification, ...route } = makeRouteTrace()
    const old = { ...rest, routes: [route] } as unknown as Trace
    expect(printTrace(old, { colors, all: false })).toBe('✓ disks  routes.yaml:7')
    expect([recoveries, monitors, notification]).toEqual([[], [], null])
  })
})

describe('otherwise', () => {
  test.each([
    ['ops', 'no route matched: sent to ops'],
    [null, 'no route matched: kept in the archive'],
  ])('sent to %s', (sent_to, line) => {
    expect(print({ otherwise: { reason: 'no route matched', sent_to } })).toContain(line)
  })

  test('shows its attempts', () => {
    const otherwise = { reason: 'no route matched', sent_to: 'ops' }
    const deliveries = [makeDetail({ route: 'otherwise', channel: 'ops', recipient: null, address: null })]
    expect(print({ otherwise }, { deliveries })).toContain('✓ sent      ops  d1')
  })
})

test('attempts are listed under the route they belong to', () => {
  const attempt = { number: 1, started_at: '', duration_ms: 5, outcome: 'transient', status_code: 503, excerpt: 'busy' }
  const deliveries = [
    makeDetail({ status: 'failed', next_attempt_at: '2025-06-06T12:01:00.000Z', attempt_list: [attempt] }),
    makeDetail({ id: 'd2', status: 'dead', last_error: 'action failed' }),
    makeDetail({ id: 'd3', route: 'another' }),
  ]
  const text = print({ routes: [makeRouteTrace()] }, { deliveries })
  expect(text.split('\n').slice(1)).toEqual([
    '    … failed    telegram tim@y.example (111)  d1  next 2025-06-06T12:01:00.000Z',
    '      attempt 1 transient 503 5 ms: busy',
    '    ✗ dead      telegram tim@y.example (111)  d2',
    '      action failed',
  ])
})

describe('what a mail says is only shown', () => {
  const nasty = '\u001b]0;owned\u0007\u001b[2Jred\r\nnext\u202eline\u0000'

  test('no control character of a trace reaches the terminal', () => {
    const step = {
      step: 'set',
      target: nasty,
      verdict: 'ok' as const,
      detail: nasty,
      facts: { logs: [{ level: 'info', message: nasty }] },
      duration_ms: 1,
    }
    const text = print(
      {
        parse: { text_source: 'raw', malformed: nasty },
        routes: [
          makeRouteTrace({ name: nasty, reason: nasty, condition: makeTest('true', { seen: nasty }), steps: [step] }),
        ],
        otherwise: { reason: nasty, sent_to: nasty },
      },
      { deliveries: [makeDetail({ route: 'otherwise', status: 'dead', last_error: nasty, address: nasty })] },
    )
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(text.split('\n')).toHaveLength(8)
  })

  test('`cut` makes one line of it', () => {
    expect(cut('a\n\tb\u001b[31m', 100)).toBe('a b\ufffd[31m')
    expect(cut('x'.repeat(200), 10)).toBe(`${'x'.repeat(9)}…`)
    expect(cut('', 10)).toBe('')
  })
})

test('an empty trace is an empty text', () => {
  expect(print({})).toBe('')
})
