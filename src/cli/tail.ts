import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { EngineEvent } from '../domain/events.js'
import type { MailQuery } from '../domain/mail-query.js'
import { formatSize } from '../domain/units.js'
import { type Cli, CliExit } from './cli.js'
import { type Client, connect } from './client.js'
import { fitsQuery, readEventQuery } from './fit-event.js'
import { printTime } from './print-table.js'
import { cut } from './print-trace.js'

interface TailOptions {
  route?: string
  state?: string
  search?: string
}

type TailEvent = EngineEvent & { at: string }

export function addTail(program: Command, cli: () => Cli): void {
  program
    .command('tail')
    .description('watch what happens, one line an event, until Ctrl-C')
    .option('--route <name>', 'only mails this route sent')
    .option('--state <state>', 'only this state of mail or delivery')
    .option('--search <query>', 'only what fits: words, "a phrase", back*, -not, subject: from: rcpt: channel: …')
    .action((options: TailOptions) => runTail(cli(), options))
}

/** Follows the event stream; after a break it goes on where it was, as far back as the server remembers. */
async function runTail(cli: Cli, options: TailOptions): Promise<void> {
  const query = readEventQuery(options.search ?? '')
  let lastId: string | null = null
  let connected = false
  while (!cli.signal.aborted) {
    try {
      const client = await connect(cli)
      for await (const { id, event } of readEvents(client, lastId, cli.signal)) {
        connected = true
        lastId = id
        if (!fits(event, options, query)) continue
        cli.out(cli.options.json ? JSON.stringify(event) : printEvent(event, cli))
      }
    } catch (error) {
      if (cli.signal.aborted) return
      // A server that never answered is a mistake to report; one that went away may come back.
      if (!connected || !(error instanceof CliExit || error instanceof TypeError)) throw error
    }
    await sleep(1_000, undefined, { signal: cli.signal }).catch(() => undefined)
  }
}

async function* readEvents(
  client: Client,
  lastId: string | null,
  signal: AbortSignal,
): AsyncGenerator<{ id: string; event: TailEvent }> {
  const headers: Record<string, string> = lastId === null ? {} : { 'last-event-id': lastId }
  const answer = await client.open('/events', { headers, signal })
  let buffered = ''
  const decoder = new TextDecoder()
  for await (const chunk of answer.body ?? []) {
    buffered += decoder.decode(chunk as Uint8Array, { stream: true })
    const blocks = buffered.split('\n\n')
    buffered = blocks.pop() ?? ''
    for (const block of blocks) {
      const id = /^id: ?(.*)$/m.exec(block)?.[1]
      const data = /^data: ?(.*)$/m.exec(block)?.[1]
      if (id && data) yield { id, event: JSON.parse(data) as TailEvent }
    }
  }
}

function fits(event: TailEvent, options: TailOptions, query: MailQuery): boolean {
  if (options.route && !('routes' in event && event.routes.includes(options.route))) return false
  if (options.state && !('status' in event && event.status === options.state)) return false
  return fitsQuery(event, query)
}

function printEvent(event: TailEvent, { colors }: Cli): string {
  const at = colors.dim(printTime(event.at))
  switch (event.type) {
    case 'mail.stored':
      return `${at}  ✉ stored    ${event.mail_id}  ${event.from || '<>'} → ${event.to.join(', ')}  ${formatSize(event.size_bytes)}`
    case 'mail.routed': {
      const routes = event.routes.join(', ') || event.reason || ''
      const status = event.status === 'routed' ? colors.green('routed') : colors.yellow(event.status)
      return `${at}  ${status.padEnd(9)}  ${event.mail_id}  ${cut(event.subject, 70)}  ${colors.dim(routes)}`
    }
    case 'delivery.settled': {
      const sign =
        event.status === 'sent'
          ? colors.green('✓ sent')
          : event.status === 'dead'
            ? colors.red('✗ dead')
            : colors.yellow(`… ${event.status}`)
      return `${at}  ${sign}     ${event.mail_id ?? 'job'.padEnd(26)}  ${event.channel} ${event.recipient ?? ''}  ${colors.dim(cut(event.detail ?? '', 100))}`
    }
    case 'run.finished': {
      const outcome = event.outcome === 'success' ? colors.green('✓ ran ') : colors.red(`✗ ${event.outcome}`)
      const facts = event.error ?? `${event.notifications} notifications, ${event.duration_ms} ms`
      return `${at}  ${outcome}     ${event.run_id}  job ${event.job}  ${colors.dim(cut(facts, 100))}`
    }
    case 'mail.rejected':
      return `${at}  ${colors.yellow('refused')}    ${event.client}  ${event.message}`
    case 'notification.acknowledged': {
      const note = event.note === null ? '' : colors.dim(cut(event.note, 100))
      return `${at}  ${colors.green('acked')}      ${event.notification_id}  by ${event.by}  ${note}`.trimEnd()
    }
    case 'notification.resolved':
      return `${at}  ${colors.green('resolved')}   ${event.notification_id}  by ${event.by}`
    case 'monitor.down':
      return `${at}  ${colors.red('down')}       monitor ${event.monitor}  ${colors.dim(cut(event.reason ?? '', 100))}`.trimEnd()
    case 'monitor.up':
      return `${at}  ${colors.green('up')}         monitor ${event.monitor}  ${colors.dim(cut(event.reason ?? '', 100))}`.trimEnd()
    case 'disk.full': {
      const facts = `${formatSize(event.free_bytes)} are free, ${formatSize(event.free_bytes_min)} are needed`
      return `${at}  ${colors.red('disk')}       nearly full, no mail is taken in: ${facts}`
    }
    case 'disk.ok':
      return `${at}  ${colors.green('disk')}       ${formatSize(event.free_bytes)} are free, mails are taken in again`
    case 'config.reloaded':
      return `${at}  config     ${event.hash} is in force`
    case 'config.rejected':
      return `${at}  ${colors.red('config')}     invalid, the one before stays: ${event.message}`
  }
}
