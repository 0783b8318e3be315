import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { roles } from '../domain/identity.js'
import { formatDuration, parseDuration } from '../domain/units.js'
import type { TokenLine } from '../engine/token-calls.js'
import { createToken } from '../http/runtime-file.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { connect, serverDataFolder } from './client.js'
import { printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

interface TokenOptions {
  new?: boolean
  link?: boolean
}

interface CreateOptions {
  role: string
  expires?: string
}

const createExample = 'mailtrigger token create grafana --role viewer --expires 90d'

export function addToken(program: Command, cli: () => Cli): void {
  const token = program
    .command('token')
    .description('print the token for the API')
    .option('--new', 'make a new one first; a running server takes it after a restart')
    .option('--link', 'print a link instead that signs in to the console once, within an hour')
    .action((options: TokenOptions) => runToken(cli(), options))
  token
    .command('create')
    .description('make a token for somebody or something else; it is shown this once')
    .argument('<name>', 'what it is for')
    .requiredOption('--role <role>', `what it may do: ${roles.join(', ')}`)
    .option('--expires <duration>', 'how long it counts, such as 90d (default: until it is revoked)')
    .action((name: string, options: CreateOptions) => runCreate(cli(), name, options))
  token
    .command('list')
    .description('the tokens there are, and when they were used')
    .action(async () => {
      const page = await (await connect(cli())).get<{ items: TokenLine[] }>('/tokens')
      cli().show(page, ({ items }) => printTokens(items, cli()))
    })
  token
    .command('revoke')
    .description('end a token at once, and the sessions that were begun with it')
    .argument('<name>', 'its name or its id')
    .action(async (name: string) => {
      const line = await (await connect(cli())).del<TokenLine>(`/tokens/${encodeURIComponent(name)}`)
      cli().show(line, () => `${line.name} is revoked`)
    })
}

async function runToken(cli: Cli, options: TokenOptions): Promise<void> {
  if (options.link) return printLink(cli)
  const file = join(await serverDataFolder(cli), 'token')
  if (options.new) {
    cli.out(createToken(file))
    cli.say('a running server takes it after a restart')
    return
  }
  const token = await readFile(file, 'utf8').catch(() => null)
  if (token === null) {
    throw new CliExit(exitCodes.notFound, `there is no token in ${file}`, 'the server makes one at its first start')
  }
  cli.out(token.trim())
}

async function printLink(cli: Cli): Promise<void> {
  const link = await (await connect(cli)).post<{ url: string; expires_at: string }>('/tokens/sign-in-link')
  cli.show(link, ({ url }) => url)
  cli.say(`it works once, until ${printTime(link.expires_at)}`)
}

async function runCreate(cli: Cli, name: string, { role, expires }: CreateOptions): Promise<void> {
  if (!roles.some((known) => known === role)) {
    throw new CliExit(exitCodes.usage, `there is no role "${role}"`, `roles: ${roles.join(', ')}`)
  }
  if (expires !== undefined && !((parseDuration(expires) ?? 0) > 0)) {
    throw new CliExit(exitCodes.usage, `--expires takes a duration, not "${expires}"`, createExample)
  }
  const body = { name, role, expires_in: expires }
  const made = await (await connect(cli)).post<TokenLine & { token: string }>('/tokens', body)
  cli.show(made, ({ token }) => token)
  const life = expires === undefined ? 'until it is revoked' : `for ${formatDuration(parseDuration(expires) ?? 0)}`
  cli.say(`${made.name} may act as ${made.role}, ${life}; the token is shown this once`)
}

function printTokens(items: TokenLine[], cli: Cli): string {
  if (items.length === 0) return `no tokens but the one of the data folder; ${createExample} makes one`
  const rows = items.map((line) => [
    line.id,
    cut(line.name, 40),
    line.role,
    line.state === 'active' ? line.state : cli.colors.yellow(line.state),
    line.expires_at ? printTime(line.expires_at) : 'never',
    line.last_used_at ? printTime(line.last_used_at) : 'never',
    line.created_by,
  ])
  return printTable(['id', 'name', 'role', 'state', 'expires', 'used', 'by'], rows)
}
