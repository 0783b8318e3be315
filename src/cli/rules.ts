import type { Command } from 'commander'
import type { RuleLine } from '../engine/watch-calls.js'
import { type Cli, CliExit, collect, exitCodes } from './cli.js'
import { connect } from './client.js'
import { printTable, printTime } from './print-table.js'

interface AddOptions {
  job?: string
  monitor?: string
  on?: string
  send?: string[]
}

const example = 'mailtrigger rules add --job monit-watch --on failure --send ops'

export function addRules(program: Command, cli: () => Cli): void {
  const rules = program
    .command('rules')
    .description('who hears of jobs and monitors, beside what the routes file says of each')
  rules
    .command('list')
    .description('those that were added here')
    .action(async () => {
      const page = await (await connect(cli())).get<{ items: RuleLine[] }>('/rules')
      cli().show(page, ({ items }) => printRules(items))
    })
  rules
    .command('add')
    .description('tell these channels of it from now on')
    .option('--job <name>', 'of this job; * of all')
    .option('--monitor <name>', 'of this monitor; * of all')
    .option('--on <event>', 'of a job: success, failure or completion; of a monitor: down or recovery')
    .option('--send <channel>', 'where to, also several times', collect)
    .action((options: AddOptions) => runAdd(cli(), options))
  rules
    .command('remove')
    .description('tell nobody by this rule any more')
    .argument('<id>')
    .action(async (id: string) => {
      await (await connect(cli())).del(`/rules/${encodeURIComponent(id)}`)
      cli().show({ removed: id }, () => `${id} is removed`)
    })
}

function printRules(items: RuleLine[]): string {
  if (items.length === 0) return `no rules; ${example} makes one`
  const rows = items.map((line) => [
    line.id,
    `${line.subject} ${line.name}`,
    line.event,
    line.channels.join(', '),
    line.created_by,
    printTime(line.created_at),
  ])
  return printTable(['id', 'of', 'event', 'tells', 'by', 'since'], rows)
}

async function runAdd(cli: Cli, { job, monitor, on, send = [] }: AddOptions): Promise<void> {
  if ((job === undefined) === (monitor === undefined)) {
    throw new CliExit(exitCodes.usage, 'say of what: either --job or --monitor', example)
  }
  if (on === undefined || send.length === 0) {
    throw new CliExit(exitCodes.usage, 'say of which event, and where to: --on and --send', example)
  }
  const body = {
    subject: job === undefined ? 'monitor' : 'job',
    name: job ?? monitor,
    event: on.startsWith('on_') ? on : `on_${on}`,
    channels: send,
  }
  const line = await (await connect(cli)).post<RuleLine>('/rules', body)
  cli.show(line, () => `${line.id}  ${line.event} of ${line.subject} ${line.name} tells ${line.channels.join(', ')}`)
}
