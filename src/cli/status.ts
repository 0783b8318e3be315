import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { formatDuration, formatSize, parseDuration } from '../domain/units.js'
import type { StoreStats } from '../store/stats-store.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { connect } from './client.js'
import { printTable } from './print-table.js'

interface Status extends StoreStats {
  version: string
  pid: number
  uptime_s: number
  config: { hash: string; files: string[]; routes: number; warnings: number }
  smtp: { host: string; port: number; tls: string }[]
  memory_bytes: number
  disk: { free_bytes: number | null; min_free_bytes: number; nearly_full: boolean }
}

export function addStatus(program: Command, cli: () => Cli): void {
  program
    .command('status')
    .description('what the server is doing: mails, queues, channels')
    .action(async () => {
      const client = await connect(cli())
      cli().show(await client.get<Status>('/status'), (status) => printStatus(status, cli()))
    })
}

export function addReload(program: Command, cli: () => Cli): void {
  program
    .command('reload')
    .description('take over the config as it is on disk; exit 78 when it is invalid')
    .action(async () => {
      const answer = await (await connect(cli())).post<{ hash: string; routes: number }>('/config/reload')
      cli().show(answer, ({ hash, routes }) => `${routes} routes are in force, config ${hash}`)
    })
}

export function addHealthcheck(program: Command, cli: () => Cli): void {
  program
    .command('healthcheck')
    .description('exit 0 when the server answers, else 1')
    .option('--wait <duration>', 'keep trying for so long', '0s')
    .action((options: { wait: string }) => runHealthcheck(cli(), options.wait))
}

function printStatus(status: Status, cli: Cli): string {
  const { colors } = cli
  const smtp = status.smtp.map(({ host, port }) => `${host}:${port}`).join(', ')
  const lines = [
    `${colors.bold('mailtrigger')} ${status.version}, pid ${status.pid}, up ${formatDuration(status.uptime_s * 1_000)}, SMTP ${smtp}`,
    `config ${status.config.hash}, ${status.config.routes} routes, ${status.config.warnings} warnings`,
    `mails       ${counts(status.mails)}; ${status.received_last_hour} in the last hour`,
    `deliveries  ${counts(status.deliveries)}`,
    `alerts      ${describeAlerts(status.notifications)}`,
    `store       ${formatSize(status.size_bytes)}; ${status.rejected_last_day} refused in the last day`,
  ]
  if (status.disk.nearly_full)
    lines.push(colors.red(`disk        nearly full, no mail is taken in: ${describeDisk(status.disk)}`))
  if (status.oldest_waiting_at) lines.push(`waiting     since ${status.oldest_waiting_at}`)
  for (const pause of status.pauses) {
    const until = pause.until ? ` until ${pause.until}` : ''
    lines.push(colors.yellow(`paused      ${pause.channel}${until}: ${pause.reason}`))
  }
  if (status.channels.length > 0) {
    const rows = status.channels.map((row) => [row.channel, row.status, String(row.count)])
    lines.push('', printTable(['channel', 'status', 'deliveries'], rows))
  }
  return lines.join('\n')
}

function describeDisk({ free_bytes, min_free_bytes }: Status['disk']): string {
  return `${free_bytes === null ? 'an unknown size' : formatSize(free_bytes)} free, ${formatSize(min_free_bytes)} needed`
}

function describeAlerts({ held, gathered, unacknowledged }: Status['notifications']): string {
  return `${held} held, ${gathered} gathered for digests, ${unacknowledged} unacknowledged`
}

function counts(byStatus: Partial<Record<string, number>>): string {
  const parts = Object.entries(byStatus).map(([status, count]) => `${count} ${status}`)
  return parts.join(', ') || 'none yet'
}

async function runHealthcheck(cli: Cli, wait: string): Promise<void> {
  const waitMs = parseDuration(wait)
  if (waitMs === null) throw new CliExit(exitCodes.usage, `--wait takes a duration like 30s, not "${wait}"`)
  const until = Date.now() + waitMs
  for (;;) {
    const problem = await findProblem(cli)
    if (problem === null) return cli.out('ok')
    if (Date.now() >= until || cli.signal.aborted) throw new CliExit(exitCodes.failed, problem)
    await sleep(250)
  }
}

async function findProblem(cli: Cli): Promise<string | null> {
  try {
    const { url } = await connect(cli)
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) })
    return answer.ok ? null : `the server is not ready (${answer.status})`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
