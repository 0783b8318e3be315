import { existsSync } from 'node:fs'
import type { NewNotification } from '../domain/delivery.js'
import { type GuestLog, SandboxError } from '../domain/errors.js'
import type { JobInput } from '../domain/guest-abi.js'
import type { JobRun, JobSettings, RunTrigger } from '../domain/job.js'
import type { WasmHost, WasmModule } from '../domain/wasm.js'
import type { JobStore, RunEnd } from '../store/job-store.js'
import type { JobFiles } from './job-files.js'
import type { RunSurroundings } from './messages.js'
import type { RunReport } from './notification.js'
import type { JobSandbox, SandboxRunResult } from './sandbox.js'

/** What a run ended with, before its notifications are made of it. */
export interface RunSummary {
  job: JobSettings
  runId: string
  outcome: RunEnd['outcome']
  error: string | null
  logs: GuestLog[]
  report: RunReport | null
  at: number
}

export interface RunParts {
  store: Pick<JobStore, 'startRun' | 'finishRun' | 'readRun'>
  host: Pick<WasmHost, 'load'>
  sandbox: JobSandbox
  files: JobFiles
  surroundings: (job: JobSettings) => RunSurroundings
  /** Turns what a run raised, and what is to be told of the run itself, into notifications; `warnings` are for its log. */
  plan: (summary: RunSummary) => Promise<{ notifications: NewNotification[]; warnings: string[] }>
  /** There are new deliveries on these channels, or a run has ended. */
  onEnd: (run: JobRun, channels: string[]) => void
  /** Hears what a run logs while it is under way. */
  onLog?: (runId: string, line: GuestLog) => void
  newId: () => string
  now: () => number
}

export interface RunOrder {
  job: JobSettings
  /** As it was loaded; null when it could not be. */
  module: WasmModule | null
  trigger: RunTrigger
  scheduledAt: number
  lastSuccessAt: number | null
}

/** The newest runs of each job are kept. */
export const runsKept = 200
/** One leftover is taken over before a run; more than one can only be a database that is not what it says. */
const attemptsMax = 2

/**
 * The whole story of one run: record it, run it, record how it ended together with what it raised, and only then let
 * the job's database forget its report. Wherever the program is killed in between, `recoverRun` finds out what is true.
 */
export async function runJob(parts: RunParts, order: RunOrder, signal: AbortSignal): Promise<JobRun> {
  const { job, trigger, scheduledAt } = order
  const startedAt = parts.now()
  const id = parts.newId()
  const sha256 = order.module?.sha256 ?? null
  await parts.store.startRun({ id, job: job.name, trigger, scheduledAt, startedAt, sha256 })
  try {
    const result = await runInSandbox(parts, order, id, signal)
    return await endRun(parts, job, id, { outcome: 'success', error: null, ...result })
  } catch (error) {
    if (!(error instanceof SandboxError)) {
      await endRun(parts, job, id, failure(error instanceof Error ? error.message : String(error), []))
      throw error
    }
    return await endBroken(parts, job, id, error, signal)
  }
}

/** A run of which only the beginning is known, because the program ended: its database says whether it was committed. */
export async function recoverRun(parts: RunParts, job: JobSettings, runId: string): Promise<JobRun> {
  const report = await readOwnReport(parts, job, runId)
  if (report) return endRun(parts, job, runId, { outcome: 'success', error: null, logs: [], durationMs: null, report })
  const error = 'the program ended in the middle of it; nothing of it was committed'
  return endRun(parts, job, runId, { ...failure(error, []), outcome: 'interrupted' })
}

type Ending = Pick<RunEnd, 'outcome' | 'error' | 'logs' | 'durationMs'> & { report: RunReport | null }

function failure(error: string, logs: GuestLog[]): Ending {
  return { outcome: 'failure', error: error.slice(0, 2_000), logs, durationMs: null, report: null }
}

