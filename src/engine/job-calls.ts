import { ApiError, SandboxError } from '../domain/errors.js'
import type { JobCalls, JobLine, JobUpload } from '../domain/job.js'
import { databaseBytesMaxDefault } from '../jobs/sandbox.js'
import { mergeUpload } from '../jobs/uploads.js'
import type { Engine } from './engine.js'
import type { Jobs } from './jobs.js'

const nextRunsShown = 3
const nextRunsMax = 100
const queryRowsMax = 1_000

/** What the HTTP thread may ask of jobs. */
export function offerJobCalls({
  jobs,
  store,
  current,
  audit,
}: Pick<Engine, 'jobs' | 'store' | 'current' | 'audit'>): JobCalls {
  const { scheduler, files, sandbox } = jobs
  const oneAtATime = createTurns()

  async function readJob(name: string): Promise<JobLine> {
    const { settings, lastSuccessAt, ...status } = await scheduler.status(name)
    const { items } = await store.listRuns(name, { limit: 1 })
    return {
      name,
      origin: settings.origin,
      schedule: settings.schedule,
      timezone: settings.timezone,
      ...status,
      next_runs: toIso(scheduler.nextRuns(name, nextRunsShown)),
      last_run: items[0] ?? null,
      last_success_at: lastSuccessAt === null ? null : new Date(lastSuccessAt).toISOString(),
      database_bytes: await files.databaseBytes(name),
    }
  }

  return {
    listJobs: () => Promise.all(scheduler.list().map(readJob)),
    readJob,
    async runJob(name, actor = 'api') {
      await scheduler.status(name)
      const [run] = await Promise.all([scheduler.runNow(name), audit(actor, 'job.run', [name], {})])
      return run
    },
    async listRuns(name, page) {
      await scheduler.status(name)
      return store.listRuns(name, page)
    },
    async readRun(runId) {
      const run = await store.readRun(runId)
      if (run) return run.outcome === 'running' ? { ...run, logs: jobs.liveLogs(runId) } : run
      throw new ApiError(404, 'not_found', `there is no run ${runId}`)
    },
    async setJobEnabled(name, enabled, actor = 'api') {
      await scheduler.setEnabled(name, enabled)
      await audit(actor, enabled ? 'job.enable' : 'job.disable', [name], {})
    },
    nextRuns: async (name, count) => toIso(scheduler.nextRuns(name, Math.min(Math.max(1, count), nextRunsMax))),
    async exportDatabase(name) {
      await requireDatabase(jobs, name)
      return refuse('invalid_database', files.exportDatabase(name))
    },
    replaceDatabase: (name, bytes, actor = 'api') =>
      oneAtATime(name, async () => {
        await replaceDatabase(jobs, name, bytes)
        await audit(actor, 'job.database', [name], { size_bytes: bytes.byteLength })
      }),
    async queryDatabase(name, sql, rowsMax) {
      await requireDatabase(jobs, name)
      const limit = Math.min(Math.max(1, Math.floor(rowsMax)), queryRowsMax)
      return refuse('invalid_query', sandbox.query(files.databasePath(name), sql, limit))
    },
    uploadJob: (upload, actor = 'api') =>
      oneAtATime(upload.name, async () => {
        await takeUpload({ jobs, store, current }, upload)
        await audit(actor, 'job.upload', [upload.name], { filename: upload.module?.filename ?? null })
        return readJob(upload.name)
      }),
    deleteJob: (name, actor = 'api') =>
      oneAtATime(name, async () => {
        const { settings } = await scheduler.status(name)
        if (settings.origin === 'config') throw declaredInConfig(name)
        await scheduler.remove(name)
        await store.deleteUploadedJob(name)
        await files.deleteAll(name)
        await audit(actor, 'job.delete', [name], {})
      }),
  }
}

/** Everything is checked before anything is kept: a broken upload changes nothing. */
async function takeUpload(
  { jobs, store, current }: Pick<Engine, 'jobs' | 'store' | 'current'>,
  upload: JobUpload,
): Promise<void> {
  const { config } = current()
  if (config.jobs[upload.name]) throw declaredInConfig(upload.name)
  const before = (await store.listUploadedJobs()).find(({ name }) => name === upload.name) ?? null
  const uploaded = mergeUpload(upload, before, { channels: Object.keys(config.channels) })
  const loaded = await refuse('invalid_module', jobs.loadUpload(uploaded))
  if (upload.database) await installDatabase(jobs, upload.name, upload.database)
  await store.saveUploadedJob(uploaded)
  await jobs.scheduler.put(loaded)
}

async function replaceDatabase(jobs: Jobs, name: string, bytes: Uint8Array): Promise<void> {
  await jobs.scheduler.status(name)
  await installDatabase(jobs, name, bytes)
}

async function installDatabase(jobs: Jobs, name: string, bytes: Uint8Array): Promise<void> {
  if (bytes.byteLength > databaseBytesMaxDefault) {
    const message = `the database has ${bytes.byteLength} bytes, at most ${databaseBytesMaxDefault} are allowed`
    throw new ApiError(413, 'too_large', message)
  }
  await jobs.scheduler.whileIdle(name, () => refuse('invalid_database', jobs.files.replaceDatabase(name, bytes)))
}

async function requireDatabase(jobs: Jobs, name: string): Promise<void> {
  await jobs.scheduler.status(name)
  if (await jobs.files.hasDatabase(name)) return
  throw new ApiError(404, 'not_found', `job "${name}" has no database yet`, 'its first run makes one')
}

function declaredInConfig(name: string): ApiError {
  return new ApiError(409, 'declared_in_config', `job "${name}" stands in the config`, 'change it there')
}

/** What the sandbox refuses is the caller's mistake; that it is busy or shutting down is not. */
async function refuse<Value>(code: string, work: Promise<Value>): Promise<Value> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
    if (error.kind === 'busy' || error.kind === 'closed') throw new ApiError(503, 'busy', error.message)
    throw new ApiError(400, code, error.message)
  }
}

/** Two uploads of one name at once: the second waits for the first. */
function createTurns(): <Value>(name: string, work: () => Promise<Value>) => Promise<Value> {
  const turns = new Map<string, Promise<unknown>>()
  return (name, work) => {
    const turn = (turns.get(name) ?? Promise.resolve()).then(work, work)
    const end = turn.then(
      () => undefined,
      () => undefined,
    )
    turns.set(name, end)
    void end.then(() => {
      if (turns.get(name) === end) turns.delete(name)
    })
    return turn
  }
}

function toIso(times: number[]): string[] {
  return times.map((time) => new Date(time).toISOString())
}
