import { authChecks } from '../domain/route.js'
import {
  type ConditionTrace,
  completeTrace,
  type PlannedDelivery,
  type RecoveryTrace,
  type RouteTrace,
  type StepTrace,
  type Trace,
} from '../domain/trace.js'
import type { DeliveryDetail } from '../store/store.js'
import type { Cli } from './cli.js'

type Colors = Cli['colors']

export interface TraceOptions {
  colors: Colors
  /** Show conditions of routes that did not match beyond the one that failed. */
  all: boolean
  /** What became of the deliveries, when the mail was really sent. */
  deliveries?: DeliveryDetail[]
}

/** A trace as a person reads it: each route, each condition with the value it saw, each step, each attempt. */
export function printTrace(written: Trace, given: TraceOptions): string {
  const trace = withoutControls(completeTrace(written))
  const options = given.deliveries ? { ...given, deliveries: withoutControls(given.deliveries) } : given
  const { colors } = options
  const lines: string[] = []
  if (trace.parse.malformed) lines.push(colors.yellow(`! malformed: ${trace.parse.malformed}`))
  if (trace.auth) lines.push(...printAuth(trace.auth, colors))
  for (const route of trace.routes) lines.push(...printRoute(route, options))
  if (trace.routes_omitted > 0) lines.push(colors.dim(`  … and ${trace.routes_omitted} more routes that did not match`))
  if (trace.otherwise) {
    const sent = trace.otherwise.sent_to ? `sent to ${trace.otherwise.sent_to}` : 'kept in the archive'
    lines.push(`${colors.yellow('○ otherwise')}  ${trace.otherwise.reason}: ${sent}`)
    lines.push(...printAttempts('otherwise', options))
  }
  for (const recovery of trace.recoveries) lines.push(printRecovery(recovery, options))
  if (trace.monitors.length > 0) lines.push(`${colors.green('♥')} expected by monitors: ${trace.monitors.join(', ')}`)
  return lines.join('\n')
}

function printAuth(auth: NonNullable<Trace['auth']>, colors: Colors): string[] {
  return authChecks.map((check) => {
    const verdict = auth[check]
    const color = verdict === 'pass' ? colors.green : verdict === 'fail' ? colors.red : colors.yellow
    return `@ auth ${check.padEnd(5)} ${color(verdict)}  ${colors.dim(cut(auth.reasons[check], 200))}`
  })
}

function printRoute(route: RouteTrace, options: TraceOptions): string[] {
  const { colors } = options
  const head = `${route.name}  ${colors.dim(route.source)}`
  const reason = route.reason ? `  ${route.reason}` : ''
  switch (route.verdict) {
    case 'skipped':
      return [`${colors.dim('○')} ${head}${colors.dim(`  skipped:${reason}`)}`]
    case 'not_matched':
      return [`${colors.dim('✗')} ${head}`, ...printConditions(route.condition, options, false)]
    case 'retry':
      return [
        `${colors.yellow('↻')} ${head}${colors.yellow(`  will be tried again:${reason}`)}`,
        ...printBody(route, options),
      ]
    case 'matched':
      return [
        `${colors.green('✓')} ${colors.bold(route.name)}  ${colors.dim(route.source)}${reason}`,
        ...printBody(route, options),
      ]
  }
}

function printBody(route: RouteTrace, options: TraceOptions): string[] {
  return [
    ...printConditions(route.condition, options, true),
    ...route.steps.map((step) => printStep(step, options.colors)),
    ...route.deliveries.filter(hasStory).map((line) => printPlanned(line, options.colors)),
    ...printFate(route, options.colors),
    ...printAttempts(route.name, options),
  ]
}

/** What became of the notification when it was kept; what it waits for or was suppressed by stands out. */
function printFate({ notification }: RouteTrace, colors: Colors): string[] {
  if (notification === null) return []
  const { notification_id: id, status, reason } = notification
  const fate = reason === null ? '' : `  ${colors.yellow(`${status}: ${reason}`)}`
  return [indent(0, `${colors.dim(`notification ${id}`)}${fate}`)]
}

/** In `explain` nothing is closed, whatever is open. */
function printRecovery({ route, what, closed }: RecoveryTrace, { colors, deliveries }: TraceOptions): string {
  const nothing = deliveries === undefined ? '' : '  nothing was open'
  const result = closed.length > 0 ? `  closed ${closed.join(', ')}` : nothing
  return `${colors.green('↺')} recovery  ${what}  ${colors.dim(route)}${result}`
}

/** Of a route that did not match, the conditions that failed say why; the others are noise unless asked for. */
function printConditions(condition: ConditionTrace | null, options: TraceOptions, matched: boolean): string[] {
  if (!condition) return []
  const lines: string[] = []
  const visit = (node: ConditionTrace, depth: number): void => {
    const group = node.kind === 'all' || node.kind === 'any' || node.kind === 'not'
    const skip = !matched && !options.all && node.verdict !== 'false' && !group
    if (group && node.children.length === 0) return
    if (group && (depth > 0 || node.kind !== 'all'))
      lines.push(indent(depth, `${mark(node, options.colors)} ${node.kind}`))
    if (!group && !skip) lines.push(indent(depth, printTest(node, options.colors)))
    const deeper = group && depth === 0 && node.kind === 'all' ? depth : depth + 1
    for (const child of node.children) visit(child, deeper)
  }
  visit(condition, 0)
  return lines
}

