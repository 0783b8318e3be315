import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NewNotification } from '#src/domain/delivery.js'
import type { JobRun, JobSettings } from '#src/domain/job.js'
import { createIdSource } from '#src/domain/new-id.js'
import { openJobFiles } from '#src/jobs/job-files.js'
import { loadConfigJobs } from '#src/jobs/load-jobs.js'
import { type RunParts, type RunSummary, recoverRun, runJob, runsKept } from '#src/jobs/run-job.js'
import { Scheduler } from '#src/jobs/scheduler.js'
import { until } from '../stand-ins/until.js'
import { makeNotification } from '../store/store-fixture.js'
import { writeGuest } from './guests.js'
import { openSandbox } from './sandbox-fixture.js'

let box: ReturnType<typeof openSandbox>
let scheduler: Scheduler
let told: RunSummary[]
let ended: JobRun[]
let lines: string[]
let clock: number
let parts: RunParts
let running: Promise<unknown>[] = []

beforeEach(() => {
  box = openSandbox()
  told = []
  ended = []
  lines = []
  running = []
  clock = Date.now()
  const newId = createIdSource()
  parts = {
    store: box.store,
    host: box.host,
    sandbox: box.sandbox,
    files: openJobFiles(join(box.folder, 'databases'), box.sandbox, () => clock),
    surroundings: () => box.surroundings,
    plan: async (summary) => {
      told.push(summary)
      const raised = summary.report?.notifications ?? []
      const notifications = raised.map(({ title }): NewNotification => makeNotification([], { route: title }))
      return { notifications, warnings: [] }
    },
    onEnd: (run) => ended.push(run),
    newId: () => newId(clock),
    now: () => clock,
  }
  scheduler = makeScheduler()
})
afterEach(async () => {
  await scheduler.stop()
  await Promise.allSettled(running)
  await box.stop()
})

function makeScheduler(): Scheduler {
  const log = (_: string, message: string, facts: Record<string, unknown>) =>
    void lines.push(`${message} ${JSON.stringify(facts)}`)
  return new Scheduler({ store: box.store, run: parts, now: () => clock, log })
}

function makeJob(name: string, body: string, changes: Partial<JobSettings> = {}): JobSettings {
  return {
    name,
    origin: 'config',
    module: writeGuest(box.folder, 'guest', body),
    config: {},
    schedule: '0 0 1 1 *',
    timezone: 'UTC',
    database: null,
    send: [],
    allowHosts: [],
    timeoutMs: 20_000,
    notify: { onFailure: [], onSuccess: [], onCompletion: [] },
    position: { file: 'routes.yaml', line: 7, column: 3 },
    ...changes,
  }
}

const load = (...jobs: JobSettings[]) =>
  loadConfigJobs(box.host, Object.fromEntries(jobs.map((job) => [job.name, job])))
const take = async (...jobs: JobSettings[]) => scheduler.take(await load(...jobs))

/** Starts a run that does not end by itself, and waits until its guest runs. */
async function startEndless(name: string): Promise<void> {
  running.push(scheduler.runNow(name))
  await until(() => parts.files.hasDatabase(name), 'the run has begun')
}

