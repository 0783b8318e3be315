import type { GuestLog } from '../domain/errors.js'
import type {
  ControlExpectation,
  DeliveryExpectation,
  RouteExpectation,
  TextExpectation,
} from '../domain/route-test.js'
import { formatDuration } from '../domain/units.js'
import type { Explanation } from '../engine/explanation.js'

/** What one run of a job in a test came to. */
export interface TestedRun {
  at: number
  error: string | null
  logs: GuestLog[]
  deliveries: Explanation['deliveries']
}

/** Compares what a mail came to with what its test expects; one sentence a difference, none when it passes. */
export function judgeRouteTest(expect: RouteExpectation, explanation: Explanation): string[] {
  const { trace, deliveries } = explanation
  const matched = trace.routes.filter((route) => route.verdict === 'matched').map((route) => route.name)
  const problems: string[] = []
  if (expect.routes && !sameSet(expect.routes, matched)) {
    problems.push(`routes: expected ${list(expect.routes)}, got ${list(matched)}`)
  }
  for (const name of expect.not) {
    if (matched.includes(name)) problems.push(`route "${name}" matched, and should not`)
  }
  const unrouted = trace.outcome === 'unrouted'
  if (expect.unrouted !== null && expect.unrouted !== unrouted) {
    problems.push(unrouted ? 'no route matched' : `expected no route, got ${list(matched)}`)
  }
  if (expect.recipients) {
    const recipients = [...new Set(trace.routes.flatMap((route) => route.recipients))]
    if (!sameSet(expect.recipients, recipients)) {
      problems.push(`recipients: expected ${list(expect.recipients)}, got ${list(recipients)}`)
    }
  }
  if (expect.deliveries) problems.push(...compareDeliveries(expect.deliveries, deliveries))
  if (expect.controls) problems.push(...compareControls(expect.controls, explanation.notifications))
  if (expect.resolves) {
    const closed = explanation.recoveries.map((one) => (one.type === 'hold' ? one.key : one.fingerprint))
    if (!sameSet(expect.resolves, closed)) {
      problems.push(`resolves: expected ${list(expect.resolves)}, got ${list(closed)}`)
    }
  }
  return problems
}

/** One notification is enough: with several routes, others may go out as they are. */
function compareControls(expected: ControlExpectation, notifications: Explanation['notifications']): string[] {
  return (['dedupe', 'hold', 'digest'] as const).flatMap((verb) => {
    const wanted = expected[verb]
    if (wanted === null) return []
    const keys = notifications.flatMap(({ control }) => (control[verb] ? [control[verb].key] : []))
    if (wanted === true ? keys.length > 0 : keys.includes(wanted)) return []
    return [`${verb}: expected ${wanted === true ? 'one' : `the key "${wanted}"`}, got ${list(keys)}`]
  })
}

type Planned = (Explanation['deliveries'][number] & { run?: number })[]

/** The same for a job: what all its runs sent, and every run that failed. */
export function judgeJobTest(expect: RouteExpectation, runs: TestedRun[]): string[] {
  const deliveries = runs.flatMap((run, index) => run.deliveries.map((line) => ({ ...line, run: index + 1 })))
  const problems = runs.flatMap(({ error }, index) => (error === null ? [] : [`run ${index + 1} failed: ${error}`]))
  const recipients = [...new Set(deliveries.flatMap((line) => line.recipient ?? []))]
  if (expect.recipients && !sameSet(expect.recipients, recipients)) {
    problems.push(`recipients: expected ${list(expect.recipients)}, got ${list(recipients)}`)
  }
  if (expect.deliveries) problems.push(...compareDeliveries(expect.deliveries, deliveries))
  return problems
}

/** Each expected delivery takes one that was planned; what is left over on either side is a difference. */
function compareDeliveries(expected: DeliveryExpectation[], planned: Planned): string[] {
  const takers = pairUp(expected, planned)
  const left = new Set(planned.filter((delivery) => !takers.has(delivery)))
  const met = new Set(takers.values())
  const problems: string[] = []
  for (const wanted of expected.filter((expectation) => !met.has(expectation))) {
    const near = [...left].find((delivery) => goesTo(delivery, wanted))
    const name = nameExpected(wanted)
    if (!near) {
      problems.push(`expected a delivery on ${name}, and there is none`)
      continue
    }
    problems.push(...textProblems(near, wanted).map((problem) => `delivery on ${name}: ${problem}`))
    left.delete(near)
  }
  for (const delivery of left) {
    const by = delivery.run === undefined ? '' : ` by run ${delivery.run}: ${delivery.title}`
    const whom = delivery.recipient ? ` to ${delivery.recipient}` : ''
    problems.push(`unexpected delivery on ${delivery.channel}${whom}${nameWait(delivery.after_ms)}${by}`)
  }
  return problems
}

function nameExpected({ channel, to, run, afterMs }: DeliveryExpectation): string {
  return `${channel}${to ? ` to ${to}` : ''}${nameWait(afterMs ?? 0)}${run ? ` by run ${run}` : ''}`
}

function nameWait(afterMs: number): string {
  return afterMs > 0 ? ` after ${formatDuration(afterMs)}` : ''
}

/**
 * Pairs as many expectations as possible with a delivery each. One that fits several deliveries makes way for one that
 * fits only this: whether a test passes must not hang on the order it lists them in.
 */
function pairUp(expected: DeliveryExpectation[], planned: Planned): Map<Planned[number], DeliveryExpectation> {
  const takers = new Map<Planned[number], DeliveryExpectation>()
  const take = (wanted: DeliveryExpectation, asked: Set<Planned[number]>): boolean => {
    for (const delivery of planned) {
      if (asked.has(delivery) || !goesTo(delivery, wanted) || textProblems(delivery, wanted).length > 0) continue
      asked.add(delivery)
      const taker = takers.get(delivery)
      if (taker && !take(taker, asked)) continue
      takers.set(delivery, wanted)
      return true
    }
    return false
  }
  for (const wanted of expected) take(wanted, new Set())
  return takers
}

function goesTo(delivery: Planned[number], wanted: DeliveryExpectation): boolean {
  if (delivery.channel !== wanted.channel || (wanted.run !== null && delivery.run !== wanted.run)) return false
  if (wanted.afterMs !== null && delivery.after_ms !== wanted.afterMs) return false
  return wanted.to === null || delivery.recipient === wanted.to.toLowerCase() || delivery.address === wanted.to
}

function textProblems(delivery: Planned[number], wanted: DeliveryExpectation): string[] {
  return [...compareText('title', delivery.title, wanted.title), ...compareText('text', delivery.text, wanted.text)]
}

function compareText(what: string, text: string, expected: TextExpectation | null): string[] {
  if (!expected) return []
  const problems = expected.contains
    .filter((part) => !text.includes(part))
    .map((part) => `${what} does not contain "${part}": "${text.slice(0, 200)}"`)
  if (expected.is !== null && expected.is !== text) {
    problems.push(`${what} is "${text.slice(0, 200)}", not "${expected.is}"`)
  }
  return problems
}

function sameSet(a: string[], b: string[]): boolean {
  return a.every((entry) => b.includes(entry)) && b.every((entry) => a.includes(entry))
}

function list(names: string[]): string {
  return names.length > 0 ? names.join(', ') : 'none'
}
