import type { Command } from 'commander'
import type { SilenceLine } from '../engine/silence-calls.js'
import { type Cli, CliExit, collect, exitCodes } from './cli.js'
import { connect } from './client.js'
import { printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

interface AddOptions {
  route?: string[]
  channel?: string[]
  label?: string[]
  for?: string
  from?: string
  until?: string
  comment?: string
}

const example = `mailtrigger silences add --route 'Sentry*' --for 2h --comment 'database upgrade'`

export function addSilences(program: Command, cli: () => Cli): void {
  const silences = program
    .command('silences')
    .description('maintenance: what they match is kept and shown, and not sent')
  silences
    .command('list')
    .description('those in force and those to come')
    .option('--all', 'those that are over, too')
    .option('--limit <n>', 'how many', '200')
    .action((options: { all?: boolean; limit: string }) => runList(cli(), options))
  silences
    .command('add')
    .description('do not send what matches all of this, until it ends; * stands for any text')
    .option('--route <glob>', 'of this route, also several times', collect)
    .option('--label <name=glob>', 'with this label, also several times: all of them have to match', collect)
    .option('--channel <glob>', 'on this channel only, also several times', collect)
    .option('--for <duration>', 'how long, such as 2h')
    .option('--from <time>', 'ISO time of its start (default now)')
    .option('--until <time>', 'ISO time of its end, instead of --for')
    .option('--comment <text>', 'why; shown with what it keeps back')
    .action((options: AddOptions) => runAdd(cli(), options))
  silences
    .command('end')
    .description('end it now')
    .argument('<id>')
    .action(async (id: string) => {
      await (await connect(cli())).del(`/silences/${encodeURIComponent(id)}`)
      cli().show({ ended: id }, () => `${id} is over: what comes from now on is sent`)
    })
}

async function runList(cli: Cli, { all, limit }: { all?: boolean; limit: string }): Promise<void> {
  const client = await connect(cli)
  const page = await client.get<{ items: SilenceLine[] }>('/silences', { ended: all === true, limit })
  cli.show(page, ({ items }) => printSilences(items, cli))
}

function printSilences(items: SilenceLine[], cli: Cli): string {
  if (items.length === 0) return `no silences; ${example} makes one`
  const rows = items.map((line) => [
    line.id,
    line.state === 'active' ? cli.colors.yellow(line.state) : line.state,
    printTime(line.starts_at),
    printTime(line.ends_at),
    cut(describeMatchers(line), 70),
    line.created_by,
    cut(line.comment, 80),
  ])
  return printTable(['id', 'state', 'from', 'until', 'matches', 'by', 'why'], rows)
}

function describeMatchers({ routes, channels, labels }: SilenceLine): string {
  const parts = [
    routes.length > 0 ? `route ${routes.join(' or ')}` : '',
    ...Object.entries(labels).map(([name, glob]) => `${name}=${glob}`),
    channels.length > 0 ? `on ${channels.join(' or ')}` : '',
  ]
  return parts.filter(Boolean).join(', ')
}

async function runAdd(cli: Cli, options: AddOptions): Promise<void> {
  const { route = [], channel = [], label = [], comment = '' } = options
  if (route.length + channel.length + label.length === 0) {
    throw new CliExit(exitCodes.usage, 'say what is kept silent: --route, --label or --channel', example)
  }
  if ((options.for === undefined) === (options.until === undefined)) {
    throw new CliExit(exitCodes.usage, 'say when it ends: either --for or --until', example)
  }
  const body = {
    routes: route,
    channels: channel,
    labels: Object.fromEntries(label.map(readLabel)),
    starts_at: toIso('--from', options.from),
    ends_at: toIso('--until', options.until),
    for: options.for,
    comment,
  }
  const line = await (await connect(cli)).post<SilenceLine>('/silences', body)
  cli.show(line, () => `${line.id}  ${describeMatchers(line)}  silent until ${printTime(line.ends_at)}`)
}

function readLabel(given: string): [name: string, glob: string] {
  const [, name, glob] = /^([^=]+)=(.+)$/s.exec(given) ?? []
  if (name && glob) return [name, glob]
  throw new CliExit(exitCodes.usage, `--label takes NAME=TEXT, not "${given}"`, 'for example --label host=db1')
}

/** A time without a zone is one of this machine. */
function toIso(option: string, given: string | undefined): string | undefined {
  if (given === undefined) return undefined
  const at = Date.parse(given)
  if (!Number.isNaN(at)) return new Date(at).toISOString()
  throw new CliExit(exitCodes.usage, `${option} takes an ISO time, not "${given}"`, 'for example 2026-11-21T22:00')
}
