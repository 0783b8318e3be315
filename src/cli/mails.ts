import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { formatSize } from '../domain/units.js'
import type { MailContent } from '../engine/mail-content.js'
import type { NearMiss } from '../route/near-miss.js'
import type { DeliveryDetail, MailDetail, MailSummary } from '../store/store.js'
import { chooseMails, choosing, listPage, type MailChoice } from './choose-mails.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { type Client, connect } from './client.js'
import { printContent } from './print-content.js'
import { printNearMisses } from './print-near-miss.js'
import { countOf, printTable, printTime } from './print-table.js'
import { cut, printTrace } from './print-trace.js'

interface ListOptions extends MailChoice {
  limit: string
  cursor?: string
}

export function addMails(program: Command, cli: () => Cli): void {
  const mails = program.command('mails').description('the mails that were received')
  choosing(mails.command('list').description('newest first'))
    .option('--limit <n>', 'how many', '50')
    .option('--cursor <cursor>', 'go on after the page before')
    .action((options: ListOptions) => runList(cli(), options))
  mails
    .command('show')
    .description('one mail: what happened to it, why, and what it says')
    .argument('<id>')
    .option('--raw', 'the mail itself, as it was received')
    .option('--trace', 'the trace as JSON')
    .option('--all', 'every condition, also of routes that did not match, and all of its text')
    .action((id: string, options: { raw?: boolean; trace?: boolean; all?: boolean }) => runShow(cli(), id, options))
  choosing(mails.command('export').description('write mails as .eml files'))
    .argument('[ids...]')
    .option('-o, --output <folder>', 'where to', '.')
    .action((ids: string[], options: ListOptions & { output: string }) => runExport(cli(), ids, options))
  choosing(mails.command('delete').description('delete mails with all that was made of them'))
    .argument('[ids...]')
    .option('--yes', 'really do it')
    .action((ids: string[], options: ListOptions & { yes?: boolean }) => runDelete(cli(), ids, options))
}

async function runList(cli: Cli, options: ListOptions): Promise<void> {
  const client = await connect(cli)
  const page = await listPage(client, options, { limit: Number(options.limit), cursor: options.cursor })
  cli.show(page, () => printMails(page.items, cli))
  if (page.next_cursor && !cli.options.json) cli.say(`more: --cursor ${page.next_cursor}`)
}

function printMails(items: MailSummary[], cli: Cli): string {
  if (items.length === 0) return 'no mails'
  const rows = items.map((mail) => [
    mail.id,
    printTime(mail.received_at),
    colorStatus(mail.status, cli),
    cut(mail.from, 32),
    Object.entries(mail.deliveries)
      .map(([status, count]) => `${count} ${status}`)
      .join(', ') || '–',
    cut(mail.subject || '(no subject)', 70),
  ])
  return printTable(['id', 'received', 'state', 'from', 'deliveries', 'subject'], rows)
}

function colorStatus(status: string, { colors }: Cli): string {
  if (status === 'routed') return colors.green(status)
  return status === 'failed' ? colors.red(status) : colors.yellow(status)
}

async function runShow(
  cli: Cli,
  id: string,
  options: { raw?: boolean; trace?: boolean; all?: boolean },
): Promise<void> {
  const client = await connect(cli)
  const path = `/mails/${encodeURIComponent(id)}`
  if (options.raw) {
    process.stdout.write(Buffer.from(await (await client.open(`${path}/raw`)).arrayBuffer()))
    return
  }
  if (options.trace) return cli.out(JSON.stringify(await client.get(`${path}/trace`), null, 2))
  const mail = await client.get<MailDetail>(path)
  const deliveries = await readDeliveries(client, mail)
  const near = mail.status === 'unrouted' ? await client.get<{ items: NearMiss[] }>(`${path}/near-misses`) : null
  const content = await client.get<MailContent>(`${path}/content`)
  cli.show({ ...mail, delivery_list: deliveries, ...(near && { near_misses: near.items }), content }, () => {
    const nearest = near ? printNearMisses(near.items, cli) : ''
    const said = printContent(content, { colors: cli.colors, all: options.all === true })
    return [printMail(mail, deliveries, cli, options.all === true), nearest, said].filter(Boolean).join('\n')
  })
}

async function readDeliveries(client: Client, mail: MailDetail): Promise<DeliveryDetail[]> {
  const details: DeliveryDetail[] = []
  for (const line of mail.delivery_list) details.push(await client.get<DeliveryDetail>(`/deliveries/${line.id}`))
  return details.reverse()
}

function printMail(mail: MailDetail, deliveries: DeliveryDetail[], cli: Cli, all: boolean): string {
  const { colors } = cli
  const { envelope } = mail
  const lines = [
    `${colors.bold(mail.subject || '(no subject)')}   ${colorStatus(mail.status, cli)}`,
    colors.dim(
      `${mail.id} · ${printTime(mail.received_at)} · ${formatSize(mail.size_bytes)} · from ${mail.from} (envelope ${envelope.from || '<>'}) → ${envelope.to.join(', ')} · client ${envelope.client}${envelope.tls ? ', TLS' : ''}${envelope.user ? `, user ${envelope.user}` : ''}`,
    ),
  ]
  if (mail.reason) lines.push(colors.yellow(mail.reason))
  if (mail.due_at) lines.push(colors.yellow(`is looked at again at ${mail.due_at}`))
  const trace = mail.traces.at(-1)
  const current = deliveries.filter((delivery) => delivery.generation === trace?.generation)
  lines.push('', trace ? printTrace(trace, { colors, all, deliveries: current }) : 'not routed yet')
  const earlier = deliveries.length - current.length
  if (earlier > 0) lines.push(colors.dim(`before the replay: ${countOf(earlier, 'delivery', 'deliveries')}`))
  for (const notification of mail.notifications) {
    if (notification.flagged) lines.push(colors.yellow(`! ${notification.route}: ${notification.flagged}`))
  }
  return lines.join('\n')
}

async function runExport(cli: Cli, ids: string[], options: ListOptions & { output: string }): Promise<void> {
  const client = await connect(cli)
  const chosen = await chooseMails(cli, client, ids, options)
  mkdirSync(options.output, { recursive: true })
  for (const id of chosen) {
    const raw = await client.open(`/mails/${encodeURIComponent(id)}/raw`)
    writeFileSync(join(options.output, `${id}.eml`), Buffer.from(await raw.arrayBuffer()))
  }
  cli.show({ exported: chosen.length }, () => `${countOf(chosen.length, 'mail')} written to ${options.output}`)
}

async function runDelete(cli: Cli, ids: string[], options: ListOptions & { yes?: boolean }): Promise<void> {
  const client = await connect(cli)
  const chosen = await chooseMails(cli, client, ids, options)
  if (!options.yes)
    throw new CliExit(exitCodes.usage, `this would delete ${countOf(chosen.length, 'mail')}`, 'add --yes to do it')
  for (const id of chosen) await client.del(`/mails/${encodeURIComponent(id)}`)
  cli.show({ deleted: chosen.length }, () => `${countOf(chosen.length, 'mail')} deleted`)
}
