import type { Rate } from '../domain/channel.js'
import { parseDuration } from '../domain/units.js'

const perMsMax = 86_400_000

/** Reads `30/1m`: at most 30 in any minute. Null when it is none: not so written, none at all, or of longer than a day. */
export function parseRate(text: string): Rate | null {
  const [, digits, span] = /^(\d{1,7})\/(\S+)$/.exec(text.trim()) ?? []
  const perMs = span === undefined ? null : parseDuration(span)
  const count = Number(digits)
  return perMs !== null && perMs > 0 && perMs <= perMsMax && count > 0 ? { count, perMs } : null
}
