import type { ConfigOverrides } from '../config/load.js'
import { readOverrides } from '../config/overrides.js'
import type { ConfigSource } from '../engine/load-config.js'
import type { Cli } from './cli.js'

/** What a command's flags and the environment make of the config files. Flags go before variables. */
export function configSource(cli: Cli, paths: string[], flags: ConfigOverrides = {}, inboxOnly = false): ConfigSource {
  const data = cli.options.data ? { data: cli.options.data } : {}
  return { paths, overrides: { ...readOverrides(cli.env), ...data, ...flags }, env: { ...cli.env }, inboxOnly }
}
