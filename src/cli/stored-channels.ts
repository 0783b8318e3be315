import type { Command } from 'commander'
import { findChannelKind } from '../channels/index.js'
import type { Channel, ChannelKind } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import { CliExit, collect, exitCodes } from './cli.js'

export interface StoredChannelOption {
  storedChannel?: string[]
}

/** Commands that work without a server cannot know what is in its store, so they are told. */
export function addStoredChannelOption(command: Command): Command {
  const description = 'a channel that the server has in its store, also several'
  return command.option('--stored-channel <name=kind>', description, collect)
}

/** Name to kind. */
export function readStoredChannelOption({ storedChannel = [] }: StoredChannelOption): ReadonlyMap<string, string> {
  return new Map(
    storedChannel.map((given): [string, string] => {
      const [, name, kind] = /^([^=]+)=(.+)$/.exec(given) ?? []
      if (!name || !kind) throw new CliExit(exitCodes.usage, `--stored-channel takes NAME=KIND, not "${given}"`)
      if (findChannelKind(kind)) return [name, kind]
      throw new CliExit(
        exitCodes.usage,
        `there is no kind of channel "${kind}"`,
        'mailtrigger channels kinds lists them',
      )
    }),
  )
}

/** The config as if it had these channels: of one whose kind has addresses of people it is taken that they are used. */
export function withStoredChannels(config: Config, stored: ReadonlyMap<string, string>): Config {
  const channels: Config['channels'] = Object.assign(Object.create(null), config.channels)
  for (const [name, kind] of stored) channels[name] ??= describeStored(name, findChannelKind(kind))
  return { ...config, channels }
}

/** Its settings are in the store, and nothing is sent without a server. */
function describeStored(name: string, kind: ChannelKind | null): Channel {
  if (kind === null) throw new TypeError('the kinds were checked when the options were read')
  const limits = { rate: null, perDayMax: null, retryMs: null, retryWindowMs: null }
  const hasBoxes = kind.kind === 'inbox'
  const destination = kind.address === null && !hasBoxes ? 'a place of its own' : null
  return { name, kind, settings: {}, destination, limits, template: null }
}
