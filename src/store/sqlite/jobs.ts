import type Database from 'better-sqlite3'
import type { NewNotification } from '../../domain/delivery.js'
import type { GuestLog } from '../../domain/errors.js'
import type { JobRun } from '../../domain/job.js'
import type { JobState, NewRun, RunEnd, UploadedJob } from '../job-store.js'
import type { CommittedRouting, Page } from '../store.js'
import { prepareNotifications } from './notifications.js'
import type { StatCounts } from './stat-counts.js'
import { allRows, sql, type Tables } from './statements.js'

const pageLimitMax = 1_000

/** Jobs and their runs. Every function that writes runs inside the caller's transaction. */
export function prepareJobs(database: Database.Database, counts: StatCounts) {
  const notifications = prepareNotifications(database, counts)
  const insertRun = database.prepare(
    `INSERT INTO runs (id, job, trigger, scheduled_at, started_at, outcome, sha256)
     VALUES (@id, @job, @trigger, @scheduledAt, @startedAt, 'running', @sha256)`,
  )
  const endRun = database.prepare(
    `UPDATE runs SET outcome = @outcome, finished_at = @finishedAt, error = @error, logs = @logs,
       duration_ms = @durationMs, notifications = @notifications, rows_changed = @rowsChanged
     WHERE id = @id AND (outcome = 'running' OR outcome <> 'success' AND @outcome = 'success')
     RETURNING job, started_at`,
  )
  const noteSuccess = database.prepare<[number, string]>('UPDATE job_states SET last_success_at = ? WHERE job = ?')
  const forgetOldRuns = database.prepare<[string, string, number]>(
    `DELETE FROM runs WHERE job = ? AND outcome <> 'running' AND id <
       (SELECT id FROM runs WHERE job = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
  )
  const readState = database.prepare<[string], StateRow>('SELECT * FROM job_states WHERE job = ?')
  const saveState = database.prepare(
    `INSERT INTO job_states (job, enabled, watched_since) VALUES (@job, @enabled, @watchedSince)
     ON CONFLICT (job) DO UPDATE SET enabled = excluded.enabled, watched_since = excluded.watched_since`,
  )
  const listUploads = database.prepare<[], UploadRow>('SELECT * FROM uploaded_jobs ORDER BY job')
  const saveUpload = database.prepare(
    `INSERT INTO uploaded_jobs (job, definition, filename, module) VALUES (@name, @definition, @filename, @module)
     ON CONFLICT (job) DO UPDATE SET definition = excluded.definition, filename = excluded.filename,
       module = excluded.module`,
  )
  const deleteUpload = database.prepare<[string]>('DELETE FROM uploaded_jobs WHERE job = ?')
  const deleteRuns = database.prepare<[string]>('DELETE FROM runs WHERE job = ?')
  const deleteState = database.prepare<[string]>('DELETE FROM job_states WHERE job = ?')

  function finishRun(end: RunEnd, raised: NewNotification[]): CommittedRouting | false {
    const { runsKept, ...columns } = end
    const row = endRun.get({ ...columns, logs: JSON.stringify(end.logs) }) as
      | { job: string; started_at: number }
      | undefined
    if (!row) return false
    if (end.outcome === 'success') noteSuccess.run(row.started_at, row.job)
    forgetOldRuns.run(row.job, row.job, runsKept - 1)
    return notifications.save(
      raised,
      { source: 'run', mailId: null, generation: 0, runId: end.id, key: `run/${end.id}` },
      end.finishedAt,
    )
  }

  function deleteUploadedJob(job: string): boolean {
    if (deleteUpload.run(job).changes === 0) return false
    deleteRuns.run(job)
    deleteState.run(job)
    return true
  }

  return {
    startRun: (run: NewRun): void => void insertRun.run(run),
    finishRun,
    deleteUploadedJob,
    readState(job: string): JobState | null {
      const row = readState.get(job)
      if (!row) return null
      return { enabled: row.enabled === 1, watchedSince: row.watched_since, lastSuccessAt: row.last_success_at }
    },
    saveState: (job: string, { enabled, watchedSince }: Pick<JobState, 'enabled' | 'watchedSince'>): void =>
      void saveState.run({ job, enabled: enabled ? 1 : 0, watchedSince }),
    listUploads: (): UploadedJob[] =>
      listUploads.all().map(({ job, definition, filename, module }) => ({
        name: job,
        definition: JSON.parse(definition) as unknown,
        filename,
        module,
      })),
    saveUpload: ({ name, definition, filename, module }: UploadedJob): void =>
      void saveUpload.run({ name, definition: JSON.stringify(definition), filename, module }),
  }
}

/** Newest first; the cursor is the id of the last run of the page before. */
export function listRuns(
  database: Database.Database,
  job: string,
  page: { limit: number; cursor?: string },
): Page<JobRun> {
  const limit = Math.min(Math.max(1, page.limit), pageLimitMax)
  let query = sql.selectFrom('runs').selectAll().where('job', '=', job)
  if (page.cursor) query = query.where('id', '<', page.cursor)
  const rows = allRows(database, query.orderBy('id', 'desc').limit(limit + 1))
  const items = rows.slice(0, limit).map(toRun)
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

export function readRun(database: Database.Database, runId: string): JobRun | null {
  const row = allRows(database, sql.selectFrom('runs').selectAll().where('id', '=', runId))[0]
  return row ? toRun(row) : null
}

export function listUnfinishedRuns(database: Database.Database): JobRun[] {
  return allRows(database, sql.selectFrom('runs').selectAll().where('outcome', '=', 'running').orderBy('id')).map(toRun)
}

function toRun(row: Tables['runs']): JobRun {
  return {
    id: row.id,
    job: row.job,
    trigger: row.trigger,
    scheduled_at: new Date(row.scheduled_at).toISOString(),
    started_at: new Date(row.started_at).toISOString(),
    finished_at: row.finished_at === null ? null : new Date(row.finished_at).toISOString(),
    outcome: row.outcome,
    error: row.error,
    logs: JSON.parse(row.logs) as GuestLog[],
    duration_ms: row.duration_ms,
    notifications: row.notifications,
    rows_changed: row.rows_changed,
    sha256: row.sha256,
  }
}

interface StateRow {
  enabled: number
  watched_since: number
  last_success_at: number | null
}

interface UploadRow {
  job: string
  definition: string
  filename: string
  module: Uint8Array
}
