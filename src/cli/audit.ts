import type { Command } from 'commander'
import type { Page } from '../store/store.js'
import type { AuditLine } from '../store/watch-store.js'
import type { Cli } from './cli.js'
import { connect } from './client.js'
import { printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

interface ListOptions {
  subject?: string
  action?: string
  since?: string
  limit: string
  cursor?: string
}

export function addAudit(program: Command, cli: () => Cli): void {
  const audit = program.command('audit').description('who changed what, and when')
  audit
    .command('list')
    .description('newest first')
    .option('--subject <id>', 'what was changed: an id, or the name of a channel, job, monitor, …')
    .option('--action <action>', 'such as delivery.retry or notification.acknowledge')
    .option('--since <time>', 'ISO time, or a duration like 2h')
    .option('--limit <n>', 'how many', '50')
    .option('--cursor <cursor>', 'go on after the page before')
    .action((options: ListOptions) => runList(cli(), options))
}

async function runList(cli: Cli, options: ListOptions): Promise<void> {
  const page = await (await connect(cli)).get<Page<AuditLine>>('/audit', { ...options })
  cli.show(page, ({ items }) => printAudit(items))
  if (page.next_cursor && !cli.options.json) cli.say(`more: --cursor ${page.next_cursor}`)
}

function printAudit(items: AuditLine[]): string {
  if (items.length === 0) return 'nobody has changed anything by hand, as far as it is still kept'
  const rows = items.map((line) => [
    printTime(line.at),
    line.actor,
    line.action,
    cut(line.subjects.join(' ') || '–', 60),
    cut(describeDetail(line.detail), 120),
  ])
  return printTable(['at', 'who', 'what', 'of', 'detail'], rows)
}

function describeDetail(detail: Record<string, unknown>): string {
  const said = Object.entries(detail).filter(([, value]) => value !== null && value !== '')
  return said.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ')
}
