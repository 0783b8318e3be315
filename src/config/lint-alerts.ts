import type { Calendar } from '../domain/calendar.js'
import type { Config } from '../domain/config.js'
import type { Route, Step } from '../domain/route.js'
import { lintLlm } from './lint-llm.js'
import type { Reading } from './normalise/reading.js'
import { keyPlaceAt, nodeAt, type Place } from './source.js'

type Checked = Omit<Config, 'hash' | 'files'>
type SendStep = Extract<Step, { verb: 'send' }>

const holdMsUsual = 48 * 3_600_000

/** Warnings about alerts that would wait for ever, that nobody could answer, or that nothing would ever close. */
export function lintAlerts(config: Checked, reading: Reading): void {
  for (const [index, route] of config.routes.entries()) {
    if (!route.enabled) continue
    const isSent = route.steps.some(({ verb }) => verb === 'send')
    const isGathered = route.steps.some(({ verb }) => verb === 'digest')
    for (const [number, step] of route.steps.entries()) {
      const place = (...path: string[]): Place => keyPlaceAt(reading.root, ['routes', index, 'steps', number, ...path])
      lintNoise(route, step, isSent, place, reading)
      if (step.verb === 'send') lintSend(config, step, isGathered, place, reading)
      if (step.verb === 'hold') {
        const written = nodeAt(reading.root, ['routes', index, 'steps', number, 'hold', 'unless'])
        const asker = `the hold of "${route.name}"`
        lintLlm(step.unless, asker, written, place('hold', 'unless'), config.llm, reading.issues)
      }
    }
  }
  lintQuietHours(config, reading)
  lintMonitors(config, reading)
}

function lintNoise(
  route: Route,
  step: Step,
  isSent: boolean,
  place: (...path: string[]) => Place,
  { issues }: Reading,
): void {
  if ((step.verb === 'dedupe' || step.verb === 'hold' || step.verb === 'digest') && !isSent) {
    const message = `"${route.name}" sends nothing, so there is nothing for "${step.verb}" to keep back`
    issues.warning('control-without-send', message, place(step.verb), 'add a "send" step')
  }
  if (step.verb === 'hold' && step.forMs > holdMsUsual) {
    const message = 'nobody hears of it for more than two days'
    issues.warning('long-hold', message, place('hold', 'for'), 'a monitor watches for what comes that seldom')
  }
  if (step.verb === 'resolve' && step.fingerprint === null && !setsFingerprint(route)) {
    const message = `"${route.name}" resolves its own fingerprint, which is no other mail's`
    const hint = 'write one that both mails share: resolve: "{{ host }}/{{ service }}", or "set" it before'
    issues.warning('resolve-without-fingerprint', message, place('resolve'), hint)
  }
}

function setsFingerprint(route: Route): boolean {
  return route.steps.some((step) => step.verb === 'set' && step.fingerprint !== null)
}

function lintSend(
  config: Checked,
  step: SendStep,
  isGathered: boolean,
  place: (...path: string[]) => Place,
  reading: Reading,
): void {
  const { issues, root } = reading
  const { repeat, escalations, offersAck } = step
  const first = repeat === null ? 'then' : 'repeat'
  const isFollowed = repeat !== null || escalations.length > 0
  if (isGathered && isFollowed) {
    const message = 'what goes into a digest is neither repeated nor escalated'
    issues.warning('digest-with-escalation', message, place('send', first), 'use a route of its own for it')
  } else if (offersAck && config.server.http.publicUrl === null && !canAnswer(config, step, reading)) {
    const message = 'nobody can acknowledge from the message'
    issues.warning('no-ack-link', message, place('send', isFollowed ? first : 'ack'), 'set server.http.public_url')
  }
  const asksManagers = escalations.some(({ to }) => to?.includes('manager'))
  const areAllKnown = reading.storedPeople === undefined || reading.storedPeople.length === 0
  if (asksManagers && areAllKnown && Object.values(config.people).every(({ manager }) => manager === null)) {
    const message = 'this escalates to managers, and nobody in people has one'
    const hint = nodeAt(root, ['people']) ? 'add "manager" to the people it concerns' : 'add people with managers'
    issues.warning('no-manager', message, place('send', 'then'), hint)
  }
}

/** Of a channel that does not exist, an error has told; one in a store that nobody has looked into may have buttons. */
function canAnswer(
  { channels }: Checked,
  { channels: names, escalations }: SendStep,
  { storedChannels, kinds }: Reading,
): boolean {
  const all = [...names, ...escalations.flatMap(({ channels: further }) => further)]
  return all.some((name) => {
    const channel = channels[name]
    if (channel) return channel.kind.asksForAnswers?.(channel.settings) ?? false
    if (storedChannels === 'any') return true
    return kinds.get(storedChannels?.get(name) ?? '')?.asksForAnswers !== undefined
  })
}

function lintQuietHours({ people, calendars }: Checked, { issues, root, names }: Reading): void {
  for (const person of Object.values(people)) {
    const calendar = person.quietHours === null ? undefined : calendars[person.quietHours.calendar]
    if (calendar === undefined || !isAlwaysOpen(calendar)) continue
    const written = names.person.get(person.address) ?? root
    const message = `"${calendar.name}" is open around the clock, and quiet hours have to end`
    issues.warning('endless-quiet-hours', message, keyPlaceAt(written, ['quiet_hours']), 'give it days or hours')
  }
}

/** Holidays aside: a span of every day and the whole of it. */
function isAlwaysOpen({ spans }: Calendar): boolean {
  return spans.some(({ days, between }) => {
    const minutes = between === null ? 0 : between.toMinute - between.fromMinute
    return (days === null || days.length === 7) && (minutes === 0 || minutes === 1_440)
  })
}

function lintMonitors({ monitors, llm }: Checked, { issues, root }: Reading): void {
  for (const { name, when, onDown } of Object.values(monitors)) {
    const place = keyPlaceAt(root, ['monitors', name])
    if (onDown.length === 0) {
      const hint = 'add on_down: { send: … }, or a rule by mailtrigger rules add'
      issues.warning('unheard-monitor', `nobody hears when ${name} is absent`, place, hint)
    }
    if (when === null) continue
    lintLlm(when, `the monitor ${name}`, nodeAt(root, ['monitors', name, 'expect', 'when']), place, llm, issues)
  }
}