async function runInSandbox(
  parts: RunParts,
  order: RunOrder,
  runId: string,
  signal: AbortSignal,
): Promise<SandboxRunResult> {
  const { job } = order
  const module =
    order.module && existsSync(order.module.path)
      ? order.module
      : await parts.host.load(job.module, { alone: job.origin === 'uploaded' })
  await parts.files.ensureDatabase(job.name, job.database)
  const databasePath = parts.files.databasePath(job.name)
  const input: JobInput = {
    version: 1,
    job: { name: job.name, config: job.config },
    now: new Date(parts.now()).toISOString(),
    scheduled_at: new Date(order.scheduledAt).toISOString(),
    run_id: runId,
    last_success_at: order.lastSuccessAt === null ? null : new Date(order.lastSuccessAt).toISOString(),
  }
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const result = await parts.sandbox.run(
      {
        runId,
        module: { sha256: module.sha256, path: module.path },
        input: JSON.stringify(input),
        config: textConfig(job.config),
        surroundings: parts.surroundings(job),
        databasePath,
        timeoutMs: job.timeoutMs,
        onLog: (line) => parts.onLog?.(runId, line),
      },
      signal,
    )
    if (result.type === 'finished') return result
    await takeOver(parts, job, result.report)
  }
  throw new SandboxError('rejected', 'the database keeps the report of another run, which cannot be cleared')
}

/**
 * A report of an earlier run. Mostly that was recorded, and only the clearing was missed; a run that was killed while it
 * committed stands as failed and went well after all. A run the store has never heard of is none of ours.
 */
async function takeOver(parts: RunParts, job: JobSettings, report: RunReport): Promise<void> {
  const run = await parts.store.readRun(report.run_id)
  if (run?.job === job.name && run.outcome !== 'success') {
    await endRun(parts, job, run.id, { outcome: 'success', error: null, logs: [], durationMs: null, report })
    return
  }
  await parts.sandbox.clearReport(parts.files.databasePath(job.name), report.run_id)
}

/** A process that was killed may have committed a moment before, so the database has the last word. */
async function endBroken(
  parts: RunParts,
  job: JobSettings,
  runId: string,
  error: SandboxError,
  signal: AbortSignal,
): Promise<JobRun> {
  const wasKilled = error.kind === 'timeout' || error.kind === 'crash' || error.kind === 'closed'
  const report = wasKilled ? await readOwnReport(parts, job, runId) : null
  if (report) {
    return endRun(parts, job, runId, { outcome: 'success', error: null, logs: error.logs, durationMs: null, report })
  }
  const ended = failure(error.message, error.logs)
  return endRun(parts, job, runId, signal.aborted ? { ...ended, outcome: 'interrupted' } : ended)
}

/** Null when the run did not commit, which is also what a database that cannot be opened means. */
async function readOwnReport(parts: RunParts, job: JobSettings, runId: string): Promise<RunReport | null> {
  if (!(await parts.files.hasDatabase(job.name))) return null
  try {
    const report = await parts.sandbox.readReport(parts.files.databasePath(job.name))
    return report?.run_id === runId ? report : null
  } catch (error) {
    if (error instanceof SandboxError && error.kind === 'rejected') return null
    throw error
  }
}

async function endRun(parts: RunParts, job: JobSettings, runId: string, ending: Ending): Promise<JobRun> {
  const { outcome, error, report } = ending
  const at = parts.now()
  const { notifications, warnings } = await parts.plan({ job, runId, outcome, error, logs: ending.logs, report, at })
  const logs = [...ending.logs, ...warnings.map((message): GuestLog => ({ level: 'warn', message }))]
  const end: RunEnd = {
    id: runId,
    outcome,
    error,
    logs,
    finishedAt: at,
    durationMs: ending.durationMs === null ? null : Math.round(ending.durationMs),
    notifications: report?.notifications.length ?? 0,
    rowsChanged: report?.rows_changed ?? 0,
    runsKept,
  }
  const committed = await parts.store.finishRun(end, notifications)
  if (report) await clearReport(parts, job, runId)
  const run = await parts.store.readRun(runId)
  if (!run) throw new Error(`the run ${runId} is not in the store`)
  if (committed) parts.onEnd(run, committed.channels)
  return run
}

/** A report that stays does no harm: it is recorded, and the next run finds and clears it. */
async function clearReport(parts: RunParts, job: JobSettings, runId: string): Promise<void> {
  try {
    await parts.sandbox.clearReport(parts.files.databasePath(job.name), runId)
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
  }
}

/** Extism's config holds texts; what is none goes as JSON. */
function textConfig(config: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}
