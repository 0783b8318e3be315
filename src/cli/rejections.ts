import { type Command, Option } from 'commander'
import { type RejectionSummary, rejectionReasons } from '../domain/rejection.js'
import type { Page } from '../store/store.js'
import type { Cli } from './cli.js'
import { connect } from './client.js'
import { printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

interface RejectionOptions {
  reason?: string
  client?: string
  since?: string
  limit: string
  cursor?: string
}

export function addRejections(program: Command, cli: () => Cli): void {
  program
    .command('rejections')
    .description('what was refused at the SMTP door, how often and why; newest first')
    .addOption(new Option('--reason <reason>', 'of this reason only').choices(Object.keys(rejectionReasons)))
    .option('--client <address>', 'of this client only, by its address as it is listed')
    .option('--since <time>', 'ISO time, or a duration like 2h')
    .option('--limit <n>', 'how many', '50')
    .option('--cursor <cursor>', 'go on after the page before')
    .action((options: RejectionOptions) => runRejections(cli(), options))
}

async function runRejections(cli: Cli, options: RejectionOptions): Promise<void> {
  const page = await (await connect(cli)).get<Page<RejectionSummary>>('/rejections', { ...options })
  cli.show(page, ({ items }) => printRejections(items))
  if (cli.options.json) return
  for (const line of listAdvice(page.items)) cli.say(line)
  if (page.next_cursor) cli.say(`more: --cursor ${page.next_cursor}`)
}

function printRejections(items: RejectionSummary[]): string {
  if (items.length === 0) return 'nobody was refused, as far as it is still kept'
  const rows = items.map(({ last_at, count, client, reason, code, message, from, rcpt }) => [
    printTime(last_at),
    String(count),
    cut(client, 45),
    reason,
    cut(`${code} ${message}`, 90),
    cut(`${from || '–'}${rcpt ? ` → ${rcpt}` : ''}`, 80),
  ])
  return printTable(['last', 'times', 'client', 'why', 'what it heard', 'mail'], rows)
}

/** One line for each reason that is in the list. */
function listAdvice(items: RejectionSummary[]): string[] {
  const seen = new Set(items.map(({ reason }) => reason))
  return Object.entries(rejectionReasons)
    .filter(([reason]) => seen.has(reason))
    .map(([reason, advice]) => `${reason}: ${advice}`)
}