describe('a job', () => {
  it('runs once at a time, also when a reload takes it away and back', async () => {
    const job = makeJob('endless', 'for (;;) {}')
    await take(job)
    await startEndless('endless')
    expect(() => scheduler.runNow('endless')).toThrow(/is running already/)
    await take()
    await take(job)
    expect(() => scheduler.runNow('endless')).toThrow(/is running already/)
    await expect(scheduler.whileIdle('endless', async () => undefined)).rejects.toThrow(/in use/)
    await scheduler.stop()
    expect(ended).toMatchObject([{ job: 'endless', outcome: 'interrupted' }])
    expect((await box.store.listUnfinishedRuns()).length).toBe(0)
  })

  it('is killed at its deadline and can run again', async () => {
    await take(makeJob('late', 'if (input.last_success_at === null) for (;;) {}', { timeoutMs: 500 }))
    const run = await scheduler.runNow('late')
    expect(run).toMatchObject({
      outcome: 'failure',
      error: 'no result within 500 ms',
      notifications: 0,
      rows_changed: 0,
    })
    expect(scheduler.isRunning('late')).toBe(false)
  })

  it('hears when it last went well, and who started it', async () => {
    await take(makeJob('clock', 'console.log(JSON.stringify([input.now, input.last_success_at, input.job.name]))'))
    const first = await scheduler.runNow('clock')
    clock += 60_000
    const second = await scheduler.runNow('clock')
    expect(second.trigger).toBe('manual')
    expect(JSON.parse(second.logs[0]?.message ?? '')).toEqual([second.started_at, first.started_at, 'clock'])
    expect(await scheduler.status('clock')).toMatchObject({
      lastSuccessAt: Date.parse(second.started_at),
      running: false,
    })
  })

  it('that is broken keeps the config from being used, with its position', async () => {
    const wrong = { ...makeJob('wrong', ''), module: join(box.folder, 'none.ts') }
    await expect(load(wrong)).rejects.toMatchObject({
      issues: [{ code: 'bad-module', position: { file: 'routes.yaml', line: 7 } }],
    })
  })

  it('keeps the newest runs only', async () => {
    await take(makeJob('many', ''))
    await scheduler.runNow('many')
    for (let count = 0; count < runsKept + 5; count++) {
      const id = parts.newId()
      await box.store.startRun({
        id,
        job: 'many',
        trigger: 'manual',
        scheduledAt: clock,
        startedAt: clock,
        sha256: null,
      })
      const end = {
        id,
        outcome: 'failure' as const,
        error: 'x',
        logs: [],
        durationMs: 1,
        notifications: 0,
        rowsChanged: 0,
      }
      await box.store.finishRun({ ...end, finishedAt: clock, runsKept }, [])
    }
    expect((await box.store.listRuns('many', { limit: 1_000 })).items).toHaveLength(runsKept)
  })
})

describe('times', () => {
  it('that passed while the program was down are counted and told, and made up for by nothing', async () => {
    await box.store.saveJobState('watch', { enabled: true, watchedSince: clock - 7_200_000 })
    await take(makeJob('watch', '', { schedule: '*/30 * * * *' }))
    expect((await scheduler.status('watch')).missed).toBe(4)
    expect(lines).toEqual([expect.stringContaining('job watch missed 4 runs; it runs again at its next time')])
    expect(ended).toEqual([])
    await scheduler.runNow('watch')
    expect((await scheduler.status('watch')).missed).toBe(0)
  })

  it('are none of a disabled job, nor are those of that while missed', async () => {
    await take(makeJob('off', '', { schedule: '* * * * *' }))
    expect(scheduler.nextRuns('off', 2)).toHaveLength(2)
    await scheduler.setEnabled('off', false)
    expect(scheduler.nextRuns('off', 2)).toEqual([])
    clock += 3_600_000
    await scheduler.stop()
    scheduler = makeScheduler()
    await take(makeJob('off', '', { schedule: '* * * * *' }))
    expect(await scheduler.status('off')).toMatchObject({ enabled: false, missed: 0 })
    await scheduler.setEnabled('off', true)
    expect(await scheduler.status('off')).toMatchObject({ enabled: true, missed: 0 })
  })
})

describe('when the program ends at the worst moment', () => {
  const raise = "mailtrigger.db.exec('CREATE TABLE IF NOT EXISTS t (a)'); mailtrigger.notify({ title: 'disk' })"

  /** A run whose changes are committed, and of which the store only knows that it began. */
  async function commitOnly(job: JobSettings): Promise<string> {
    const id = parts.newId()
    await box.store.startRun({
      id,
      job: job.name,
      trigger: 'schedule',
      scheduledAt: clock,
      startedAt: clock,
      sha256: null,
    })
    await box.runModule(job.module, { runId: id, database: parts.files.databasePath(job.name) })
    return id
  }

  it('after the commit, its notifications are saved at the next start, once', async () => {
    const job = makeJob('alerts', raise)
    const id = await commitOnly(job)
    await scheduler.recover(() => job)
    expect(ended).toMatchObject([{ id, outcome: 'success', notifications: 1 }])
    expect(told[0]?.report?.notifications).toMatchObject([{ title: 'disk' }])
    expect(await box.sandbox.readReport(parts.files.databasePath('alerts'))).toBeNull()
    await scheduler.recover(() => job)
    await recoverRun(parts, job, id)
    expect(ended).toHaveLength(1)
    expect((await box.store.readRun(id))?.outcome).toBe('success')
  })

  it('after the notifications were saved, they are not saved again', async () => {
    const job = makeJob('alerts', raise)
    await take(job)
    const clearReport = parts.sandbox.clearReport
    const lost = { ...parts, sandbox: { ...parts.sandbox, clearReport: async () => undefined } }
    const [loaded] = await load(job)
    const order = {
      job,
      module: loaded?.module ?? null,
      trigger: 'manual' as const,
      scheduledAt: clock,
      lastSuccessAt: null,
    }
    const first = await runJob(lost, order, new AbortController().signal)
    expect((await parts.sandbox.readReport(parts.files.databasePath('alerts')))?.run_id).toBe(first.id)
    parts.sandbox.clearReport = clearReport
    const second = await scheduler.runNow('alerts')
    expect(ended.map(({ id }) => id)).toEqual([first.id, second.id])
    expect(ended.map(({ notifications }) => notifications)).toEqual([1, 1])
  })

  it('a run that committed as it was killed is told by the next one', async () => {
    const job = makeJob('alerts', raise)
    const id = await commitOnly(job)
    const failed = { id, outcome: 'failure' as const, error: 'late', logs: [], durationMs: 1, notifications: 0 }
    await box.store.finishRun({ ...failed, rowsChanged: 0, finishedAt: clock, runsKept }, [])
    await take(job)
    const next = await scheduler.runNow('alerts')
    expect(ended.map((run) => [run.id, run.outcome, run.notifications])).toEqual([
      [id, 'success', 1],
      [next.id, 'success', 1],
    ])
  })

  it('before the commit, the run was interrupted and left nothing', async () => {
    const job = makeJob('alerts', raise)
    const id = parts.newId()
    await box.store.startRun({
      id,
      job: 'alerts',
      trigger: 'schedule',
      scheduledAt: clock,
      startedAt: clock,
      sha256: null,
    })
    await scheduler.recover(() => job)
    expect(ended).toMatchObject([{ id, outcome: 'interrupted', notifications: 0 }])
  })
})

