import type { Config } from '../domain/config.js'
import type { Mail } from '../domain/mail.js'
import type { Recovery } from '../domain/notification.js'
import { extractVariables } from '../route/extract-variables.js'
import { whenHappened } from './hold.js'
import { renderKey } from './render-key.js'
import { startDraft } from './start-draft.js'
import type { StepParts, UnlessVerdict, UnlessVerdicts } from './step.js'
import type { Watcher, WatcherMatch } from './watchers.js'

/** What a mail is to those who watch every mail. */
export interface Signs {
  /** Of holds whose `unless` the mail meets. */
  recoveries: Recovery[]
  /** Holds whose `unless` the mail meets without a key to close anything by: their routes, and why. */
  keyless: { route: string; problem: string }[]
  unless: UnlessVerdicts
  /** Names of the monitors that expected the mail. */
  monitors: string[]
}

/**
 * Reads what the watchers that hold make of a mail.
 * @param caught by route, what the named groups of its `when` caught in this mail: a key may be made of them, too.
 */
export async function findSigns(
  matches: WatcherMatch[],
  mail: Mail,
  caught: ReadonlyMap<string, Record<string, string>>,
  parts: Pick<StepParts, 'config'>,
): Promise<Signs> {
  const unless = new Map<HoldWatcher['step'], UnlessVerdict>()
  const signs: Signs = { recoveries: [], keyless: [], unless, monitors: [] }
  for (const { watcher, problem, variables } of matches) {
    if (watcher.type === 'monitor') {
      if (problem === null) signs.monitors.push(watcher.monitor)
      continue
    }
    unless.set(watcher.step, { met: problem === null, problem })
    if (problem !== null) continue
    const route = watcher.route.name
    const rendered = await renderHoldKey(watcher, mail, { ...caught.get(route), ...variables }, parts.config)
    if (rendered.key === null) signs.keyless.push({ route, problem: rendered.problem })
    else signs.recoveries.push({ type: 'hold', route, key: rendered.key, happenedAt: whenHappened(mail) })
  }
  return signs
}

type HoldWatcher = Extract<Watcher, { type: 'hold' }>

/** The key as the hold would have it: what stands before it and only reads the mail is run, and nothing else. */
async function renderHoldKey(
  { route, step }: HoldWatcher,
  mail: Mail,
  variables: Record<string, string>,
  config: Config,
): ReturnType<typeof renderKey> {
  let known = variables
  for (const before of route.steps.slice(0, route.steps.indexOf(step))) {
    if (before.verb === 'extract') known = { ...known, ...extractVariables(mail, before.variables).variables }
  }
  return renderKey(step.key, startDraft(route, mail, known, config))
}
