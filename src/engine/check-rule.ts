import { ApiError } from '../domain/errors.js'
import { ruleEvents } from '../domain/monitor.js'
import type { NewRule } from './watch-calls.js'

const channelsMax = 50
const eventsOf = { job: ['on_success', 'on_failure', 'on_completion'], monitor: ['on_down', 'on_recovery'] } as const

/** What there is to be named in a rule. */
export interface RuleNames {
  jobs: string[]
  monitors: string[]
  channels: string[]
}

/** Throws `ApiError` for a rule that could never tell anybody anything. */
export function checkRule(rule: NewRule, names: RuleNames): void {
  const events: readonly string[] = eventsOf[rule.subject] ?? []
  if (!events.includes(rule.event)) {
    const known = events.length > 0 ? events : ruleEvents
    throw new ApiError(
      400,
      'bad_request',
      `a ${rule.subject} has no event "${rule.event}"`,
      `events: ${known.join(', ')}`,
    )
  }
  const known = rule.subject === 'job' ? names.jobs : names.monitors
  if (rule.name !== '*' && !known.includes(rule.name)) {
    const hint = `${rule.subject}s: ${known.join(', ') || 'none'}; * stands for all`
    throw new ApiError(404, 'not_found', `there is no ${rule.subject} "${rule.name}"`, hint)
  }
  if (rule.channels.length === 0 || rule.channels.length > channelsMax) {
    throw new ApiError(400, 'bad_request', `a rule names 1 to ${channelsMax} channels`)
  }
  for (const channel of rule.channels) {
    if (names.channels.includes(channel)) continue
    const hint = `channels: ${names.channels.join(', ') || 'none'}`
    throw new ApiError(404, 'not_found', `there is no channel "${channel}"`, hint)
  }
}
