import { type DigestSchedule, nextDigestAt } from '../domain/calendar.js'
import { joinKey, tidyKeyPart } from '../domain/join-key.js'
import type { Route } from '../domain/route.js'

const dayMs = 86_400_000
/** A time of day on one day of the week comes after so many days at the latest. */
const daysBetweenMax = 8

/** What the config says of a digest of a route; null when it has none any more. */
export interface DigestPlan {
  schedule: DigestSchedule
  sendEmpty: boolean
}

/** The plan of a route's digest: a route has one at most that counts, its last. */
export function findDigestPlan(routes: readonly Route[], name: string): DigestPlan | null {
  const steps = routes.find((route) => route.enabled && route.name === name)?.steps ?? []
  const step = steps.findLast((one) => one.verb === 'digest')
  return step ? { schedule: step.schedule, sendEmpty: step.sendEmpty } : null
}

/**
 * Groups that are sent even when nothing came: they have a time before anything was gathered. Only a key that is the
 * same for every mail is known without one.
 */
export function listKeptDigests(
  routes: readonly Route[],
  now: number,
): { route: string; key: string; dueAt: number }[] {
  return routes.flatMap(({ name, enabled, steps }) => {
    const step = enabled ? steps.findLast((one) => one.verb === 'digest') : undefined
    if (!step?.sendEmpty) return []
    const parts = step.key ?? []
    if (parts.some((part) => /\{[{%]/.test(part))) return []
    const key = joinKey(parts.map(tidyKeyPart))
    return [{ route: name, key, dueAt: nextDigestAt(step.schedule, now) }]
  })
}

/** When the time that ends at `dueAt` began. */
export function previousDigestAt(schedule: DigestSchedule, dueAt: number): number {
  if (schedule.type === 'every') return dueAt - schedule.everyMs
  let previous = dueAt - daysBetweenMax * dayMs
  for (let turns = 0; turns <= daysBetweenMax; turns++) {
    const next = nextDigestAt(schedule, previous)
    if (next >= dueAt) return previous
    previous = next
  }
  return previous
}