describe('the database', () => {
  it('begins with the contents it is given, once', async () => {
    await box.runBody(
      'seed',
      "mailtrigger.db.exec('CREATE TABLE t (a)'); mailtrigger.db.exec('INSERT INTO t VALUES (1)')",
    )
    const database = join(box.folder, 'first.sqlite3')
    await box.sandbox.copy(box.databasePath('seed'), database)
    await take(makeJob('My Job', "mailtrigger.db.exec('INSERT INTO t VALUES (2)')", { database }))
    await scheduler.runNow('My Job')
    await scheduler.runNow('My Job')
    const path = parts.files.databasePath('My Job')
    expect(path).toMatch(/databases\/my-job_[0-9a-f]{12}\.sqlite3$/)
    expect((await box.sandbox.query(path, 'SELECT a FROM t', 10)).rows).toEqual([[1], [2], [2]])
  })

  it('that cannot be used as first contents fails the run, which says so', async () => {
    const database = writeGuest(box.folder, 'no-database', '')
    await take(makeJob('wrong', '', { database }))
    expect(await scheduler.runNow('wrong')).toMatchObject({
      outcome: 'failure',
      error: 'the file is no SQLite database',
    })
    await take(makeJob('gone', '', { database: join(box.folder, 'nowhere') }))
    expect((await scheduler.runNow('gone')).error).toContain('first contents')
    expect(readdirSync(join(box.folder, 'databases')).filter((name) => name.includes('part'))).toEqual([])
  })

  it('that is replaced is kept, the last five times', async () => {
    await take(makeJob('kept', "mailtrigger.db.exec('CREATE TABLE IF NOT EXISTS t (a)')"))
    await scheduler.runNow('kept')
    const bytes = await parts.files.exportDatabase('kept')
    for (let count = 0; count < 7; count++) {
      clock += 1_000
      await parts.files.replaceDatabase('kept', bytes)
    }
    const names = readdirSync(join(box.folder, 'databases')).filter((name) => name.startsWith('kept.'))
    expect(names.filter((name) => name.includes('backup'))).toHaveLength(5)
    await expect(parts.files.replaceDatabase('kept', Buffer.from('nonsense'))).rejects.toThrow(/no SQLite database/)
    expect(await scheduler.runNow('kept')).toMatchObject({ outcome: 'success' })
    await parts.files.deleteAll('kept')
    expect(readdirSync(join(box.folder, 'databases')).filter((name) => name.startsWith('kept.'))).toEqual([])
  })

  it.each(['../../etc/x', 'a/b', '..', 'Ünï', 'a\0b', 'x'.repeat(300)])(
    'of a job called %j lies in its folder',
    (name) => {
      const path = parts.files.databasePath(name)
      expect(path.startsWith(join(box.folder, 'databases/'))).toBe(true)
      expect(path.slice(join(box.folder, 'databases/').length)).toMatch(/^[a-z0-9-]*_[0-9a-f]{12}\.sqlite3$/)
      expect(existsSync(path)).toBe(false)
    },
  )
})
