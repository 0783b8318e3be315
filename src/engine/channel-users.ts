import type { Config } from '../domain/config.js'
import type { JobSettings } from '../domain/job.js'
import type { NotifyRule } from '../domain/monitor.js'
import type { Route } from '../domain/route.js'

/** Something that names a channel, and would be wrong without it. */
export interface ChannelUser {
  sort: 'route' | 'person' | 'job' | 'monitor' | 'otherwise' | 'rule'
  /** Of a rule its id; empty for `otherwise`. */
  name: string
}

export interface UserSources {
  /** What runs, with what people set up. */
  config: Config
  /** Uploaded ones included. */
  jobs: readonly JobSettings[]
  rules: readonly NotifyRule[]
}

/** Who names the channel, whether it would be used at the moment or not. */
export function listChannelUsers(channel: string, { config, jobs, rules }: UserSources): ChannelUser[] {
  const users: ChannelUser[] = []
  const add = (sort: ChannelUser['sort'], name: string, channels: readonly string[]): void => {
    if (channels.includes(channel)) users.push({ sort, name })
  }
  for (const route of config.routes) add('route', route.name, channelsOfRoute(route))
  add('otherwise', '', config.otherwise.send)
  for (const { address, channels } of Object.values(config.people)) add('person', address, Object.keys(channels))
  for (const { name, send, notify } of jobs) {
    add('job', name, [...send, ...notify.onFailure, ...notify.onSuccess, ...notify.onCompletion])
  }
  for (const { name, onDown, onRecovery } of Object.values(config.monitors)) {
    add('monitor', name, [...onDown, ...onRecovery])
  }
  for (const { id, channels } of rules) add('rule', id, channels)
  return users
}

/** `the routes "a" and "b", and 3 people`, short enough for an error. */
export function nameUsers(users: readonly ChannelUser[]): string {
  const words = users.slice(0, namedMax).map(({ sort, name }) => (name === '' ? sort : `${sort} ${name}`))
  const others = users.length - words.length
  return others > 0 ? `${words.join(', ')} and ${others} more` : words.join(', ')
}

const namedMax = 10

function channelsOfRoute({ steps }: Route): string[] {
  return steps.flatMap((step) =>
    step.verb === 'send' ? [...step.channels, ...step.escalations.flatMap(({ channels }) => channels)] : [],
  )
}
