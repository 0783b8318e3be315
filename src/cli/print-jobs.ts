import type { JobLine, JobRun, QueryResult } from '../domain/job.js'
import { formatDuration, formatSize } from '../domain/units.js'
import type { Cli } from './cli.js'
import { countOf, printTable, printTime } from './print-table.js'
import { cut } from './print-trace.js'

const cellLengthMax = 60

export function printJobs(jobs: JobLine[], cli: Cli): string {
  if (jobs.length === 0) return 'no jobs: add some under "jobs" in the routes file, or by mailtrigger jobs push'
  const rows = jobs.map((job) => [
    job.name,
    `${job.schedule} ${job.timezone}`,
    describeNext(job),
    job.last_run ? `${colorOutcome(job.last_run.outcome, cli)} ${printTime(job.last_run.started_at)}` : 'never',
    job.missed > 0 ? cli.colors.yellow(String(job.missed)) : '–',
    job.origin,
  ])
  return printTable(['name', 'schedule', 'next', 'last run', 'missed', 'from'], rows)
}

export function printJob(job: JobLine, runs: JobRun[], cli: Cli): string {
  const { colors } = cli
  const lines = [
    `${colors.bold(job.name)}   ${job.schedule} ${job.timezone}   ${job.running ? 'running' : describeNext(job)}`,
    colors.dim(
      `${job.origin === 'config' ? 'from the routes file' : 'uploaded'} · database ${formatSize(job.database_bytes)}`,
    ),
    `last success ${job.last_success_at ? printTime(job.last_success_at) : 'never'}`,
  ]
  if (job.missed > 0) lines.push(colors.yellow(`${countOf(job.missed, 'scheduled time')} passed without a run`))
  if (job.next_runs.length > 1) lines.push(`then ${job.next_runs.slice(1).map(printTime).join(', ')}`)
  if (runs.length > 0) lines.push('', printRuns(runs))
  return lines.join('\n')
}

export function printRuns(runs: JobRun[]): string {
  if (runs.length === 0) return 'no runs yet'
  const rows = runs.map((run) => [
    run.id,
    printTime(run.started_at),
    run.trigger,
    run.outcome,
    run.duration_ms === null ? '–' : formatDuration(run.duration_ms),
    String(run.notifications),
    cut(run.error ?? run.logs.at(-1)?.message ?? '', 100),
  ])
  return printTable(['run', 'at', 'by', 'outcome', 'took', 'notifications', 'error, or last words'], rows)
}

/** What a run came to, with its logs when asked for. */
export function printRun(run: JobRun, cli: Cli, withLogs: boolean): string {
  const { colors } = cli
  const took = run.duration_ms === null ? '' : ` in ${formatDuration(run.duration_ms)}`
  const made = `${countOf(run.notifications, 'notification')}, ${countOf(run.rows_changed, 'row')} changed`
  const lines = [
    `${colorOutcome(run.outcome, cli)}${took}   ${made}   ${colors.dim(`run ${run.id} · ${printTime(run.started_at)}`)}`,
  ]
  if (run.error) lines.push(colors.red(run.error))
  if (!withLogs) return lines.join('\n')
  const logs = run.logs.map((log) => `${colors.dim(log.level.padEnd(5))} ${cut(log.message, 1_000)}`)
  return [...logs, ...lines].join('\n')
}

/** Times in the local timezone, and in that of the schedule where it is another; one a line. */
export function printTimes(times: string[], timezone: string): string {
  if (times.length === 0) return 'it will not run'
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone
  // The Swedish way of writing a time is the ISO one.
  const there = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' })
  const lines = times.map((time) => {
    const local = printTime(time)
    return timezone === here ? local : `${local}   ${there.format(new Date(time))} in ${timezone}`
  })
  return lines.join('\n')
}

export function printQuery({ columns, rows }: QueryResult): string {
  if (rows.length === 0) return 'no rows'
  return printTable(
    columns.map((column) => cut(column, cellLengthMax)),
    rows.map((row) => row.map(printCell)),
  )
}

function printCell(value: unknown): string {
  if (value === null) return 'NULL'
  return cut(typeof value === 'string' ? value : JSON.stringify(value), cellLengthMax)
}

function describeNext(job: JobLine): string {
  const [next] = job.next_runs
  if (!job.enabled) return 'disabled'
  return next === undefined ? 'never' : printTime(next)
}

function colorOutcome(outcome: JobRun['outcome'], { colors }: Cli): string {
  if (outcome === 'success') return colors.green(outcome)
  return outcome === 'running' ? outcome : colors.red(outcome)
}
