import { authChecks, type Condition, type TextField } from '../../domain/route.js'
import { parseSize } from '../../domain/units.js'
import type { RawCondition, RawPresence, RawText, RawTextTest } from '../schema/conditions.js'
import { positionOf, type SourceNode } from '../source.js'
import { readClockRange, readDays } from './hours.js'
import { keyPosition, listOf, type Reading, referTo, under } from './reading.js'

const textFields = ['subject', 'body', 'html'] as const
const addressFields = ['from', 'to', 'rcpt', 'sender'] as const
const nameFields = ['rcpt_key', 'user'] as const
const operators = ['is', 'contains', 'starts_with', 'ends_with', 'matches'] as const

/** What a plain text means in a field: part of a text, an address with globs, or a whole name with globs. */
type PlainMeaning = 'part' | 'address' | 'name'

/**
 * Turns a map of conditions, all of which have to hold, into the domain's condition.
 * @param onError what counts when the LLM or a module gives no answer and the file does not say: whatever loses no alert.
 */
export function normaliseCondition(
  raw: RawCondition,
  node: SourceNode,
  reading: Reading,
  onError: OnError = 'match',
): Condition {
  const conditions: Condition[] = []
  for (const field of textFields) {
    const test = raw[field]
    if (test !== undefined) conditions.push(textCondition({ type: field }, test, 'part', node, [field], reading))
  }
  for (const field of addressFields) {
    const test = raw[field]
    if (test !== undefined) conditions.push(textCondition({ type: field }, test, 'address', node, [field], reading))
  }
  for (const [name, test] of Object.entries(raw.header ?? {})) {
    conditions.push(
      presenceCondition({ type: 'header', name: name.toLowerCase() }, test, 'part', node, ['header', name], reading),
    )
  }
  if (raw.attachment !== undefined) conditions.push(attachmentCondition(raw.attachment, node, reading))
  for (const field of nameFields) {
    const test = raw[field]
    if (test !== undefined) conditions.push(presenceCondition({ type: field }, test, 'name', node, [field], reading))
  }
  conditions.push(...plainConditions(raw, node))
  for (const kind of ['all', 'any'] as const) {
    const list = raw[kind]
    if (!list) continue
    const of = list.map((one, index) => normaliseCondition(one, under(under(node, kind), index), reading, onError))
    conditions.push({ kind, of, position: keyPosition(node, [kind]) })
  }
  if (raw.not) {
    const of = normaliseCondition(raw.not, under(node, 'not'), reading, onError)
    conditions.push({ kind: 'not', of, position: keyPosition(node, ['not']) })
  }
  if (raw.llm !== undefined) conditions.push(llmCondition(raw.llm, node, onError))
  if (raw.wasm !== undefined) conditions.push(wasmCondition(raw.wasm, node, reading, onError))
  return allOf(conditions, node)
}

/** Conditions that are only data: size, auth, client, time. */
function plainConditions(raw: RawCondition, node: SourceNode): Condition[] {
  const conditions: Condition[] = []
  for (const operator of ['over', 'under'] as const) {
    const bytes = raw.size?.[operator] === undefined ? null : parseSize(raw.size[operator])
    if (bytes === null) continue
    conditions.push({ kind: 'size', operator, bytes, position: keyPosition(node, ['size', operator]) })
  }
  for (const check of authChecks) {
    const written = raw.auth?.[check]
    if (written === undefined) continue
    conditions.push({ kind: 'auth', check, verdicts: [written].flat(), position: keyPosition(node, ['auth', check]) })
  }
  if (raw.client !== undefined) {
    const ranges = listOf(raw.client, node).map(({ value }) => value)
    conditions.push({ kind: 'client', ranges, position: keyPosition(node, ['client']) })
  }
  if (raw.time !== undefined) {
    conditions.push({
      kind: 'time',
      days: raw.time.days === undefined ? null : readDays([raw.time.days].flat()),
      between: raw.time.between === undefined ? null : readClockRange(raw.time.between),
      timezone: raw.time.timezone ?? 'UTC',
      position: keyPosition(node, ['time']),
    })
  }
  return conditions
}

function textCondition(
  field: TextField,
  raw: RawText,
  plain: PlainMeaning,
  parent: SourceNode,
  path: string[],
  reading: Reading,
): Condition {
  const node = path.reduce((at, key) => under(at, key), parent)
  const position = keyPosition(parent, path)
  if (typeof raw === 'object' && !Array.isArray(raw))
    return operatorCondition(field, raw, plain, node, raw.case_sensitive, reading)
  const values = listOf(raw, node)
  if (plain === 'part') refuseBareBrackets(node, reading)
  if (plain === 'address') {
    for (const { value, node: at } of values) warnOfBareName(value, at, reading)
    return { kind: 'address', field, globs: values.map(({ value }) => globOf(value)), position }
  }
  if (plain === 'part') {
    return {
      kind: 'text',
      field,
      operator: 'contains',
      values: values.map(({ value }) => value),
      caseSensitive: false,
      position,
    }
  }
  const hasGlobs = values.some(({ value }) => value.includes('*'))
  return hasGlobs
    ? {
        kind: 'text',
        field,
        operator: 'matches',
        values: values.map(({ value }) => patternOf(value)),
        caseSensitive: false,
        position,
      }
    : { kind: 'text', field, operator: 'is', values: values.map(({ value }) => value), caseSensitive: false, position }
}

