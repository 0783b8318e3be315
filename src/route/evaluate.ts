import { LlmError } from '../domain/errors.js'
import type { JudgeByLlm } from '../domain/judge.js'
import type { ConditionTrace, ConditionVerdict } from '../domain/trace.js'
import type { ConditionNode, LlmNode } from './compile-condition.js'
import type { MailReading } from './mail-reading.js'
import { readLlmContent } from './read-field.js'
import { excerptList } from './seen.js'

/** What an evaluation is given beside the mail. */
export interface EvaluationContext {
  /** Unix milliseconds the `time` conditions look at. */
  now: number
  /** Null when no LLM is configured: each question then ends as its `on_error` says. */
  judgeByLlm: JudgeByLlm | null
  signal: AbortSignal
  /** A monotonic clock in milliseconds, for durations only. */
  measure: () => number
}

/** A condition on its way to a verdict. `value` is null while an LLM question under it is open or stayed without answer. */
export interface Evaluation {
  node: ConditionNode
  children: Evaluation[]
  value: boolean | null
  /** LLM questions only: whether it was put. */
  asked: boolean
  seen: string | null
  reason: string | null
  variables: ReadonlyMap<string, string | null>
  durationMs: number
}

/**
 * Evaluates everything that is cheap, whatever the order it is written in. All of it, also where one test already
 * decides: the trace shall show each value. `settleByLlm` does the rest.
 */
export function evaluateCheap(node: ConditionNode, reading: MailReading, context: EvaluationContext): Evaluation {
  const evaluation: Evaluation = {
    node,
    children: [],
    value: null,
    asked: false,
    seen: null,
    reason: null,
    variables: noVariables,
    durationMs: 0,
  }
  if (node.kind === 'llm') return evaluation
  if (node.kind === 'test') {
    const startedAt = context.measure()
    const finding = node.test(reading, context.now)
    evaluation.value = finding.holds
    evaluation.seen = finding.seen
    evaluation.reason = finding.reason
    evaluation.variables = finding.variables
    evaluation.durationMs = context.measure() - startedAt
    return evaluation
  }
  for (const child of node.of) evaluation.children.push(evaluateCheap(child, reading, context))
  evaluation.value = combine(evaluation)
  return evaluation
}

/**
 * Puts LLM questions, one after the other in the order written, as long as the verdict still depends on one. A failed
 * question ends as its `on_error` says; `retry` leaves it, and maybe the verdict, null. Rejects only when `signal`
 * fires or something other than the LLM fails.
 */
export async function settleByLlm(evaluation: Evaluation, reading: MailReading, context: EvaluationContext) {
  for (let open = findOpenQuestion(evaluation); open !== null; open = findOpenQuestion(evaluation)) {
    await askLlm(open.evaluation, open.node, reading, context)
    recombine(evaluation)
  }
}

/** What named groups caught in the tests that made the condition true. Under `not` nothing is caught. */
export function collectVariables(evaluation: Evaluation, into: Map<string, string> = new Map()): Map<string, string> {
  if (evaluation.value !== true || evaluation.node.kind === 'not') return into
  for (const [name, caught] of evaluation.variables) {
    if (caught !== null && !into.has(name)) into.set(name, caught)
  }
  for (const child of evaluation.children) collectVariables(child, into)
  return into
}

/** The first question that stayed without an answer, as the trace words it. */
export function explainUnknown(evaluation: Evaluation): string | null {
  if (evaluation.value !== null) return null
  if (evaluation.asked) return evaluation.reason
  for (const child of evaluation.children) {
    const reason = explainUnknown(child)
    if (reason !== null) return reason
  }
  return null
}

export function traceEvaluation(evaluation: Evaluation): ConditionTrace {
  const { node, seen, reason, durationMs } = evaluation
  const words = node.kind === 'test' || node.kind === 'llm' ? node.words : noWords
  const children = evaluation.children.map(traceEvaluation)
  return {
    kind: node.kind,
    field: words.field,
    operator: words.operator,
    expected: words.expected,
    seen,
    verdict: verdictOf(evaluation),
    reason: node.kind === 'llm' && !evaluation.asked ? 'not asked: the other conditions decide' : reason,
    duration_ms: round(children.reduce((sum, child) => sum + child.duration_ms, durationMs)),
    children,
  }
}

const noVariables: ReadonlyMap<string, string> = new Map()
const noWords = { field: null, operator: null, expected: null }

/** Kleene's three-valued logic: one false decides `all`, one true decides `any`, whatever the others will be. */
function combine({ node, children }: Evaluation): boolean | null {
  const values = children.map(({ value }) => value)
  if (node.kind === 'not') return values[0] === null ? null : !values[0]
  const deciding = node.kind === 'any'
  if (values.includes(deciding)) return deciding
  return values.includes(null) ? null : !deciding
}

function recombine(evaluation: Evaluation): void {
  if (evaluation.children.length === 0) return
  for (const child of evaluation.children) recombine(child)
  evaluation.value = combine(evaluation)
}

function findOpenQuestion(evaluation: Evaluation): { evaluation: Evaluation; node: LlmNode } | null {
  if (evaluation.value !== null) return null
  const { node } = evaluation
  if (node.kind === 'llm') return evaluation.asked ? null : { evaluation, node }
  for (const child of evaluation.children) {
    const open = findOpenQuestion(child)
    if (open !== null) return open
  }
  return null
}

async function askLlm(evaluation: Evaluation, node: LlmNode, reading: MailReading, context: EvaluationContext) {
  context.signal.throwIfAborted()
  const content = readLlmContent(reading.mail, node.fields)
  const startedAt = context.measure()
  evaluation.asked = true
  evaluation.seen = excerptList(Object.values(content))
  try {
    if (context.judgeByLlm === null) throw new LlmError('not_configured', 'no LLM is configured')
    const verdict = await context.judgeByLlm({ prompt: node.prompt, content }, context.signal)
    evaluation.value = verdict.match
    evaluation.reason = `${verdict.model}${verdict.cached ? ', cached verdict' : ''}: ${verdict.reason}`
  } catch (error) {
    if (!(error instanceof LlmError)) throw error
    evaluation.value = node.onError === 'retry' ? null : node.onError === 'match'
    evaluation.reason = `LLM ${error.kind.replace('_', ' ')} (${error.message}), so on_error: ${node.onError}`
  }
  evaluation.durationMs = context.measure() - startedAt
}

function verdictOf(evaluation: Evaluation): ConditionVerdict {
  if (evaluation.value !== null) return evaluation.value ? 'true' : 'false'
  return evaluation.asked || evaluation.children.some((child) => verdictOf(child) === 'unknown')
    ? 'unknown'
    : 'not_evaluated'
}

/** To ten microseconds: a trace holds hundreds of durations, and seventeen digits of each would be most of it. */
function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