function printTest(node: ConditionTrace, colors: Colors): string {
  const asked = [node.field, node.operator ?? node.kind, node.expected].filter(Boolean).join(' ')
  const seen = node.seen === null ? '' : colors.dim(`  saw ${quote(node.seen)}`)
  const reason = node.reason ? colors.dim(`  ${node.reason}`) : ''
  return `${mark(node, colors)} ${cut(asked, 100)}${node.verdict === 'not_evaluated' ? colors.dim('  not asked') : seen}${reason}`
}

function mark(node: ConditionTrace, colors: Colors): string {
  if (node.verdict === 'true') return colors.green('✓')
  if (node.verdict === 'false') return colors.red('✗')
  return node.verdict === 'unknown' ? colors.yellow('?') : colors.dim('·')
}

const stepMarks: Record<string, string> = {
  attach: '⇣',
  run: '⚙',
  extract: '⌕',
  recipients: '☺',
  set: '✎',
  send: '✈',
  dedupe: '≡',
  hold: '◷',
  digest: '☰',
  resolve: '↺',
  stop: '■',
}

function printStep(step: StepTrace, colors: Colors): string {
  const sign = stepMarks[step.step] ?? '·'
  const label = `${sign} ${step.step.padEnd(10)} ${step.target ? `${step.target}  ` : ''}`
  const detail = step.verdict === 'ok' ? step.detail : colors.yellow(step.detail)
  const logs = (step.facts.logs as { level: string; message: string }[] | undefined) ?? []
  const lines = [`${label}${detail}  ${colors.dim(`${step.duration_ms} ms`)}`]
  for (const log of logs.slice(0, 20)) lines.push(colors.dim(`      ${log.level}: ${cut(log.message, 200)}`))
  return lines.map((line) => indent(0, line)).join('\n')
}

function hasStory({ verdict, reason }: PlannedDelivery): boolean {
  return verdict !== 'planned' || reason !== null
}

function printPlanned({ verdict, channel, recipient, reason }: PlannedDelivery, colors: Colors): string {
  const who = [channel, recipient].filter(Boolean).join(' ')
  if (verdict === 'planned') return indent(0, colors.dim(`${who}: ${reason}`))
  return indent(0, colors.yellow(`${verdict}: ${who}  ${reason ?? ''}`))
}

function printAttempts(route: string, { deliveries, colors }: TraceOptions): string[] {
  const lines: string[] = []
  for (const delivery of deliveries ?? []) {
    if (delivery.route !== route) continue
    const sign = delivery.status === 'sent' ? colors.green('✓') : delivery.status === 'dead' ? colors.red('✗') : '…'
    const purpose = delivery.purpose === 'alert' ? null : `${delivery.purpose}:`
    const target = [purpose, delivery.channel, delivery.recipient, delivery.address && `(${delivery.address})`]
      .filter(Boolean)
      .join(' ')
    const next = delivery.next_attempt_at ? `  next ${delivery.next_attempt_at}` : ''
    lines.push(indent(0, `${sign} ${delivery.status.padEnd(9)} ${target}  ${colors.dim(delivery.id)}${next}`))
    for (const attempt of delivery.attempt_list) {
      const status = attempt.status_code === null ? '' : ` ${attempt.status_code}`
      const words = attempt.excerpt ? `: ${cut(attempt.excerpt, 160)}` : ''
      lines.push(
        indent(
          1,
          colors.dim(`attempt ${attempt.number} ${attempt.outcome}${status} ${attempt.duration_ms} ms${words}`),
        ),
      )
    }
    const isOver = delivery.status === 'dead' || delivery.status === 'cancelled'
    if (isOver && delivery.attempt_list.length === 0 && delivery.last_error) {
      lines.push(indent(1, delivery.last_error))
    }
  }
  return lines
}

/** A mail may hold commands to the terminal (ESC sequences), and a trace quotes mails: none of them may be obeyed. */
function withoutControls<Value>(value: Value): Value {
  const clean = (_key: string, part: unknown): unknown =>
    typeof part === 'string' ? part.replace(/\s/g, ' ').replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd') : part
  return JSON.parse(JSON.stringify(value), clean) as Value
}

function indent(depth: number, line: string): string {
  return `${'  '.repeat(depth + 2)}${line}`
}

function quote(text: string): string {
  return `"${cut(text, 120)}"`
}

/** One line of at most `length` characters, without control characters. */
export function cut(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '\ufffd')
  return line.length > length ? `${line.slice(0, length - 1)}…` : line
}

/** A text of several lines without the control characters a mail could command a terminal with. */
export function showText(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd')
}
