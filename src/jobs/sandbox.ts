import { z } from 'zod'
import { type GuestLog, SandboxError } from '../domain/errors.js'
import type { QueryResult } from '../domain/job.js'
import { ChildPool, type PoolResult } from '../wasm/child-pool.js'
import { jobCallLimits, processLimits } from '../wasm/limits.js'
import { spawnChild } from '../wasm/spawn-child.js'
import {
  type FileRequest,
  queryAnswerSchema,
  type RunRequest,
  reportAnswerSchema,
  runAnswerSchema,
} from './messages.js'
import type { RunReport } from './notification.js'

/** The processes in which jobs run and their databases are opened. Every call rejects with `SandboxError` only. */
export interface JobSandbox {
  /** `leftover`: nothing was run, because an earlier run's report has to be taken over and cleared first. */
  run: (run: SandboxRun, signal: AbortSignal) => Promise<SandboxRunResult>
  readReport: (path: string) => Promise<RunReport | null>
  clearReport: (path: string, runId: string) => Promise<void>
  /** Rejects with kind `rejected` when the file cannot be a job's database. */
  check: (path: string) => Promise<void>
  copy: (path: string, target: string) => Promise<void>
  query: (path: string, sql: string, rowsMax: number) => Promise<QueryResult>
  stop: () => Promise<void>
}

export interface SandboxRun extends Omit<RunRequest, 'operation' | 'limits' | 'database'> {
  /** Hears what the guest logs while it runs. */
  onLog?: (line: GuestLog) => void
  databasePath: string
  timeoutMs: number
}

export interface SandboxRunResult {
  type: 'finished' | 'leftover'
  report: RunReport
  logs: GuestLog[]
  durationMs: number
}

export interface JobSandboxOptions {
  /** Jobs that run at a time. Default 4. */
  runsMax?: number
  /** Bytes a job's database may have. Default 50 MB. */
  databaseBytesMax?: number
}

export const databaseBytesMaxDefault = 50 * 1024 * 1024
const queryTimeoutMs = 2_000
const fileTimeoutMs = 30_000
const fileWaitMsMax = 60_000
/** Jobs whose times coincide take their turns, and a run may take 15 minutes. */
const runWaitMsMax = 3_600_000

export function createJobSandbox(options: JobSandboxOptions = {}): JobSandbox {
  const bytesMax = options.databaseBytesMax ?? databaseBytesMaxDefault
  const pool = (children: number, callsMax: number, idleMsMax: number | null, queueWaitMsMax: number): ChildPool =>
    new ChildPool({
      spawn: () => spawnChild(new URL('./child.js', import.meta.url), processLimits),
      children,
      spares: 0,
      queueMax: 200,
      queueWaitMsMax,
      startTimeoutMs: processLimits.startTimeoutMs,
      loadTimeoutMs: processLimits.loadTimeoutMs,
      callsMax,
      idleMsMax,
      logLinesMax: jobCallLimits.logLinesMax,
    })
  // A process of its own for each run: what a guest left behind in one must not meet another job's database.
  const runs = pool(options.runsMax ?? 4, 1, null, runWaitMsMax)
  // One file after the other, in processes that are kept for a moment, as such requests come in twos and threes.
  const files = pool(2, 50, 5_000, fileWaitMsMax)
  const never = new AbortController().signal
  const onFile = async <Answer>(
    payload: FileRequest,
    schema: z.ZodType<Answer>,
    timeoutMs = fileTimeoutMs,
  ): Promise<Answer> => {
    // Somebody's endless queries may be made to rest; what the gateway itself has to know of the file may not.
    const owner = `${payload.operation} ${payload.path}`
    return parseAnswer(await files.run({ owner, payload, timeoutMs }, never), schema)
  }

  return {
    async run({ databasePath, timeoutMs, onLog, ...run }, signal) {
      const database = { path: databasePath, bytesMax }
      const payload: RunRequest = { operation: 'run', ...run, database, limits: jobCallLimits }
      const result = await runs.run({ owner: run.runId, payload, timeoutMs, ...(onLog && { onLog }) }, signal)
      return { ...parseAnswer(result, runAnswerSchema), logs: result.logs, durationMs: result.durationMs }
    },
    readReport: (path) => onFile({ operation: 'read_report', path, bytesMax }, reportAnswerSchema),
    clearReport: async (path, runId) => {
      await onFile({ operation: 'clear_report', path, bytesMax, runId }, z.null())
    },
    check: async (path) => {
      await onFile({ operation: 'check', path, bytesMax }, z.null())
    },
    copy: async (path, target) => {
      await onFile({ operation: 'copy', path, target }, z.null())
    },
    query: (path, sql, rowsMax) =>
      onFile({ operation: 'query', path, sql, rowsMax }, queryAnswerSchema, queryTimeoutMs),
    stop: async () => {
      await Promise.all([runs.stop(), files.stop()])
    },
  }
}

/** The process ran foreign code, so what it answers is checked like anything from outside. */
function parseAnswer<Answer>(result: PoolResult, schema: z.ZodType<Answer>): Answer {
  try {
    return schema.parse(JSON.parse(result.output))
  } catch {
    throw new SandboxError('output', 'the sandbox process gave an answer that cannot be read', result.logs)
  }
}
