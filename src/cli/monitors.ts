import type { Command } from 'commander'
import { formatDuration } from '../domain/units.js'
import type { MonitorLine } from '../engine/watch-calls.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { type Client, connect } from './client.js'
import { printTable, printTime } from './print-table.js'

export function addMonitors(program: Command, cli: () => Cli): void {
  const monitors = program.command('monitors').description('what has to show up in time, by mail or by ping')
  monitors
    .command('list')
    .description('their state, when they were seen last, and the address to ping')
    .action(() => runList(cli()))
  monitors
    .command('ping')
    .description('count it as seen now')
    .argument('<name>')
    .option('--start', 'say that it began: it is down when its end does not follow in time')
    .option('--fail', 'say that it failed: it is down now')
    .action((name: string, options: { start?: boolean; fail?: boolean }) => runPing(cli(), name, options))
}

async function runList(cli: Cli): Promise<void> {
  const client = await connect(cli)
  const page = await client.get<{ items: MonitorLine[] }>('/monitors')
  cli.show(page, ({ items }) => printMonitors(items, client, cli))
}

function printMonitors(items: MonitorLine[], client: Client, cli: Cli): string {
  if (items.length === 0) {
    return 'no monitors: add some under "monitors" in the routes file, such as\n  nightly-backup: { every: 24h, grace: 1h, on_down: { send: ops } }'
  }
  const rows = items.map((line) => [
    line.name,
    colorStatus(line, cli),
    line.last_seen_at === null ? 'never' : printTime(line.last_seen_at),
    line.due_at === null ? '–' : printTime(line.due_at),
    `${formatDuration(line.every_ms)} + ${formatDuration(line.grace_ms)}`,
    line.ping_url ?? `${client.url}${line.ping_path}`,
    line.reason ?? '',
  ])
  return printTable(['name', 'state', 'last seen', 'due', 'every + grace', 'ping', 'why'], rows)
}

function colorStatus({ status }: MonitorLine, { colors }: Cli): string {
  if (status === 'up') return colors.green(status)
  return status === 'down' ? colors.red(status) : status
}

async function runPing(cli: Cli, name: string, options: { start?: boolean; fail?: boolean }): Promise<void> {
  if (options.start && options.fail) throw new CliExit(exitCodes.usage, 'either --start or --fail')
  const kind = options.start ? 'start' : options.fail ? 'fail' : 'seen'
  const client = await connect(cli)
  const line = await client.post<MonitorLine>(`/monitors/${encodeURIComponent(name)}/ping`, { kind })
  cli.show(line, () => {
    const due = line.due_at === null ? '' : `, due again by ${printTime(line.due_at)}`
    return `${name} is ${colorStatus(line, cli)}${due}`
  })
}
