import type { Channel, ChannelKind, ChannelLimits, ChannelTemplate } from '../../domain/channel.js'
import { withoutKeys } from '../merge.js'
import { parseRate } from '../rate.js'
import { channelLimitNames, channelLimits } from '../schema/channel-limits.js'
import type { RawChannel } from '../schema/routes-file.js'
import { keysAllowedAt } from '../schema/walk.js'
import { collectAddresses, collectSecret } from '../secrets.js'
import { keyPlaceAt, type MapNode, nodeAt, type SourceNode } from '../source.js'
import { suggestionHint } from '../suggest.js'
import { validate } from '../validate.js'
import { checkTemplate, type Reading, under } from './reading.js'
import { durationMs, durationsMs } from './values.js'

/** Keys of a person that are no channel. */
export const reservedNames: readonly string[] = ['name', 'manager', 'quiet_hours']

/** Checks a channel's settings by its kind; null when they cannot be used (which is reported). */
export function normaliseChannel(name: string, raw: RawChannel, node: SourceNode, reading: Reading): Channel | null {
  if (reservedNames.includes(name)) {
    const message = `a channel cannot be called "${name}"`
    reading.issues.error(
      'bad-name',
      message,
      keyPlaceAt(reading.root, ['channels', name]),
      'people have a key of that name',
    )
  }
  const kind = reading.kinds.get(raw.kind)
  if (!kind) {
    refuseKind(raw.kind, under(node, 'kind'), reading)
    return null
  }
  if (node.type !== 'map') return null
  collectSecrets(name, kind, node, reading)
  const common = readCommon(name, kind, node, reading)
  const own = withoutKeys(node, new Set(['kind', ...channelLimitNames]))
  const { data, failed } = validate(own, kind.settings, reading.issues, ['channels', name], channelLimitNames)
  if (failed || !common) return null
  return { name, kind, settings: data, destination: kind.destination(data), ...common }
}

/** What any channel may say of its own deliveries; null when it cannot be used (which is reported). */
function readCommon(
  name: string,
  kind: ChannelKind,
  node: MapNode,
  reading: Reading,
): { limits: ChannelLimits; template: ChannelTemplate | null } | null {
  const own = keysAllowedAt(kind.settings, [])
  const clash = channelLimitNames.find((limit) => own.includes(limit))
  if (clash !== undefined) throw new TypeError(`the kind ${kind.kind} has a setting "${clash}", which any channel has`)
  const others = [...node.entries.keys()].filter((key) => !channelLimitNames.includes(key))
  const { data, failed } = validate(withoutKeys(node, new Set(others)), channelLimits, reading.issues, [
    'channels',
    name,
  ])
  if (failed) return null
  const limits = {
    rate: data.rate_limit === undefined ? null : parseRate(data.rate_limit),
    perDayMax: data.daily_cap ?? null,
    retryMs: data.retry === undefined ? null : durationsMs(data.retry),
    retryWindowMs: data.retry_window === undefined ? null : durationMs(data.retry_window, 0),
  }
  return { limits, template: readTemplate(data.template, node, reading) }
}

/** A text alone is the text, as with `send`. */
function readTemplate(
  given: string | { title?: string | undefined; text?: string | undefined } | undefined,
  node: MapNode,
  reading: Reading,
): ChannelTemplate | null {
  if (given === undefined) return null
  const at = under(node, 'template')
  if (typeof given === 'string') {
    checkTemplate(given, at, reading)
    return { title: null, text: given }
  }
  const { title = null, text = null } = given
  if (title !== null) checkTemplate(title, under(at, 'title'), reading)
  if (text !== null) checkTemplate(text, under(at, 'text'), reading)
  return { title, text }
}

function collectSecrets(name: string, kind: ChannelKind, node: SourceNode, reading: Reading): void {
  collectAddresses(node, reading)
  for (const secret of kind.secrets) {
    const found = nodeAt(node, secret.split('.'))
    if (found) collectSecret(found, `${secret} of the channel ${name}`, reading)
  }
}

function refuseKind(kind: string, node: SourceNode, reading: Reading): void {
  const hint = suggestionHint(kind, [...reading.kinds.keys()], 'kinds:')
  reading.issues.error('unknown-kind', `there is no kind of channel ${JSON.stringify(kind)}`, node, hint)
}
