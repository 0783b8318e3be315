import type { RecipientSource, Route, Step } from '../domain/route.js'
import { formatDuration } from '../domain/units.js'

const textMax = 120

/** A step on one line, as one would say it: `send telegram or email, again every 15m`. Pure. */
export function describeStep(step: Step): string {
  switch (step.verb) {
    case 'attach':
      return `attach ${step.lookup}`
    case 'run':
      return `run ${step.action}`
    case 'extract':
      return `extract ${Object.keys(step.variables).join(', ')}`
    case 'recipients':
      return `recipients ${describeSource(step.source)}${step.alsoManager ? ', and their managers' : ''}`
    case 'set':
      return `set ${listSet(step).join(', ')}`
    case 'send':
      return describeSend(step)
    case 'dedupe':
      return `dedupe by ${cut(step.key.join(', '))} for ${formatDuration(step.windowMs)}`
    case 'hold':
      return `hold for ${formatDuration(step.forMs)} by ${cut(String(step.key))}`
    case 'digest':
      return step.key === null ? 'digest' : `digest by ${cut(String(step.key))}`
    case 'resolve':
      return step.fingerprint === null ? 'resolve' : `resolve ${cut(step.fingerprint)}`
    case 'stop':
      return 'stop'
  }
}

/** Channels a route may send on, in the order it names them. */
export function listChannels({ steps }: Pick<Route, 'steps'>): string[] {
  const named = steps.flatMap((step) =>
    step.verb === 'send' ? [...step.channels, ...step.escalations.flatMap(({ channels }) => channels)] : [],
  )
  return [...new Set(named)]
}

function describeSend(step: Extract<Step, { verb: 'send' }>): string {
  const parts = [`send ${step.channels.join(' or ')}`]
  if (step.to) parts.push(`to ${cut(step.to.join(', '))}`)
  if (step.during !== null) parts.push(`during ${step.during}`)
  const later = [
    ...(step.repeat ? [`again every ${formatDuration(step.repeat.everyMs)}`] : []),
    ...step.escalations.map(({ afterMs, channels, to }) => {
      return `after ${formatDuration(afterMs)} ${channels.join(' or ')}${to ? ` to ${to.join(', ')}` : ''}`
    }),
  ]
  return [parts.join(' '), ...later].join(', ')
}

function describeSource(source: RecipientSource): string {
  if (source.type === 'list') return cut(source.entries.join(', '))
  return `from ${source.lookup} by ${cut(source.key)}`
}

function listSet({ title, text, severity, event, fingerprint, labels }: Extract<Step, { verb: 'set' }>): string[] {
  const given = Object.entries({ title, text, severity, event, fingerprint }).filter(([, value]) => value !== null)
  return [...given.map(([name]) => name), ...Object.keys(labels).map((name) => `label ${name}`)]
}

function cut(text: string): string {
  return text.length > textMax ? `${text.slice(0, textMax - 1)}…` : text
}
