import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Cli, CliExit, exitCodes } from './cli.js'

/** The folder this program is installed in: where the example, its fixtures and the ready-made actions are. */
export const programFolder = fileURLToPath(new URL('../..', import.meta.url))
export const exampleFile = join(programFolder, 'routes.example.yaml')

/** The config files a command works on: `--config`, `MAILTRIGGER_CONFIG`, or the usual places. Null when there is none. */
export function findConfig(cli: Cli): string[] | null {
  if (cli.options.config?.length) return cli.options.config.map((path) => resolve(path))
  if (cli.env.MAILTRIGGER_CONFIG) return [resolve(cli.env.MAILTRIGGER_CONFIG)]
  const home = cli.env.XDG_CONFIG_HOME ?? join(homedir(), '.config')
  const places = [resolve('routes.yaml'), join(home, 'mailtrigger', 'routes.yaml'), '/etc/mailtrigger/routes.yaml']
  const found = places.find((place) => existsSync(place))
  return found ? [found] : null
}

export function requireConfig(cli: Cli): string[] {
  const found = findConfig(cli)
  if (found) return found
  throw new CliExit(exitCodes.config, 'there is no routes.yaml here', 'mailtrigger init writes one; -c names another')
}

/** Where the server keeps its data when no config says otherwise. */
export function dataFolder(cli: Cli): string {
  return resolve(cli.options.data ?? cli.env.MAILTRIGGER_DATA ?? cli.env.STATE_DIRECTORY ?? './data')
}