/** Several operators in one map all have to hold; `case_sensitive` also holds inside `not`. */
function operatorCondition(
  field: TextField,
  raw: RawTextTest,
  plain: PlainMeaning,
  node: SourceNode,
  caseSensitive: boolean | undefined,
  reading: Reading,
): Condition {
  const conditions: Condition[] = []
  for (const operator of operators) {
    const written = raw[operator]
    if (written === undefined) continue
    const values = listOf(written, under(node, operator))
    // Regular expressions say (?i) themselves; all other texts ignore case unless told otherwise.
    const exact = caseSensitive ?? operator === 'matches'
    if (operator === 'matches') checkPatterns(values, exact, reading)
    else if (plain === 'part') refuseBareBrackets(under(node, operator), reading)
    const texts = values.map(({ value }) => value)
    conditions.push({
      kind: 'text',
      field,
      operator,
      values: texts,
      caseSensitive: exact,
      position: keyPosition(node, [operator]),
    })
  }
  if (raw.not !== undefined) {
    const position = keyPosition(node, ['not'])
    const inner = raw.not
    const of =
      typeof inner === 'object'
        ? operatorCondition(field, inner, plain, under(node, 'not'), inner.case_sensitive ?? caseSensitive, reading)
        : textCondition(field, inner, plain, node, ['not'], reading)
    conditions.push({ kind: 'not', of, position })
  }
  return allOf(conditions, node)
}

function presenceCondition(
  field: TextField,
  raw: RawPresence,
  plain: PlainMeaning,
  node: SourceNode,
  path: string[],
  reading: Reading,
): Condition {
  if (typeof raw === 'boolean') return { kind: 'present', field, present: raw, position: keyPosition(node, path) }
  return textCondition(field, raw, plain, node, path, reading)
}

function attachmentCondition(
  raw: NonNullable<RawCondition['attachment']>,
  node: SourceNode,
  reading: Reading,
): Condition {
  const position = keyPosition(node, ['attachment'])
  if (typeof raw === 'boolean') {
    return { kind: 'present', field: { type: 'attachment', part: 'filename' }, present: raw, position }
  }
  const conditions: Condition[] = []
  for (const part of ['filename', 'content_type'] as const) {
    const test = raw[part]
    if (test === undefined) continue
    conditions.push(textCondition({ type: 'attachment', part }, test, 'part', node, ['attachment', part], reading))
  }
  return allOf(conditions, under(node, 'attachment'))
}

type OnError = 'match' | 'no_match'

function llmCondition(raw: NonNullable<RawCondition['llm']>, node: SourceNode, onError: OnError): Condition {
  const position = keyPosition(node, ['llm'])
  if (typeof raw === 'string') return { kind: 'llm', prompt: raw, fields: ['subject', 'body'], onError, position }
  const fields = raw.fields ?? ['subject', 'body']
  return { kind: 'llm', prompt: raw.prompt, fields, onError: raw.on_error ?? onError, position }
}

function wasmCondition(
  raw: NonNullable<RawCondition['wasm']>,
  node: SourceNode,
  reading: Reading,
  onError: OnError,
): Condition {
  const position = keyPosition(node, ['wasm'])
  const value = under(node, 'wasm')
  if (typeof raw === 'string') {
    referTo('action', raw, value, reading)
    return { kind: 'wasm', module: raw, onError, position }
  }
  referTo('action', raw.module, under(value, 'module'), reading)
  return { kind: 'wasm', module: raw.module, onError: raw.on_error ?? onError, position }
}

function allOf(conditions: Condition[], node: SourceNode): Condition {
  const [only, ...more] = conditions
  if (only && more.length === 0) return only
  return { kind: 'all', of: conditions.sort(byPosition), position: positionOf(node) }
}

/** A trace reads in the order the author wrote. */
function byPosition(left: Condition, right: Condition): number {
  if (!left.position || !right.position) return 0
  return left.position.line - right.position.line || left.position.column - right.position.column
}

function checkPatterns(values: { value: string; node: SourceNode }[], caseSensitive: boolean, reading: Reading): void {
  for (const { value, node } of values) {
    const problem = reading.checkPattern(value, caseSensitive)
    if (problem === null) continue
    const hint = 'patterns have RE2 syntax: no backreferences and no look-around'
    reading.issues.error('bad-regex', `the pattern cannot be used: ${problem}`, node, hint)
  }
}

/**
 * `starts_with: [Sentry]` is a list with the text "Sentry" in it, and hardly ever meant: the rule would match mails it
 * should not, in silence. Quoting either the whole or the entry says which one is meant.
 */
function refuseBareBrackets(node: SourceNode, reading: Reading): void {
  if (node.type !== 'list' || !node.flow || node.items.length !== 1) return
  const item = node.items[0]
  if (item?.type !== 'scalar' || item.style !== 'plain' || item.pieces.length > 0) return
  const written = node.file.text.slice(node.start, node.end).trim()
  const hint = `a text that starts with [ has to be quoted: "${written}"; quote the entry if a list is meant`
  reading.issues.error('unquoted-brackets', `${written} is a list with one text, without the brackets`, node, hint)
}

/** A plain text is the whole address, so that a name or a domain alone matches nobody. */
function warnOfBareName(value: string, node: SourceNode, reading: Reading): void {
  if (/[@*]/.test(value) || value === '' || value === '<>') return
  const hint = `write "*@${value}" or "${value}@*", or { contains: "${value}" }`
  reading.issues.warning('address-without-at', `${JSON.stringify(value)} is no mail address and has no *`, node, hint)
}

/** `<>` is how the null sender is written on the wire; a mail has it as the empty string. */
function globOf(address: string): string {
  const trimmed = address.trim().toLowerCase()
  return trimmed === '<>' ? '' : trimmed.replace(/^<(.*)>$/, '$1')
}

function patternOf(glob: string): string {
  const escaped = glob.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return `^${escaped.join('.*')}$`
}
