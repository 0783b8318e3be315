import type { Mail } from '../domain/mail.js'
import type { CompiledRoute, CompiledRoutes } from './compile-routes.js'
import { type Evaluation, evaluateCheap } from './evaluate.js'
import { MailReading } from './mail-reading.js'
import { findNearness } from './near-leaf.js'
import { type NearReading, startNearReading } from './near-text.js'
import type { Effort } from './text-forms.js'
import { sayLeaf } from './write-condition.js'

/** A route that did not match a mail, and what stood between. */
export interface NearMiss {
  route: string
  /** Where the route is written: `routes.yaml:12`. */
  position: string
  /** How many of its tests did hold. */
  held: number
  /** Empty for a route whose conditions all hold and that is switched off; `reason` says so. */
  failed: FailedCondition[]
  reason: string | null
}

export interface FailedCondition {
  /** As one reads it aloud: `subject starts_with "[Sentry]"`. */
  condition: string
  /** `subject`, `header X-Foo`; null where the whole mail is looked at. */
  field: string | null
  /** What the mail has: at most 200 characters. */
  seen: string | null
  /** Why it nearly held; null when nothing like it is in the mail. */
  hint: string | null
  /** YAML of a condition that this mail meets, to stand in its place; null where none can be offered. */
  suggestion: string | null
}

/** Characters that are compared for one mail at most, whatever its size and that of the config. */
export const nearEffortMax = 4_000_000
/** Characters the conditions themselves look at, before the rest of a long list of routes is left out. */
const evaluationEffortMax = 200_000_000
const missesMax = 3
const routesProbedMax = 500
const branchesProbedMax = 10
const costOfNothing = 8
const costOfQuestion = 2

/**
 * The routes that came nearest to matching, the nearest first, at most three. Puts no question to an LLM or a module: a
 * condition that needs one counts as open. A route of which nothing held and nothing was near is not told of. Pure; the
 * work is bounded by `effort`, which says afterwards how much is left.
 */
export function findNearMisses(
  compiled: CompiledRoutes,
  mail: Mail,
  now: number,
  effort: Effort = { charactersLeft: nearEffortMax },
): NearMiss[] {
  const reading = startNearReading(mail, effort)
  const found = evaluateAll(compiled, mail, now)
    .sort((one, other) => one.failures - other.failures || other.held - one.held)
    .slice(0, routesProbedMax)
    .map((candidate) => ({ candidate, blame: blameOf(candidate.evaluation, reading, now) }))
    .filter(({ candidate, blame }) => candidate.held > 0 || blame.some(({ cost }) => cost < costOfNothing))
  return found
    .sort((one, other) => costOf(one.blame) - costOf(other.blame) || other.candidate.held - one.candidate.held)
    .slice(0, missesMax)
    .map(({ candidate, blame }) => describe(candidate, blame))
}

interface Candidate {
  compiledRoute: CompiledRoute
  evaluation: Evaluation
  failures: number
  held: number
}

interface Blame {
  failed: FailedCondition
  cost: number
}

function evaluateAll(compiled: CompiledRoutes, mail: Mail, now: number): Candidate[] {
  const reading = new MailReading(mail, compiled.patterns)
  const aborted = new AbortController().signal
  const context = { now, judgeByLlm: null, judgeByWasm: refuse, signal: aborted, measure: () => 0 }
  const routeCost = 1_000 + mail.text.length + (mail.html?.length ?? 0)
  const routesMax = Math.max(50, Math.floor(evaluationEffortMax / routeCost))
  const candidates: Candidate[] = []
  for (const compiledRoute of compiled.routes.slice(0, routesMax)) {
    const evaluation = evaluateCheap(compiledRoute.condition, reading, context)
    if (evaluation.value === true && compiledRoute.route.enabled) continue
    candidates.push({ compiledRoute, evaluation, failures: countFailures(evaluation), held: countHeld(evaluation) })
  }
  return candidates
}

function refuse(): never {
  throw new TypeError('the search for near misses asks nobody')
}

/** How many tests would have to change their mind. */
function countFailures({ node, value, children }: Evaluation): number {
  if (value === true) return 0
  if (node.kind === 'all') return children.reduce((sum, child) => sum + countFailures(child), 0)
  if (node.kind === 'any')
    return Math.min(...children.map(countFailures), children.length === 0 ? 1 : Number.MAX_SAFE_INTEGER)
  return 1
}

function countHeld({ node, value, children }: Evaluation): number {
  if (node.kind === 'test') return value === true ? 1 : 0
  // That a text which is excluded is absent says little about what the mail is.
  return node.kind === 'not' ? 0 : children.reduce((sum, child) => sum + countHeld(child), 0)
}

/** What failed; of the branches of an `any`, the one that came nearest. */
function blameOf(evaluation: Evaluation, reading: NearReading, now: number): Blame[] {
  const { node, value, children } = evaluation
  if (value === true) return []
  if (node.kind === 'all') return children.flatMap((child) => blameOf(child, reading, now))
  if (node.kind === 'any') {
    const branches = children.slice(0, branchesProbedMax).map((child) => blameOf(child, reading, now))
    return branches.sort((one, other) => costOf(one) - costOf(other))[0] ?? [noBranch]
  }
  if (!('words' in node)) return children.flatMap(blameExcluded)
  const { words } = node
  const condition = sayLeaf(words)
  if (node.kind !== 'test') {
    const hint = 'not asked here; what it answered when the mail was routed stands in the trace'
    return [{ failed: { condition, field: words.field, seen: null, hint, suggestion: null }, cost: costOfQuestion }]
  }
  const near = findNearness(node.condition, reading, now)
  const { hint, suggestion, seen, cost } = near ?? {
    hint: null,
    suggestion: null,
    seen: evaluation.seen,
    cost: costOfNothing,
  }
  return [{ failed: { condition, field: words.field, seen, hint, suggestion }, cost }]
}

const noBranch: Blame = {
  failed: { condition: 'any of nothing', field: null, seen: null, hint: null, suggestion: null },
  cost: costOfNothing,
}

/** The mail has what the route leaves out; there is no honest way to write that so that it matches. */
function blameExcluded(inner: Evaluation): Blame[] {
  const leaf = findHolding(inner)
  const words = leaf && 'words' in leaf.node ? leaf.node.words : null
  const condition = words ? `not (${sayLeaf(words)})` : 'not'
  const hint = inner.value === null ? 'not asked here' : 'the route excludes this, and the mail has it'
  const failed = { condition, field: words?.field ?? null, seen: leaf?.seen ?? null, hint, suggestion: null }
  return [{ failed, cost: inner.value === null ? costOfQuestion : costOfNothing - 1 }]
}

function findHolding(evaluation: Evaluation): Evaluation | null {
  if (evaluation.children.length === 0) return evaluation
  const child = evaluation.children.find(({ value }) => value === evaluation.value) ?? evaluation.children[0]
  return child ? findHolding(child) : null
}

function costOf(blame: Blame[]): number {
  return blame.reduce((sum, { cost }) => sum + cost, 0)
}

function describe({ compiledRoute: { route }, held }: Candidate, blame: Blame[]): NearMiss {
  const { name, enabled, position } = route
  return {
    route: name,
    position: `${position.file.split('/').at(-1)}:${position.line}`,
    held,
    failed: blame.map(({ failed }) => failed),
    reason: enabled ? null : 'the route has enabled: false',
  }
}
