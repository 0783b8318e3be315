import type { Command } from 'commander'
import type { AcknowledgeAnswer } from '../engine/acknowledge.js'
import type { NotificationDetail } from '../store/notification-store.js'
import type { NotificationSummary, Page } from '../store/store.js'
import type { Cli } from './cli.js'
import { connect } from './client.js'
import { countOf, printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

interface ListOptions {
  state?: string
  route?: string
  fingerprint?: string
  mail?: string
  since?: string
  unacknowledged?: boolean
  limit: string
  cursor?: string
}

export function addNotifications(program: Command, cli: () => Cli): void {
  const notifications = program.command('notifications').description('alerts: one for each mail and route that took it')
  notifications
    .command('list')
    .description('newest first')
    .option('--state <state>', 'queued, sent, failed, dead, suppressed, acknowledged, resolved, …')
    .option('--route <name>', 'of this route')
    .option('--fingerprint <text>', 'about this')
    .option('--mail <id>', 'of this mail')
    .option('--since <time>', 'ISO time, or a duration like 2h')
    .option('--unacknowledged', 'sent, and still waits for somebody to answer')
    .option('--limit <n>', 'how many', '50')
    .option('--cursor <cursor>', 'go on after the page before')
    .action((options: ListOptions) => runList(cli(), options))
  notifications
    .command('show')
    .description('one alert: its state and why, and whom it went to')
    .argument('<id>')
    .action((id: string) => runShow(cli(), id))
  notifications
    .command('ack')
    .description('say that you look at it: stops its repeats and escalations')
    .argument('<ids...>')
    .option('--note <text>', 'what others should know')
    .action((ids: string[], options: { note?: string }) => runAck(cli(), ids, options.note ?? null))
  notifications
    .command('resolve')
    .description('say that it is over: nothing more of it is sent, and who was told is told so')
    .argument('<ids...>')
    .action((ids: string[]) => runResolve(cli(), ids))
}

const pathOf = (id: string): string => `/notifications/${encodeURIComponent(id)}`

async function runList(cli: Cli, options: ListOptions): Promise<void> {
  const client = await connect(cli)
  const { state: status, ...query } = options
  const page = await client.get<Page<NotificationSummary>>('/notifications', { ...query, status })
  cli.show(page, () => printNotifications(page.items, options, cli))
  if (page.next_cursor && !cli.options.json) cli.say(`more: --cursor ${page.next_cursor}`)
}

function printNotifications(items: NotificationSummary[], options: ListOptions, cli: Cli): string {
  if (items.length === 0) {
    return options.unacknowledged
      ? 'nothing waits for an answer (only alerts with "repeat", "then" or "ack: true" ask for one)'
      : 'no notifications: a route that takes a mail makes one; mailtrigger mails list shows what came in'
  }
  const rows = items.map((line) => [
    line.id,
    printTime(line.created_at),
    colorStatus(line.status, cli),
    line.severity,
    cut(line.route, 32),
    cut(line.title, 60),
    cut(describeState(line), 90),
  ])
  return printTable(['id', 'made', 'state', 'severity', 'route', 'title', 'why'], rows)
}

function colorStatus(status: string, { colors }: Cli): string {
  if (['sent', 'acknowledged', 'resolved'].includes(status)) return colors.green(status)
  if (status === 'dead') return colors.red(status)
  return ['failed', 'suppressed'].includes(status) ? colors.yellow(status) : status
}

function describeState(line: NotificationSummary): string {
  const parts = [
    line.acked_by === null ? null : `by ${line.acked_by}${line.ack_note === null ? '' : `: ${line.ack_note}`}`,
    line.reason,
    line.suppressed_count > 0 ? `stands for ${countOf(line.suppressed_count, 'repeat')}` : null,
    line.flagged,
  ]
  return parts.filter((part) => part !== null).join('; ')
}

async function runShow(cli: Cli, id: string): Promise<void> {
  const detail = await (await connect(cli)).get<NotificationDetail>(pathOf(id))
  cli.show(detail, () => printNotification(detail, cli))
}

function printNotification(detail: NotificationDetail, cli: Cli): string {
  const { colors } = cli
  const origin = detail.mail_id ? `mail ${detail.mail_id}` : detail.run_id ? `run ${detail.run_id}` : detail.source
  const labels = Object.entries(detail.labels).map(([name, value]) => `${name}=${value}`)
  const lines = [
    `${colors.bold(detail.title)}   ${colorStatus(detail.status, cli)}   ${detail.severity}`,
    colors.dim(`notification ${detail.id} · ${printTime(detail.created_at)} · ${origin} · route ${detail.route}`),
    colors.dim(`fingerprint ${detail.fingerprint}${labels.length > 0 ? ` · ${labels.join(' ')}` : ''}`),
  ]
  if (detail.reason) lines.push(colors.yellow(detail.reason))
  if (detail.waits_until) lines.push(`waits until ${printTime(detail.waits_until)}`)
  if (detail.acked_by) {
    const at = detail.acked_at === null ? '' : ` at ${printTime(detail.acked_at)}`
    lines.push(`acknowledged by ${detail.acked_by}${at}${detail.ack_note ? `: ${detail.ack_note}` : ''}`)
  }
  if (detail.resolved_at) lines.push(`resolved at ${printTime(detail.resolved_at)}`)
  if (detail.suppressed_count > 0) lines.push(`stands for ${countOf(detail.suppressed_count, 'repeat')} of it`)
  if (detail.flagged) lines.push(colors.yellow(`! ${detail.flagged}`))
  if (detail.message.text) lines.push('', cut(detail.message.text, 1_000))
  const rows = detail.delivery_list.map((line) => [
    line.id,
    line.purpose,
    colorStatus(line.status, cli),
    [line.channel, line.recipient].filter(Boolean).join(' '),
    line.next_attempt_at ? printTime(line.next_attempt_at) : '–',
    cut(line.last_error ?? '', 80),
  ])
  const header = ['delivery', 'purpose', 'state', 'to', 'next try', 'why']
  lines.push('', rows.length > 0 ? printTable(header, rows) : 'no deliveries')
  return lines.join('\n')
}

async function runAck(cli: Cli, ids: string[], note: string | null): Promise<void> {
  const client = await connect(cli)
  const answers: AcknowledgeAnswer[] = []
  for (const id of ids) answers.push(await client.post<AcknowledgeAnswer>(`${pathOf(id)}/acknowledge`, { note }))
  cli.show(answers, () => answers.map(({ notification_id, words }) => `${notification_id}  ${words}`).join('\n'))
}

async function runResolve(cli: Cli, ids: string[]): Promise<void> {
  const client = await connect(cli)
  for (const id of ids) await client.post(`${pathOf(id)}/resolve`)
  cli.show({ resolved: ids.length }, () => `${countOf(ids.length, 'notification')} resolved`)
}
