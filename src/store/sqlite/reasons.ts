import type { Silence } from '../../domain/silence.js'
import { formatDuration } from '../../domain/units.js'

const dayMs = 86_400_000

/** What people read in traces and lists about why a notification or a delivery is as it is. */
export const reasons = {
  nobodyReached: 'no delivery was planned: nobody is reached',
  alreadyTold: 'the same message goes to the same addresses already',
  recoveredFirst: 'recovered before it was sent',
  digestOverflow: 'too many wait for the digest: it is counted there, and not shown',
  digestReachedNobody: 'its digest went to nobody',

  silenced: (silence: Silence, now: number): string =>
    `silenced until ${formatMoment(silence.endsAt, now)}${silence.comment === '' ? '' : ` (${silence.comment})`}`,
  duplicate: (of: { id: string; openedAt: number; isHeld: boolean }, windowMs: number, now: number): string =>
    `same as ${of.id}${of.isHeld ? ', which is held' : ` ${formatAgo(now - of.openedAt)}`} (dedupe, ${formatDuration(windowMs)})`,
  moreSince: (count: number, since: number, now: number): string => `${count} more since ${formatMoment(since, now)}`,
  waits: (until: number, verb: 'hold' | 'digest', now: number): string =>
    `waits until ${formatMoment(until, now)} (${verb})`,
  joined: (id: string, since: number, releasedAt: number | null, now: number): string =>
    releasedAt === null
      ? `goes with ${id}, held since ${formatMoment(since, now)}`
      : `goes with ${id}, let go at ${formatMoment(releasedAt, now)}`,
  recoveredInTime: (afterMs: number): string => `recovered after ${formatDuration(afterMs)}, before it was due`,
  resolvedBy: (by: string): string => `resolved by ${by}`,
  resolved: (by: string, at: number, now: number): string => `resolved by ${by} at ${formatMoment(at, now)}`,
  acknowledged: (by: string): string => `acknowledged by ${by}`,
  nothingAfter: (by: string): string => `nothing after it recovered (${by})`,
  inDigest: (id: string): string => `in the digest ${id}`,
}

/** `12:30 UTC`, with its date when that is a day or more away. */
export function formatMoment(at: number, now: number): string {
  const text = new Date(at).toISOString()
  const time = `${text.slice(11, 16)} UTC`
  return Math.abs(at - now) < dayMs ? time : `${text.slice(0, 10)} ${time}`
}

function formatAgo(ms: number): string {
  return ms < 1_000 ? 'just now' : `${formatDuration(ms)} ago`
}
