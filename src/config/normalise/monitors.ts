import type { MonitorSettings } from '../../domain/monitor.js'
import type { RawMonitor } from '../schema/monitors.js'
import { nodeAt, type SourceNode } from '../source.js'
import { normaliseCondition } from './conditions.js'
import { type Reading, readChannels, under } from './reading.js'
import { durationMs } from './values.js'

const graceMsMin = 60_000
const graceMsMax = 3_600_000

export function normaliseMonitor(name: string, raw: RawMonitor, node: SourceNode, reading: Reading): MonitorSettings {
  const everyMs = durationMs(raw.every, 0)
  const channels = (event: 'on_down' | 'on_recovery'): string[] => {
    const send = raw[event]?.send
    const place = nodeAt(node, [event, 'send'])
    return send === undefined || !place ? [] : readChannels(send, place, reading)
  }
  const when = raw.expect?.when
  return {
    name,
    when:
      when === undefined ? null : normaliseCondition(when, under(under(node, 'expect'), 'when'), reading, 'no_match'),
    everyMs,
    graceMs: durationMs(raw.grace, Math.min(graceMsMax, Math.max(graceMsMin, Math.round(everyMs / 10)))),
    onDown: channels('on_down'),
    onRecovery: channels('on_recovery'),
  }
}
