import type { HttpAnswer } from '../domain/channel.js'
import { parseJson } from './parse-json.js'

/** Where a vendor says how long to wait, and in what: a header, a number in the JSON answer, or nowhere, but we know. */
export type WaitHint =
  | { header: string; as: WaitUnit }
  | { json: readonly string[]; as: WaitUnit }
  | { alwaysMs: number }

type WaitUnit = 'seconds' | 'milliseconds' | 'unix_seconds' | 'unix_milliseconds'

const waitMsMin = 1_000
const waitMsMax = 6 * 3_600_000

/** Milliseconds the vendor asks us to wait, by the first hint that says anything, after `Retry-After`; else null. */
export function readWait(answer: HttpAnswer, now: number, hints: readonly WaitHint[]): number | null {
  const byHeader = readRetryAfter(answer.headers['retry-after'], now)
  if (byHeader !== null) return byHeader
  for (const hint of hints) {
    if ('alwaysMs' in hint) return clampWait(hint.alwaysMs)
    const said = 'header' in hint ? answer.headers[hint.header] : pick(parseJson(answer.text), hint.json)
    const waitMs = toWait(Number.parseFloat(String(said ?? '')), hint.as, now)
    if (waitMs !== null) return waitMs
  }
  return null
}

/** Milliseconds from a `Retry-After` header, seconds or HTTP date (RFC 9110 section 10.2.3); null when it says nothing. */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  const trimmed = value?.trim() ?? ''
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) return clampWait(Number(trimmed) * 1_000)
  // Date.parse takes almost any digits for a date; an HTTP date begins with the name of a day.
  if (!/^[A-Z][a-z]+,? /.test(trimmed)) return null
  const at = Date.parse(trimmed)
  return Number.isNaN(at) ? null : clampWait(at - now)
}

/** Between 1 second and 6 hours, whatever a vendor asks for. */
export function clampWait(ms: number): number {
  return Math.min(waitMsMax, Math.max(waitMsMin, Math.round(ms)))
}

function toWait(amount: number, unit: WaitUnit, now: number): number | null {
  if (!Number.isFinite(amount) || amount < 0) return null
  const ms = unit.endsWith('milliseconds') ? amount : amount * 1_000
  return clampWait(unit.startsWith('unix') ? ms - now : ms)
}

function pick(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return null
    found = (found as Record<string, unknown>)[name]
  }
  return found
}
