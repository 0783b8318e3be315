import type { Condition, Step } from '../../domain/route.js'
import type { SourceNode } from '../source.js'
import { suggest, suggestionHint } from '../suggest.js'
import { checkTemplate, isTemplated, type Reading } from './reading.js'

/** What templates see beside the variables of a route. */
export const scopeNames: readonly string[] = [
  'mail',
  'variables',
  'lookups',
  'recipients',
  'rcpt_key',
  'route',
  'title',
  'text',
  'severity',
  'labels',
  'event',
  'fingerprint',
]

/** Lists in the order of their entries would make two keys of the same recipients. */
const joined = '| sort | join: ","'

/** Words of a key that stand for a part of the mail, unless the route has a variable of that name. */
const mailWords = new Map([
  ['subject', '{{ mail.subject }}'],
  ['body', '{{ mail.text }}'],
  ['from', '{{ mail.from }}'],
  ['to', `{{ mail.to ${joined} }}`],
  ['rcpt', `{{ mail.rcpt ${joined} }}`],
  ['rcpt_key', '{{ rcpt_key }}'],
  ['sender', '{{ mail.sender }}'],
])

/** Words that stand for a part of what goes out. */
const messageWords = new Map([
  ['recipients', `{{ recipients ${joined} }}`],
  ...['route', 'title', 'text', 'severity', 'event', 'fingerprint'].map((word) => [word, `{{ ${word} }}`] as const),
])

/** Maps have no text: as a key they would be the same for every mail. */
const mapWords = ['mail', 'variables', 'lookups', 'labels']

/**
 * Turns an entry of a key into Liquid: a bare word is a field of the mail or of the message, or a variable of the route;
 * everything else is Liquid already. A word that nothing fills is reported, because such a key holds for no mail.
 */
export function readKeyPart(entry: string, node: SourceNode, variables: ReadonlySet<string>, reading: Reading): string {
  if (isTemplated(entry)) {
    checkTemplate(entry, node, reading)
    return entry
  }
  const liquid = liquidOf(entry, variables)
  if (liquid !== null) return liquid
  if (mapWords.includes(entry)) {
    const hint = `write one of what it holds, such as "{{ ${entry}.name }}"`
    reading.issues.error('bad-key', `"${entry}" is a map and no part of a key`, node, hint)
  } else if (/^[A-Za-z_]\w*$/.test(entry)) {
    warnOfUnknown(entry, node, variables, reading)
    return `{{ ${entry} }}`
  } else warnOfConstant(entry, node, variables, reading)
  return entry
}

/** What the named groups of a condition make, where they take part in its being true. */
export function variablesOf(condition: Condition): string[] {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(variablesOf)
  if (condition.kind !== 'text' || condition.operator !== 'matches') return []
  return condition.values.flatMap((pattern) =>
    Array.from(pattern.matchAll(/\(\?P?<([A-Za-z_]\w*)>/g), ([, name = '']) => name),
  )
}

export function variablesOfStep(step: Step): string[] {
  return step.verb === 'extract' ? Object.keys(step.variables) : []
}

/** The variables that a Liquid text shows at its top level: `{{ host }}`, `{{ host | downcase }}`. */
export function variablesIn(liquid: string): string[] {
  const names = Array.from(
    liquid.matchAll(/\{\{-?\s*(?:variables\.)?([A-Za-z_]\w*)\s*(?=[|}-])/g),
    ([, name = '']) => name,
  )
  return names.filter((name) => !scopeNames.includes(name))
}

function liquidOf(word: string, variables: ReadonlySet<string>): string | null {
  if (variables.has(word)) return scopeNames.includes(word) ? `{{ variables.${word} }}` : `{{ ${word} }}`
  return mailWords.get(word) ?? messageWords.get(word) ?? null
}

function warnOfUnknown(word: string, node: SourceNode, variables: ReadonlySet<string>, reading: Reading): void {
  const hint = () => suggestionHint(word, knownWords(variables), 'fields and variables:')
  const message = `no field and no variable of the route is called "${word}"`
  reading.issues.warning('unknown-variable', message, node, hint)
}

/** `host/service` without `{{ }}` is a text like any other, and hardly meant to be the same for every mail. */
function warnOfConstant(entry: string, node: SourceNode, variables: ReadonlySet<string>, reading: Reading): void {
  const filled = entry.replace(/[A-Za-z_][\w.]*/g, (path) => {
    const [root = ''] = path.split('.')
    const isPath = path !== root && (scopeNames.includes(root) || variables.has(root))
    return isPath ? `{{ ${path} }}` : (liquidOf(path, variables) ?? path)
  })
  const meant = filled === entry ? suggest(entry, knownWords(variables)) : null
  if (filled === entry && meant === null) return
  const hint = meant === null ? `write ${JSON.stringify(filled)}` : `did you mean "${meant}"?`
  reading.issues.warning('constant-key', `the key "${entry}" is the same for every mail`, node, hint)
}

function knownWords(variables: ReadonlySet<string>): string[] {
  return [...new Set([...variables, ...mailWords.keys(), ...messageWords.keys()])]
}
