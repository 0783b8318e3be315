import type { Message, Severity } from '../domain/message.js'
import type { MonitorSettings, MonitorState, NotifyRule } from '../domain/monitor.js'
import { formatDuration } from '../domain/units.js'
import { formatMoment } from '../domain/waiting.js'
import type { Absence } from './absence.js'
import { intervalEnd } from './judge-monitor.js'

/** Names in one message; how many more there are is said. */
const namesMax = 50

/** What later events of the same monitor share, and the route it stands for. */
export function nameMonitor(name: string): { route: string; fingerprint: string } {
  return { route: `monitor ${name}`, fingerprint: `monitor/${name}` }
}

/** `nightly-backup is down: no mail since 2026-11-20 02:00 UTC` */
export function describeDown(settings: MonitorSettings, state: MonitorState, now: number): Message {
  const expected = `It is expected every ${formatDuration(settings.everyMs)}, with ${formatDuration(settings.graceMs)} to spare.`
  const seen =
    state.lastSeenAt === null ? 'It was never seen.' : `It was last seen at ${formatMoment(state.lastSeenAt)}.`
  const title = `${state.name} is down: ${state.reason ?? 'it was not seen in time'}`
  return composeMessage(state.name, title, `${expected}\n${seen}`, 'error', now)
}

/** `nightly-backup is back: seen at 2026-11-20 07:12 UTC`, and how long it was away. */
export function describeRecovery(before: MonitorState, after: MonitorState, now: number): Message {
  const seenAt = after.lastSeenAt ?? now
  const away = `It was down for ${formatDuration(Math.max(0, now - before.changedAt))}`
  const text = before.reason === null ? `${away}.` : `${away}: ${before.reason}.`
  return composeMessage(after.name, `${after.name} is back: seen at ${formatMoment(seenAt)}`, text, 'resolved', now)
}

/** What the gateway says of itself instead of alarming: what it could not watch, and until when it waits now. */
export function describeAbsence(
  { from, to }: Absence,
  excused: { settings: MonitorSettings; state: MonitorState }[],
): Message {
  const lines = excused
    .slice(0, namesMax)
    .map(({ settings, state }) => `${settings.name} has until ${formatMoment(intervalEnd(settings, state))}`)
  if (excused.length > namesMax) lines.push(`and ${excused.length - namesMax} more`)
  const monitors = excused.length === 1 ? 'a monitor' : `${excused.length} monitors`
  return {
    ...composeMessage('', `the gateway was down from ${formatMoment(from)} to ${formatMoment(to)}`, '', 'warning', to),
    text: [
      'It was stopped or asleep, or its clock was set.',
      `Meanwhile ${monitors} could not be watched:`,
      ...lines,
    ].join('\n'),
    from: 'mailtrigger',
    labels: {},
  }
}

/** The channels that hear of an event: the config's, and those of rules for the monitor or for all of them. */
export function listListeners(
  settings: MonitorSettings,
  event: 'down' | 'recovery',
  rules: readonly NotifyRule[],
): string[] {
  const own = event === 'down' ? settings.onDown : settings.onRecovery
  const added = rules
    .filter((rule) => rule.subject === 'monitor' && rule.event === `on_${event}`)
    .filter(({ name }) => name === '*' || name === settings.name)
    .flatMap(({ channels }) => channels)
  return [...new Set([...own, ...added])]
}

function composeMessage(name: string, title: string, text: string, severity: Severity, now: number): Message {
  return {
    title,
    text,
    severity,
    from: `monitor ${name}`,
    labels: { monitor: name },
    links: [],
    attachments: [],
    notes: [],
    mailId: null,
    receivedAt: now,
  }
}
