import type { JudgeByLlm, JudgeByWasm } from '../domain/judge.js'
import type { ConditionTrace, ConditionVerdict } from '../domain/trace.js'
import { askLlm, askWasm, type QuestionNode } from './ask.js'
import type { ConditionNode } from './compile-condition.js'
import type { MailReading } from './mail-reading.js'

/** What an evaluation is given beside the mail. */
export interface EvaluationContext {
  /** Unix milliseconds the `time` conditions look at. */
  now: number
  /** Null when no LLM is configured: each question then ends as its `on_error` says. */
  judgeByLlm: JudgeByLlm | null
  judgeByWasm: JudgeByWasm
  signal: AbortSignal
  /** A monotonic clock in milliseconds, for durations only. */
  measure: () => number
}

/** A condition on its way to a verdict. `value` is null while a question under it is open or stayed without answer. */
export interface Evaluation {
  node: ConditionNode
  children: Evaluation[]
  value: boolean | null
  /** Questions to a WASM module or an LLM only: whether it was put. */
  asked: boolean
  seen: string | null
  reason: string | null
  variables: ReadonlyMap<string, string | null>
  durationMs: number
}

/**
 * Evaluates everything that is cheap, whatever the order it is written in. All of it, also where one test already
 * decides: the trace shall show each value. `settleQuestions` does the rest.
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
  if (isQuestion(node)) return evaluation
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
 * Puts questions, one after the other in the order written, as long as the verdict still depends on one: first all to
 * WASM modules, which take a millisecond, then those to the LLM, which take a second and money. A failed question ends
 * as its `on_error` says; `retry` leaves it, and maybe the verdict, null. Rejects only when `signal` fires or something
 * other than the module or the LLM fails.
 */
export async function settleQuestions(evaluation: Evaluation, reading: MailReading, context: EvaluationContext) {
  for (const kind of ['wasm', 'llm'] as const) {
    for (let open = findOpen(evaluation, kind); open !== null; open = findOpen(evaluation, kind)) {
      await ask(open.evaluation, open.node, reading, context)
      recombine(evaluation)
    }
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
  const words = 'words' in node ? node.words : noWords
  const children = evaluation.children.map(traceEvaluation)
  return {
    kind: node.kind,
    field: words.field,
    operator: words.operator,
    expected: words.expected,
    seen,
    verdict: verdictOf(evaluation),
    reason: isQuestion(node) && !evaluation.asked ? 'not asked: the other conditions decide' : reason,
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

function isQuestion(node: ConditionNode): node is QuestionNode {
  return node.kind === 'llm' || node.kind === 'wasm'
}

function findOpen(
  evaluation: Evaluation,
  kind: QuestionNode['kind'],
): { evaluation: Evaluation; node: QuestionNode } | null {
  if (evaluation.value !== null) return null
  const { node } = evaluation
  if (isQuestion(node)) return evaluation.asked || node.kind !== kind ? null : { evaluation, node }
  for (const child of evaluation.children) {
    const open = findOpen(child, kind)
    if (open !== null) return open
  }
  return null
}

async function ask(evaluation: Evaluation, node: QuestionNode, reading: MailReading, context: EvaluationContext) {
  context.signal.throwIfAborted()
  const startedAt = context.measure()
  evaluation.asked = true
  const answer = node.kind === 'llm' ? askLlm(node, reading.mail, context) : askWasm(node, reading.mail, context)
  Object.assign(evaluation, await answer)
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
