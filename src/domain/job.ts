import type { GuestLog, Position } from './errors.js'
import type { Severity } from './message.js'

/** A job as the config declares it, or as it was uploaded. */
export interface JobSettings {
  name: string
  /** Where it comes from: a name stands for one of them at a time, and the config's goes first. */
  origin: 'config' | 'uploaded'
  /** Absolute path of the module: .wasm, .ts or .js. */
  module: string
  config: Record<string, unknown>
  /** Cron expression of five fields. */
  schedule: string
  timezone: string
  /** Absolute path of a database with the first contents, or null for an empty one. Afterwards the job keeps its own. */
  database: string | null
  /** Channels for its notifications, when a notification names none. */
  send: string[]
  /** Hosts its `http` calls may reach. */
  allowHosts: string[]
  timeoutMs: number
  /** Channels that hear how a run ended. */
  notify: { onFailure: string[]; onSuccess: string[]; onCompletion: string[] }
  position: Position | null
}

export const runOutcomes = ['running', 'success', 'failure', 'interrupted'] as const
/** `interrupted`: the process ended in the middle of it; nothing of it was committed. */
export type RunOutcome = (typeof runOutcomes)[number]

export type RunTrigger = 'schedule' | 'manual'

/** One execution of a job, as it is recorded. */
export interface JobRun {
  id: string
  job: string
  trigger: RunTrigger
  /** ISO times. */
  scheduled_at: string
  started_at: string
  finished_at: string | null
  outcome: RunOutcome
  error: string | null
  logs: GuestLog[]
  duration_ms: number | null
  /** How many notifications it raised. */
  notifications: number
  rows_changed: number
  /** Which version ran: SHA-256 of the module. */
  sha256: string | null
}

export interface JobLine {
  name: string
  origin: JobSettings['origin']
  enabled: boolean
  schedule: string
  timezone: string
  /** ISO times of the next three runs; empty while disabled. */
  next_runs: string[]
  running: boolean
  last_run: JobRun | null
  last_success_at: string | null
  /** Scheduled times that passed without a run, since the last one: the program was down, or a run took too long. */
  missed: number
  database_bytes: number
}

/** What a job asks to be told: the argument of the guest's `notify`, checked. */
export interface JobNotification {
  /** Mail addresses and group names; empty reaches channels with a destination of their own. */
  to: string[]
  title: string
  text: string
  severity: Severity
  fingerprint: string | null
  /** Instead of the job's `send`. */
  channel: string | null
}

export interface QueryResult {
  columns: string[]
  rows: unknown[][]
  /** True when there were more rows than the limit. */
  truncated: boolean
}

/**
 * What the API and the commands may ask of jobs. Rejects with `ApiError`: not_found, busy, invalid_module, …
 * `actor` is who is recorded to have changed something.
 */
export interface JobCalls {
  listJobs: () => Promise<JobLine[]>
  readJob: (name: string) => Promise<JobLine>
  /** Starts a run now and resolves when it has ended. Refused while one is under way. */
  runJob: (name: string, actor?: string) => Promise<JobRun>
  /** Newest first. */
  listRuns: (
    job: string,
    page: { limit: number; cursor?: string },
  ) => Promise<{ items: JobRun[]; next_cursor: string | null }>
  /** Of a run under way, with what it has logged so far. */
  readRun: (runId: string) => Promise<JobRun>
  setJobEnabled: (name: string, enabled: boolean, actor?: string) => Promise<void>
  /** The next `count` run times, ISO. */
  nextRuns: (name: string, count: number) => Promise<string[]>
  /** A consistent copy of the job's database, also while a run is under way. */
  exportDatabase: (name: string) => Promise<Uint8Array>
  /** Replaces the database after keeping a backup beside it. Refused when it is not SQLite, corrupt or too large. */
  replaceDatabase: (name: string, bytes: Uint8Array, actor?: string) => Promise<void>
  /** One SELECT, read-only, at most `rowsMax` rows and two seconds. */
  queryDatabase: (name: string, sql: string, rowsMax: number) => Promise<QueryResult>
  /** Makes or replaces an uploaded job; what is null stays as it is, or takes its default. */
  uploadJob: (upload: JobUpload, actor?: string) => Promise<JobLine>
  /** Deletes an uploaded job with its runs and database. Jobs of the config are refused. */
  deleteJob: (name: string, actor?: string) => Promise<void>
}

export interface JobUpload {
  name: string
  /** The file as given; its name tells .wasm, .ts and .js apart. Null keeps the module there is. */
  module: { filename: string; bytes: Uint8Array } | null
  database: Uint8Array | null
  schedule: string | null
  timezone: string | null
  send: string[] | null
  config: Record<string, unknown> | null
  allowHosts: string[] | null
  timeoutMs: number | null
  /** Channels that hear how a run ended; an empty list tells nobody any more. */
  onFailure: string[] | null
  onSuccess: string[] | null
  onCompletion: string[] | null
}
