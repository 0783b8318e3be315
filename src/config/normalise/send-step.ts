import type { Repeat } from '../../domain/delivery.js'
import type { Escalation, Step } from '../../domain/route.js'
import type { RawEscalation, RawSendOptions } from '../schema/steps.js'
import { childOf, type SourceNode } from '../source.js'
import {
  checkTemplate,
  keyPosition,
  listOf,
  type Reading,
  readChannels,
  readRecipient,
  readRecipients,
  referTo,
  under,
} from './reading.js'
import { durationMs } from './values.js'

const dayMs = 86_400_000
const repeatsMax = 1_000

/** Stands for the managers of the recipients, where somebody is escalated to. */
const managerWord = 'manager'

export function sendStep(raw: string | string[] | RawSendOptions, node: SourceNode, reading: Reading): Step {
  const position = keyPosition(node, ['send'])
  const value = under(node, 'send')
  const options: Partial<RawSendOptions> = typeof raw === 'string' || Array.isArray(raw) ? {} : raw
  const channels =
    typeof raw === 'string' || Array.isArray(raw)
      ? readChannels(raw, value, reading)
      : readChannels(raw.channel, under(value, 'channel'), reading)
  if (options.template !== undefined) checkTemplate(options.template, under(value, 'template'), reading)
  if (options.during !== undefined) referTo('calendar', options.during, under(value, 'during'), reading)
  const repeat = repeatOf(options.repeat)
  const escalations = escalationsOf(options.then, childOf(value, 'then') ?? value, reading)
  return {
    verb: 'send',
    channels,
    to: options.to === undefined ? null : readRecipients(options.to, under(value, 'to'), reading),
    template: options.template ?? null,
    offersAck: options.ack ?? (repeat !== null || escalations.length > 0),
    repeat,
    escalations,
    during: options.during ?? null,
    position,
  }
}

function repeatOf(raw: RawSendOptions['repeat']): Repeat | null {
  if (raw === undefined) return null
  const everyMs = durationMs(raw.every, dayMs)
  const fitting = Math.min(repeatsMax, Math.max(1, Math.floor(dayMs / everyMs)))
  return { everyMs, times: raw.times ?? fitting }
}

/** In the order of their waits, whatever the order written. */
function escalationsOf(raw: RawSendOptions['then'], node: SourceNode, reading: Reading): Escalation[] {
  if (raw === undefined) return []
  const escalations = Array.isArray(raw)
    ? raw.map((one, index) => escalationOf(one, under(node, index), reading))
    : [escalationOf(raw, node, reading)]
  return escalations.sort((left, right) => left.afterMs - right.afterMs)
}

function escalationOf(raw: RawEscalation, node: SourceNode, reading: Reading): Escalation {
  return {
    afterMs: durationMs(raw.after, dayMs),
    channels: readChannels(raw.send, under(node, 'send'), reading),
    to: raw.to === undefined ? null : readTargets(raw.to, under(node, 'to'), reading),
  }
}

function readTargets(raw: string | string[], node: SourceNode, reading: Reading): string[] {
  return listOf(raw, node).map(({ value, node: at }) => {
    if (value !== managerWord) return readRecipient(value, at, reading)
    if (reading.names.group.has(managerWord)) {
      const message = `"${managerWord}" stands for the managers of the recipients, and there is a group of that name`
      reading.issues.error('ambiguous-recipient', message, at, 'give the group another name')
    }
    return value
  })
}
