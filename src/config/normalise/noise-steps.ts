import type { DigestSchedule } from '../../domain/calendar.js'
import type { Step } from '../../domain/route.js'
import { formatDuration } from '../../domain/units.js'
import type { RawStepMap } from '../schema/steps.js'
import { keyPlaceAt, type SourceNode } from '../source.js'
import { normaliseCondition } from './conditions.js'
import { readDigestTime } from './hours.js'
import { readKeyPart, variablesIn, variablesOf } from './keys.js'
import { checkTemplate, keyPosition, listOf, type Reading, under } from './reading.js'
import { durationMs } from './values.js'

/** Recoveries are remembered for longer than this, and not for ever. */
const holdMsMax = 7 * 86_400_000

/** Which variables a route has at a step: those of its condition, and those of the steps before. */
export interface RouteVariables {
  fromCondition: ReadonlySet<string>
  fromSteps: ReadonlySet<string>
}

export function dedupeStep(
  raw: NonNullable<RawStepMap['dedupe']>,
  node: SourceNode,
  variables: RouteVariables,
  reading: Reading,
): Step {
  const known = new Set([...variables.fromCondition, ...variables.fromSteps])
  const key = readKey(raw.key, under(under(node, 'dedupe'), 'key'), known, reading)
  return { verb: 'dedupe', key, windowMs: durationMs(raw.for, 0), position: keyPosition(node, ['dedupe']) }
}

export function holdStep(
  raw: NonNullable<RawStepMap['hold']>,
  node: SourceNode,
  variables: RouteVariables,
  reading: Reading,
): Step {
  const value = under(node, 'hold')
  const forMs = durationMs(raw.for, 0)
  if (forMs > holdMsMax) {
    const message = `a hold takes ${formatDuration(holdMsMax)} at most`
    reading.issues.error('bad-duration', message, under(value, 'for'))
  }
  // A recovery that nobody saw would keep an alert from going out.
  const unless = normaliseCondition(raw.unless, under(value, 'unless'), reading, 'no_match')
  const alert = new Set([...variables.fromCondition, ...variables.fromSteps])
  const recovery = new Set([...variablesOf(unless), ...variables.fromSteps])
  const place = under(value, 'key')
  const parts = readKey(raw.key, place, new Set([...alert, ...recovery]), reading)
  for (const part of parts) warnOfOneSided(part, place, alert, recovery, reading)
  return { verb: 'hold', key: parts, forMs, unless, position: keyPosition(node, ['hold']) }
}

export function digestStep(
  raw: NonNullable<RawStepMap['digest']>,
  node: SourceNode,
  variables: RouteVariables,
  reading: Reading,
): Step {
  const value = under(node, 'digest')
  const known = new Set([...variables.fromCondition, ...variables.fromSteps])
  const key = raw.key === undefined ? null : readKey(raw.key, under(value, 'key'), known, reading)
  if (raw.timezone !== undefined && raw.at === undefined) {
    const message = 'a time zone is only used with "at"'
    reading.issues.warning('unused-setting', message, keyPlaceAt(value, ['timezone']))
  }
  return {
    verb: 'digest',
    key,
    schedule: scheduleOf(raw),
    sendEmpty: raw.send_empty ?? false,
    position: keyPosition(node, ['digest']),
  }
}

export function resolveStep(raw: true | string, node: SourceNode, reading: Reading): Step {
  if (raw !== true) checkTemplate(raw, under(node, 'resolve'), reading)
  return { verb: 'resolve', fingerprint: raw === true ? null : raw, position: keyPosition(node, ['resolve']) }
}

/** `defaults.dedupe` reads its key like a step does. */
export function readKey(
  raw: string | string[],
  node: SourceNode,
  variables: ReadonlySet<string>,
  reading: Reading,
): string[] {
  return listOf(raw, node).map(({ value, node: at }) => readKeyPart(value, at, variables, reading))
}

function scheduleOf({ every, at, timezone }: NonNullable<RawStepMap['digest']>): DigestSchedule {
  if (at !== undefined) return { type: 'at', ...readDigestTime(at), timezone: timezone ?? 'UTC' }
  return { type: 'every', everyMs: durationMs(every, 0) }
}

/**
 * Both mails have to give the same key. What the route's condition catches may be in both, as one condition may match
 * both mails; what only `unless` catches is never in the mail that has to wait.
 */
function warnOfOneSided(
  part: string,
  node: SourceNode,
  alert: ReadonlySet<string>,
  recovery: ReadonlySet<string>,
  reading: Reading,
): void {
  for (const name of variablesIn(part)) {
    if (alert.has(name) || !recovery.has(name)) continue
    const message = `the mail that waits has no "${name}", so it is never held`
    const hint = `take ${name} out of both mails by an "extract" step before the hold, or by a named group in both`
    reading.issues.warning('one-sided-key', message, node, hint)
  }
}
