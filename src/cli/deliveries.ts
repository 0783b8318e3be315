import type { Command } from 'commander'
import type { DeadLetterGroup } from '../store/notification-store.js'
import type { DeliveryDetail, DeliverySummary, Page } from '../store/store.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { connect } from './client.js'
import { countOf, printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

interface SelectOptions {
  state?: string
  channel?: string
  mail?: string
  notification?: string
  since?: string
  error?: string
  reason?: string
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
  deliveries
    .command('dead')
    .description('dead letters, those of one channel with one error together')
    .option('--channel <name>', 'on this channel')
    .option('--since <time>', 'made since: ISO time, or a duration like 2h')
    .option('--error <text>', 'whose error begins like this')
    .action((options: SelectOptions) => runDead(cli(), options))
  selecting(deliveries.command('retry').description('send again now, with a fresh retry ladder'))
    .argument('[ids...]')
    .option('--yes', 'do it for all that fit')
    .action((ids: string[], options: SelectOptions) => runChange(cli(), 'retry', ids, options))
  selecting(deliveries.command('cancel').description('do not send any more; dead letters are put away'))
    .argument('[ids...]')
    .option('--reason <text>', 'why; kept with each of them')
    .option('--yes', 'do it for all that fit')
    .action((ids: string[], options: SelectOptions) => runChange(cli(), 'cancel', ids, options))
}

function selecting(command: Command): Command {
  return command
    .option('--state <state>', 'queued, processing, sent, failed (will retry), dead or cancelled')
    .option('--channel <name>', 'on this channel')
    .option('--mail <id>', 'of this mail')
    .option('--notification <id>', 'of this notification')
    .option('--since <time>', 'made since: ISO time, or a duration like 2h')
    .option('--error <text>', 'whose error begins like this; numbers do not matter')
}

/** What is sent to the server of the options that choose. */
function toSelection({ state: status, channel, mail, notification, since, error }: SelectOptions) {
  return { status, channel, mail, notification, since, error }
}

async function runList(cli: Cli, options: SelectOptions): Promise<void> {
  const client = await connect(cli)
  const { limit, cursor } = options
  const page = await client.get<Page<DeliverySummary>>('/deliveries', { ...toSelection(options), limit, cursor })
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
      `delivery ${delivery.id} · ${describeOrigin(delivery)} · ${delivery.purpose} of notification ${delivery.notification_id} · route ${delivery.route}`,
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

async function runDead(cli: Cli, options: SelectOptions): Promise<void> {
  const client = await connect(cli)
  const { channel, since, error } = options
  const page = await client.get<Page<DeadLetterGroup>>('/deliveries/dead-letters', { channel, since, error })
  cli.show(page, ({ items }) => printGroups(items))
  const [largest] = page.items
  if (!largest || cli.options.json) return
  const chosen = `--state dead --channel ${quote(largest.channel)} --error ${quote(largest.error)} --yes`
  cli.say(`\nwhen the cause of the first is mended: mailtrigger deliveries retry ${chosen}`)
  cli.say(`to put them away: mailtrigger deliveries cancel ${chosen} --reason TEXT`)
}

function printGroups(items: DeadLetterGroup[]): string {
  if (items.length === 0) return 'no dead letters: nothing waits for you'
  const rows = items.map((group) => [
    String(group.count),
    group.channel,
    printTime(group.oldest_at),
    printTime(group.newest_at),
    group.examples[0] ?? '',
    cut(group.error, 120),
  ])
  return printTable(['dead', 'channel', 'oldest', 'newest', 'for example', 'error'], rows)
}

/** As a POSIX shell reads it back, whatever is in it. */
function quote(text: string): string {
  return /^[\w.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function describeOrigin({ mail_id, run_id }: DeliveryDetail): string {
  if (mail_id !== null) return `mail ${mail_id}`
  return run_id === null ? 'of the gateway itself' : `run ${run_id}`
}

/** Deliveries named by id are changed at once; a whole selection is counted first and needs --yes. */
async function runChange(cli: Cli, verb: 'retry' | 'cancel', ids: string[], options: SelectOptions): Promise<void> {
  const client = await connect(cli)
  const selection = toSelection(options)
  if (ids.length === 0 && Object.values(selection).every((value) => value === undefined)) {
    const hint = 'mailtrigger deliveries dead shows what waits for you'
    throw new CliExit(exitCodes.usage, 'name deliveries by id, or choose them by --state, --channel, …', hint)
  }
  if (ids.length === 0 && !options.yes) {
    const page = await client.get<Page<DeliverySummary>>('/deliveries', { ...selection, limit: 1_000 })
    const count = page.next_cursor ? 'over 1000 deliveries' : countOf(page.items.length, 'delivery', 'deliveries')
    throw new CliExit(exitCodes.usage, `this would ${verb} ${count}`, 'add --yes to do it')
  }
  const body = {
    ids: ids.length > 0 ? ids : undefined,
    ...selection,
    reason: verb === 'cancel' ? options.reason : undefined,
  }
  const answer = await client.post<{ retried?: number; cancelled?: number }>(`/deliveries/${verb}`, body)
  const count = answer.retried ?? answer.cancelled ?? 0
  if (count === 0)
    throw new CliExit(exitCodes.notFound, 'none of them can be changed: they are sent, being sent, or not there')
  cli.show(
    answer,
    () => `${countOf(count, 'delivery', 'deliveries')} ${verb === 'retry' ? 'to be sent again' : 'cancelled'}`,
  )
}
