import type { Config } from '../domain/config.js'
import type { Condition, Route, StepVerb } from '../domain/route.js'
import { findAuthTest } from '../route/find-auth-test.js'
import { lintAlerts } from './lint-alerts.js'
import { lintDoor } from './lint-door.js'
import { lintLlm, matchesEverything } from './lint-llm.js'
import type { NameSort, Reading } from './normalise/reading.js'
import { keyPlaceAt, nodeAt, type Place, positionOf } from './source.js'

type Checked = Omit<Config, 'hash' | 'files'>

/**
 * Warnings about configs that are right in form and hardly what was meant. Each has a stable code, and
 * `# mailtrigger-ignore: <code>` on the line or above it puts it aside.
 */
export function lintConfig(config: Checked, reading: Reading): void {
  lintUnused('channel', 'channels', reading)
  lintUnused('lookup', 'lookups', reading)
  lintUnused('action', 'actions', reading)
  lintUnused('calendar', 'calendars', reading)
  lintOverridden(reading)
  lintRoutes(config, reading)
  lintAlerts(config, reading)
  lintHeaderTo(config, reading)
  lintAuth(config, reading)
  lintDoor(config.server, reading)
}

function lintUnused(sort: NameSort, section: string, { root, names, used, issues }: Reading): void {
  for (const name of names[sort].keys()) {
    if (used[sort].has(name)) continue
    issues.warning(`unused-${sort}`, `nothing uses the ${sort} ${name}`, keyPlaceAt(root, [section, name]))
  }
}

/**
 * Whoever edits the file of an action wonders why nothing changes while an upload of that name stands before it; and
 * whoever changes a channel in the store, why nothing does while a file has one of that name.
 */
function lintOverridden({ root, names, uploadedActions, storedChannels, issues }: Reading): void {
  for (const name of names.channel.keys()) {
    if (typeof storedChannels !== 'object' || !storedChannels.has(name)) continue
    const message = `a channel ${name} was made while the server ran, and this one stands before it`
    const hint = `mailtrigger channels delete ${name} takes the other out of the store`
    issues.warning('overridden-channel', message, keyPlaceAt(root, ['channels', name]), hint)
  }
  if (!Array.isArray(uploadedActions)) return
  for (const name of names.action.keys()) {
    if (!uploadedActions.includes(name)) continue
    const hint = `mailtrigger actions rm ${name} goes back to the file`
    const place = keyPlaceAt(root, ['actions', name])
    issues.warning('overridden-action', `an uploaded version of ${name} runs in place of this module`, place, hint)
  }
}

/** A route with none of these does nothing; what those after "send" lack without it is told of elsewhere. */
const verbsWithEffect: readonly StepVerb[] = ['send', 'resolve', 'dedupe', 'hold', 'digest']

function lintRoutes(config: Checked, reading: Reading): void {
  let catchAll: Route | null = null
  for (const [index, route] of config.routes.entries()) {
    const place = nodeAt(reading.root, ['routes', index, 'name']) ?? reading.root
    if (catchAll) {
      const message = `"${route.name}" never runs: "${catchAll.name}" (${catchAll.position.file}:${catchAll.position.line}) matches everything and stops`
      reading.issues.warning('unreachable-route', message, place, 'put it before that route')
    }
    if (!route.enabled) continue
    lintRoute(config, route, index, place, reading)
    if (!catchAll && route.stop && matchesEverything(route.when)) catchAll = route
  }
}

function lintRoute(config: Checked, route: Route, index: number, place: Place, { issues, root }: Reading): void {
  const ends = route.stop || route.steps.some((step) => step.verb === 'stop')
  if (!ends && !route.steps.some(({ verb }) => verbsWithEffect.includes(verb))) {
    const hint = 'add a "send" step; "stop: true" says that mails are only to be kept'
    issues.warning('no-delivery', `"${route.name}" sends nothing`, place, hint)
  }
  lintLlm(route.when, `"${route.name}"`, nodeAt(root, ['routes', index, 'when']), place, config.llm, issues)
}

/** `to` looks at the header; what a service was told to send to is the envelope, and the two differ with lists and Bcc. */
function lintHeaderTo(config: Checked, reading: Reading): void {
  const envelope = new Set<string>(config.server.smtp.recipients ?? [])
  for (const { when } of config.routes) {
    for (const { field, texts } of addressTests(when))
      if (field === 'rcpt') for (const text of texts) envelope.add(text)
  }
  for (const [index, { when }] of config.routes.entries()) {
    for (const { field, texts, condition } of addressTests(when)) {
      const shared = field === 'to' ? texts.find((text) => acceptsOwn(text, envelope)) : undefined
      if (shared === undefined) continue
      const place = placeOfCondition(condition, index, reading)
      const message = `"to" looks at the To header; ${shared} is an envelope recipient`
      reading.issues.warning('envelope-vs-header-to', message, place, 'use "rcpt" to test whom the mail was sent to')
    }
  }
}

/** Without checks no mail has a verdict, and `none` is one. */
function lintAuth({ server, routes, monitors }: Checked, reading: Reading): void {
  if (server.smtp.senderAuth !== null) return
  const warn = (asker: string, place: Place): void => {
    const hint = 'write "sender_auth: {}" under server.smtp to have it checked'
    const message = `${asker} looks at who sent a mail, and nobody checks that: it will never hold`
    reading.issues.warning('auth-not-checked', message, place, hint)
  }
  for (const [index, { name, when, steps }] of routes.entries()) {
    const test = findAuthTest(when)
    if (test !== null) warn(`"${name}"`, placeOfCondition(test, index, reading))
    const place = nodeAt(reading.root, ['routes', index, 'name']) ?? reading.root
    if (steps.some((step) => step.verb === 'hold' && findAuthTest(step.unless))) warn(`a hold of "${name}"`, place)
  }
  for (const { name, when } of Object.values(monitors)) {
    if (when !== null && findAuthTest(when)) {
      warn(`the monitor "${name}"`, keyPlaceAt(reading.root, ['monitors', name]))
    }
  }
}

function acceptsOwn(address: string, envelope: ReadonlySet<string>): boolean {
  if (address === '*') return false
  const domain = address.slice(address.lastIndexOf('@'))
  return envelope.has(address) || envelope.has(`*${domain}`)
}

interface AddressTest {
  field: string
  texts: string[]
  condition: Condition
}

function addressTests(condition: Condition): AddressTest[] {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(addressTests)
  if (condition.kind === 'not') return addressTests(condition.of)
  if (condition.kind === 'address') return [{ field: condition.field.type, texts: condition.globs, condition }]
  if (condition.kind === 'text' && condition.operator === 'is') {
    return [{ field: condition.field.type, texts: condition.values.map((value) => value.toLowerCase()), condition }]
  }
  return []
}

function placeOfCondition(condition: Condition, routeIndex: number, { root }: Reading): Place {
  const route = nodeAt(root, ['routes', routeIndex]) ?? root
  const { position } = condition
  const lineStart =
    position && position.file === positionOf(route).file ? route.file.lineStarts[position.line - 1] : undefined
  if (!position || lineStart === undefined) return route
  const start = lineStart + position.column - 1
  const length = /^\w+/.exec(route.file.text.slice(start, start + 100))?.[0].length ?? 1
  return { file: route.file, start, end: start + length }
}
