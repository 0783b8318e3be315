import { type Finding, ok } from '../domain/finding.js'
import { formatDuration } from '../domain/units.js'
import type { ConfigLoadLine } from '../store/config-store.js'
import type { StatPoint, StoreStats } from '../store/stats-store.js'

/** The heart beats every minute or more often; a clock that others set differs by less. */
const heartbeatMsMax = 5 * 60_000
const clockMsMax = 60_000
const waitingMsMax = 15 * 60_000

/** Whether the clock agrees with what is in the store, and the loops go on. `heartbeat` is when they last said so. */
export function examineClock(heartbeat: number | null, now: number): Finding {
  const check = 'clock'
  const at = `${new Date(now).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const bad = (text: string, hint: string): Finding => ({ check, state: 'bad', text, hint, fixable: false })
  if (heartbeat === null) return ok(check, `it is ${at}; nothing to hold it against yet`)
  if (heartbeat - now > clockMsMax) {
    const text = `it is ${at}, but the store was last written ${formatDuration(heartbeat - now)} after that`
    return bad(text, 'set the clock, and have it kept by NTP: what waits goes out by it')
  }
  if (now - heartbeat > heartbeatMsMax) {
    const text = `what looks after monitors was last there ${formatDuration(now - heartbeat)} ago`
    return bad(text, 'restart the server, and look into its log')
  }
  return ok(check, `it is ${at}, which agrees with the store`)
}

/** What is due goes out at once, but for channels that are paused. */
export function examineQueue(stats: Pick<StoreStats, 'oldest_waiting_at'>, now: number): Finding {
  const check = 'queue'
  const waitsMs = stats.oldest_waiting_at === null ? 0 : now - Date.parse(stats.oldest_waiting_at)
  if (waitsMs < waitingMsMax) return ok(check, 'nothing waits longer than it should')
  const text = `something has been waiting for ${formatDuration(waitsMs)}`
  return { check, state: 'warn', text, hint: 'mailtrigger deliveries list --status queued shows it', fixable: false }
}

export function examineLoad(load: ConfigLoadLine | undefined, warnings: number): Finding {
  const check = 'config'
  if (load && load.hash === null) {
    const text = `what is on disk was refused on ${load.at.slice(0, 16)}Z: ${load.issues[0]?.message ?? 'it is invalid'}`
    return { check, state: 'bad', text, hint: 'mailtrigger check shows all of it', fixable: false }
  }
  if (warnings === 0) return ok(check, 'it is in force, without warnings')
  const text = `it is in force, with ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`
  return { check, state: 'warn', text, hint: 'mailtrigger check shows them', fixable: false }
}

/**
 * By what became of the last attempts: nothing is sent to find out.
 * @param points what each channel did in the last day
 */
export function examineChannels(
  channels: readonly { name: string; problem: string | null }[],
  pauses: StoreStats['pauses'],
  points: readonly Pick<StatPoint, 'name' | 'counts'>[],
): Finding {
  const check = 'channels'
  const broken = channels.filter(({ problem }) => problem !== null).map(({ name }) => `${name} cannot be used`)
  const paused = pauses.map(({ channel }) => `${channel} is paused`)
  const silent = channels
    .filter(({ name }) => failsOnly(points.filter((point) => point.name === name)))
    .filter(({ name }) => !pauses.some(({ channel }) => channel === name))
    .map(({ name }) => `${name} failed all day`)
  const troubles = [...broken, ...silent, ...paused]
  if (troubles.length === 0) return ok(check, `${channels.length} channels, and none of them is in trouble`)
  const hint = 'mailtrigger channels test tries one; the page of each says more'
  const isBad = broken.length + silent.length > 0
  return { check, state: isBad ? 'bad' : 'warn', text: troubles.join(', '), hint, fixable: false }
}

function failsOnly(points: readonly Pick<StatPoint, 'counts'>[]): boolean {
  const sum = (measure: 'sent' | 'attempts_failed') => points.reduce((total, { counts }) => total + counts[measure], 0)
  return sum('sent') === 0 && sum('attempts_failed') > 0
}
