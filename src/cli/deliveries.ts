import type { Command } from 'commander'
import type { DeliveryDetail, DeliverySummary, Page } from '../store/store.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { connect } from './client.js'
import { countOf, printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

interface SelectOptions {
  state?: string
  channel?: string
  mail?: string
  since?: string
  limit?: string
  cursor?: string
  yes?: boolean
}

export function addDeliveries(program: Command, cli: () => Cli): void {
  const deliveries = program.command('deliveries').description('what was sent, waits, or could not be sent')
  selecting(deliveries.command('list').description('newest first'))
    .option('--limit <n>', 'how many', '50')
    .option('--cursor <cursor>', 'go on after the page before')
    .action((options: SelectOptions) => runList(cli(), options))
  deliveries
    .command('show')
    .description('one delivery with its attempts')
    .argument('<id>')
    .action((id: string) => runShow(cli(), id))
  for (const verb of ['retry', 'cancel'] as const) {
    const about = verb === 'retry' ? 'send again now, with a fresh retry ladder' : 'do not send any more'
    selecting(deliveries.command(verb).description(about))
      .argument('[ids...]')
      .option('--yes', 'do it for all that fit')
      .action((ids: string[], options: SelectOptions) => runChange(cli(), verb, ids, options))
  }
}

function selecting(command: Command): Command {
  return command
    .option('--state <state>', 'queued, processing, sent, failed (will retry), dead or cancelled')
    .option('--channel <name>', 'on this channel')
    .option('--mail <id>', 'of this mail')
    .option('--since <time>', 'made since: ISO time, or a duration like 2h')
}

async function runList(cli: Cli, options: SelectOptions): Promise<void> {
  const client = await connect(cli)
  const { state: status, channel, mail, since, limit, cursor } = options
  const page = await client.get<Page<DeliverySummary>>('/deliveries', { status, channel, mail, since, limit, cursor })
  cli.show(page, () => printDeliveries(page.items, cli))
  if (page.next_cursor && !cli.options.json) cli.say(`more: --cursor ${page.next_cursor}`)
}

function printDeliveries(items: DeliverySummary[], cli: Cli): string {
  if (items.length === 0) return 'no deliveries'
  const rows = items.map((line) => [
    line.id,
    printTime(line.created_at),
    colorStatus(line.status, cli),
    [line.channel, line.recipient].filter(Boolean).join(' '),
    String(line.attempts),
    line.next_attempt_at ? printTime(line.next_attempt_at) : '–',
    cut(line.last_error ?? line.title, 80),
  ])
  return printTable(['id', 'made', 'state', 'to', 'tries', 'next try', 'why, or title'], rows)
}

function colorStatus(status: string, { colors }: Cli): string {
  if (status === 'sent') return colors.green(status)
  return status === 'dead' ? colors.red(status) : status === 'failed' ? colors.yellow(status) : status
}

async function runShow(cli: Cli, id: string): Promise<void> {
  const client = await connect(cli)
  const delivery = await client.get<DeliveryDetail>(`/deliveries/${encodeURIComponent(id)}`)
  cli.show(delivery, () => printDelivery(delivery, cli))
}

function printDelivery(delivery: DeliveryDetail, cli: Cli): string {
  const { colors } = cli
  const lines = [
    `${colors.bold(delivery.message.title)}   ${colorStatus(delivery.status, cli)}`,
    `${delivery.channel} ${[delivery.recipient, delivery.address && `(${delivery.address})`].filter(Boolean).join(' ')}`.trim(),
    colors.dim(
      `delivery ${delivery.id} · ${delivery.mail_id === null ? `run ${delivery.run_id}` : `mail ${delivery.mail_id}`} · route ${delivery.route}`,
    ),
  ]
  if (delivery.last_error) lines.push(colors.yellow(delivery.last_error))
  if (delivery.next_attempt_at) lines.push(`next attempt at ${printTime(delivery.next_attempt_at)}`)
  const remote = Object.entries(delivery.remote).map(([name, value]) => `${name} ${value}`)
  if (remote.length > 0) lines.push(colors.dim(`there: ${remote.join(', ')}`))
  const rows = delivery.attempt_list.map((attempt) => [
    String(attempt.number),
    printTime(attempt.started_at),
    `${attempt.duration_ms} ms`,
    attempt.outcome,
    attempt.status_code === null ? '–' : String(attempt.status_code),
    cut(attempt.excerpt, 160),
  ])
  lines.push(
    '',
    rows.length > 0 ? printTable(['try', 'at', 'took', 'outcome', 'status', 'answer'], rows) : 'not tried yet',
  )
  return lines.join('\n')
}

/** Deliveries named by id are changed at once; a whole selection is counted first and needs --yes. */
async function runChange(cli: Cli, verb: 'retry' | 'cancel', ids: string[], options: SelectOptions): Promise<void> {
  const client = await connect(cli)
  const { state: status, channel, mail, since } = options
  if (ids.length === 0 && !status && !channel && !mail && !since) {
    throw new CliExit(exitCodes.usage, 'name deliveries by id, or choose them by --state, --channel, --mail, --since')
  }
  if (ids.length === 0 && !options.yes) {
    const page = await client.get<Page<DeliverySummary>>('/deliveries', { status, channel, mail, since, limit: 1_000 })
    const count = page.next_cursor ? 'over 1000 deliveries' : countOf(page.items.length, 'delivery', 'deliveries')
    throw new CliExit(exitCodes.usage, `this would ${verb} ${count}`, 'add --yes to do it')
  }
  const body = { ids: ids.length > 0 ? ids : undefined, status, channel, mail, since }
  const answer = await client.post<{ retried?: number; cancelled?: number }>(`/deliveries/${verb}`, body)
  const count = answer.retried ?? answer.cancelled ?? 0
  if (count === 0)
    throw new CliExit(exitCodes.notFound, 'none of them can be changed: they are sent, being sent, or not there')
  cli.show(
    answer,
    () => `${countOf(count, 'delivery', 'deliveries')} ${verb === 'retry' ? 'to be sent again' : 'cancelled'}`,
  )
}
