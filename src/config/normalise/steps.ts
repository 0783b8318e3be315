import { readSeverity } from '../../domain/message.js'
import type { RecipientSource, Step, TextField } from '../../domain/route.js'
import type { RawExtraction, RawStep, RawStepMap } from '../schema/steps.js'
import { keyPlaceAt, type SourceNode } from '../source.js'
import { scopeNames } from './keys.js'
import { dedupeStep, digestStep, holdStep, type RouteVariables, resolveStep } from './noise-steps.js'
import {
  checkTemplate,
  isTemplated,
  keyPosition,
  listOf,
  type Reading,
  readRecipient,
  readRecipients,
  referTo,
  refuseUnavailable,
  under,
} from './reading.js'
import { sendStep } from './send-step.js'

/** Turns a step into the domain's, or null when this version cannot do it (which is reported). */
export function normaliseStep(
  raw: RawStep,
  node: SourceNode,
  variables: RouteVariables,
  reading: Reading,
): Step | null {
  if (raw === 'stop') return { verb: 'stop', position: keyPosition(node, []) }
  if (raw === 'resolve') return { verb: 'resolve', fingerprint: null, position: keyPosition(node, []) }
  if (raw.llm !== undefined) {
    refuseUnavailable('llm', keyPlaceAt(node, ['llm']), reading)
    return null
  }
  if (raw.attach !== undefined) return attachStep(raw.attach, node, reading)
  if (raw.extract !== undefined) return extractStep(raw.extract, node, reading)
  if (raw.run !== undefined) {
    referTo('action', raw.run, under(node, 'run'), reading)
    return { verb: 'run', action: raw.run, position: keyPosition(node, ['run']) }
  }
  if (raw.recipients !== undefined) return recipientsStep(raw.recipients, node, reading)
  if (raw.set !== undefined) return setStep(raw.set, node, reading)
  if (raw.dedupe !== undefined) return dedupeStep(raw.dedupe, node, variables, reading)
  if (raw.hold !== undefined) return holdStep(raw.hold, node, variables, reading)
  if (raw.digest !== undefined) return digestStep(raw.digest, node, variables, reading)
  if (raw.resolve !== undefined) return resolveStep(raw.resolve, node, reading)
  if (raw.send !== undefined) return sendStep(raw.send, node, reading)
  return { verb: 'stop', position: keyPosition(node, ['stop']) }
}

function attachStep(raw: NonNullable<RawStepMap['attach']>, node: SourceNode, reading: Reading): Step {
  const position = keyPosition(node, ['attach'])
  const value = under(node, 'attach')
  if (typeof raw === 'string') {
    referTo('lookup', raw, value, reading)
    return { verb: 'attach', lookup: raw, ifMissing: null, position }
  }
  referTo('lookup', raw.lookup, under(value, 'lookup'), reading)
  const ifMissing =
    raw.if_missing === undefined ? null : readRecipients(raw.if_missing, under(value, 'if_missing'), reading)
  return { verb: 'attach', lookup: raw.lookup, ifMissing, position }
}

function extractStep(raw: Record<string, RawExtraction>, node: SourceNode, reading: Reading): Step {
  const variables: Record<string, { from: TextField; pattern: string }> = {}
  for (const [name, { from, regex }] of Object.entries(raw)) {
    const problem = reading.checkPattern(regex, true)
    if (problem !== null) {
      const place = under(under(under(node, 'extract'), name), 'regex')
      const hint = 'patterns have RE2 syntax: no backreferences and no look-around'
      reading.issues.error('bad-regex', `the pattern cannot be used: ${problem}`, place, hint)
    }
    if (scopeNames.includes(name)) {
      const place = keyPlaceAt(node, ['extract', name])
      const hint = `templates see the variable as "variables.${name}"; another name is easier to read`
      reading.issues.warning('hidden-variable', `templates have their own "${name}"`, place, hint)
    }
    variables[name] = { from: fieldOf(from), pattern: regex }
  }
  return { verb: 'extract', variables, position: keyPosition(node, ['extract']) }
}

function fieldOf(from: RawExtraction['from']): TextField {
  if (typeof from === 'string') return { type: from }
  if ('header' in from) return { type: 'header', name: from.header.toLowerCase() }
  return { type: 'attachment', part: from.attachment }
}

function recipientsStep(raw: NonNullable<RawStepMap['recipients']>, node: SourceNode, reading: Reading): Step {
  const position = keyPosition(node, ['recipients'])
  const value = under(node, 'recipients')
  if (typeof raw === 'string' || Array.isArray(raw)) {
    const entries = listOf(raw, value).map(({ value: entry, node: at }) => {
      if (!isTemplated(entry)) return readRecipient(entry, at, reading)
      checkTemplate(entry, at, reading)
      return entry
    })
    return { verb: 'recipients', source: { type: 'list', entries }, alsoManager: false, position }
  }
  referTo('lookup', raw.lookup, under(value, 'lookup'), reading)
  checkTemplate(raw.key, under(value, 'key'), reading)
  const ifMissing =
    raw.if_missing === undefined ? null : readRecipients(raw.if_missing, under(value, 'if_missing'), reading)
  const source: RecipientSource = { type: 'lookup', lookup: raw.lookup, key: raw.key, ifMissing }
  return { verb: 'recipients', source, alsoManager: raw.also === 'manager', position }
}

function setStep(raw: NonNullable<RawStepMap['set']>, node: SourceNode, reading: Reading): Step {
  const value = under(node, 'set')
  for (const key of ['title', 'text', 'severity', 'event', 'fingerprint'] as const) {
    const text = raw[key]
    if (text !== undefined) checkTemplate(text, under(value, key), reading)
  }
  if (raw.severity !== undefined && !isTemplated(raw.severity))
    checkSeverity(raw.severity, under(value, 'severity'), reading)
  for (const [name, text] of Object.entries(raw.labels ?? {})) {
    checkTemplate(text, under(under(value, 'labels'), name), reading)
  }
  return {
    verb: 'set',
    title: raw.title ?? null,
    text: raw.text ?? null,
    severity: raw.severity ?? null,
    event: raw.event ?? null,
    fingerprint: raw.fingerprint ?? null,
    labels: { ...raw.labels },
    position: keyPosition(node, ['set']),
  }
}

/** Reports a word that is no severity; ours are five, and a few that everybody uses count as one of them. */
export function checkSeverity(word: string, node: SourceNode, reading: Reading): void {
  if (readSeverity(word) !== null) return
  const hint = 'a severity is critical, error, warning, info or resolved'
  reading.issues.error('bad-severity', `${JSON.stringify(word)} is no severity`, node, hint)
}
