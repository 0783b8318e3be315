import { channelKinds, findChannelKind } from '../channels/index.js'
import { type CheckOptions, type ConfigOverrides, loadConfig } from '../config/load.js'
import type { Channel } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import { ConfigError, type ConfigIssue } from '../domain/errors.js'
import { checkSchedule } from '../jobs/schedule.js'
import { checkExposure } from '../receive/policy.js'
import { checkPattern } from '../route/patterns.js'

export interface ConfigSource {
  /** Files or folders. */
  paths: string[]
  overrides: ConfigOverrides
  env: Record<string, string | undefined>
  /** Every channel writes into the built-in inbox instead: for the demo and for trying out a config. */
  inboxOnly: boolean
  /** No job of the config runs: for the demo, which is to do nothing unasked. */
  withoutJobs?: boolean
}

/** What the files may refer to without having it: see `CheckOptions`. */
export type NamesInStore = Pick<CheckOptions, 'uploadedActions' | 'storedChannels' | 'storedPeople'>

/** For reading a config before the store is open. */
export const anyInStore: NamesInStore = { uploadedActions: 'any', storedChannels: 'any', storedPeople: 'any' }

/** Loads a config with every check that needs no network. Rejects with `ConfigError` carrying all issues. */
export async function loadCheckedConfig(
  source: ConfigSource,
  inStore: NamesInStore = {},
): Promise<{ config: Config; warnings: ConfigIssue[] }> {
  const { paths, overrides, env } = source
  const checks = { kinds: channelKinds, checkPattern, checkSchedule }
  const loaded = await loadConfig({ paths, overrides, env, ...checks, ...inStore })
  refuseOpenDoor(loaded.config)
  const config = { ...loaded.config }
  if (source.inboxOnly) {
    config.channels = Object.fromEntries(Object.keys(config.channels).map((name) => [name, inboxChannel(name)]))
  }
  if (source.withoutJobs) config.jobs = {}
  return { ...loaded, config }
}

/** A server that anybody may send to is a mistake in the config, found before anything listens or is replaced. */
function refuseOpenDoor(config: Config): void {
  const exposure = checkExposure(config.server.smtp)
  if (exposure === null) return
  const [message = exposure, ...lines] = exposure.split('\n')
  const hint = lines.map((line) => line.trim()).join('  and  ') || null
  throw new ConfigError([{ message, code: 'open-door', severity: 'error', position: null, hint, frame: null }])
}

/** Stands in for any channel when everything is to go into the inbox. */
export function inboxChannel(name: string): Channel {
  const kind = findChannelKind('inbox')
  if (!kind) throw new TypeError('THE list of channels has no inbox')
  const limits = { rate: null, perDayMax: null, retryMs: null, retryWindowMs: null }
  return { name, kind, settings: {}, destination: null, limits, template: null }
}
