import { ApiError, SandboxError } from '../domain/errors.js'
import type { JobRun, JobSettings, RunTrigger } from '../domain/job.js'
import { formatDuration } from '../domain/units.js'
import type { JobState, JobStore } from '../store/job-store.js'
import type { LoadedJob } from './load-jobs.js'
import { type RunParts, recoverRun, runJob } from './run-job.js'
import { countScheduled, listNextRuns, startSchedule } from './schedule.js'

export interface SchedulerParts {
  store: JobStore
  run: RunParts
  now: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

/** What the scheduler knows of a job at this moment. */
export interface JobStatus {
  settings: JobSettings
  enabled: boolean
  running: boolean
  missed: number
  lastSuccessAt: number | null
}

interface Entry extends LoadedJob {
  enabled: boolean
  missed: number
  schedule: { stop: () => void } | null
}

interface Running {
  done: Promise<JobRun>
  abort: AbortController
}

/**
 * Runs each job at its times, and never twice at once.
 *
 * Invariants: a name has at most one run under way, also across a reload that takes the job away and back; a time that passes without a run is counted and told, and never made up for: the next one is soon enough.
 */
export class Scheduler {
  readonly #parts: SchedulerParts
  readonly #entries = new Map<string, Entry>()
  readonly #running = new Map<string, Running>()
  /** Jobs whose database is being replaced. */
  readonly #held = new Set<string>()
  #stopped = false

  constructor(parts: SchedulerParts) {
    this.#parts = parts
  }

  /** Settles what an earlier process left unfinished. Call it once, before the first `take`. */
  async recover(findSettings: (name: string) => JobSettings): Promise<void> {
    for (const { id, job } of await this.#parts.store.listUnfinishedRuns()) {
      try {
        const { outcome } = await recoverRun(this.#parts.run, findSettings(job), id)
        this.#parts.log('warn', `job ${job}: the program ended during its run`, { run: id, outcome })
      } catch (error) {
        if (!(error instanceof SandboxError)) throw error
        // The run stays unfinished: the next start asks its database again, and so does the job's next run.
        this.#parts.log('error', `job ${job}: its database does not answer`, { run: id, error: error.message })
      }
    }
  }

  /** From now on, these are the jobs. What runs goes on; what is gone from the list is not started again. */
  async take(jobs: LoadedJob[]): Promise<void> {
    const names = new Set(jobs.map(({ settings }) => settings.name))
    for (const name of this.#entries.keys()) if (!names.has(name)) this.#forget(name)
    for (const job of jobs) await this.put(job)
  }

  /** Adds one job, or replaces it; a run under way goes on as it began. */
  async put(job: LoadedJob): Promise<void> {
    const { name } = job.settings
    const known = this.#entries.get(name)
    if (known) {
      Object.assign(known, job)
      this.#reschedule(known)
      return
    }
    const state = await this.#readState(name)
    const entry: Entry = { ...job, enabled: state.enabled, missed: 0, schedule: null }
    if (state.enabled) entry.missed = await this.#countMissed(job.settings, state)
    this.#entries.set(name, entry)
    this.#reschedule(entry)
  }

  /** Ends the job's run and forgets it. */
  async remove(name: string): Promise<void> {
    const running = this.#running.get(name)
    this.#forget(name)
    running?.abort.abort()
    await running?.done.catch(() => undefined)
  }

  list(): string[] {
    return [...this.#entries.keys()].sort()
  }

  async status(name: string): Promise<JobStatus> {
    const { settings, enabled, missed } = this.#find(name)
    const state = await this.#parts.store.readJobState(name)
    return { settings, enabled, running: this.isRunning(name), missed, lastSuccessAt: state?.lastSuccessAt ?? null }
  }

  nextRuns(name: string, count: number): number[] {
    const { settings, enabled } = this.#find(name)
    return enabled ? listNextRuns(settings.schedule, settings.timezone, count) : []
  }

  async setEnabled(name: string, enabled: boolean): Promise<void> {
    const entry = this.#find(name)
    await this.#parts.store.saveJobState(name, { enabled, watchedSince: this.#parts.now() })
    entry.enabled = enabled
    entry.missed = 0
    this.#reschedule(entry)
  }

  /** Starts a run and resolves when it has ended. Rejects with `ApiError(409)` while one is under way. */
  runNow(name: string): Promise<JobRun> {
    const entry = this.#find(name)
    if (this.isRunning(name)) throw new ApiError(409, 'busy', `job "${name}" is running already`)
    if (this.#held.has(name)) throw new ApiError(409, 'busy', `the database of job "${name}" is being replaced`)
    return this.#start(entry, 'manual', this.#parts.now())
  }

  isRunning(name: string): boolean {
    return this.#running.has(name)
  }

  /** Does something to the job's database that no run may meet. Rejects with `ApiError(409)` while one is under way. */
  async whileIdle(name: string, work: () => Promise<void>): Promise<void> {
    if (this.isRunning(name)) throw new ApiError(409, 'busy', `job "${name}" is running; its database is in use`)
    this.#held.add(name)
    try {
      await work()
    } finally {
      this.#held.delete(name)
    }
  }

  /** Starts nothing more, ends what runs (it is recorded as interrupted), and waits for it. */
  async stop(): Promise<void> {
    this.#stopped = true
    const running = [...this.#running.values()]
    for (const name of [...this.#entries.keys()]) this.#forget(name)
    for (const { abort } of running) abort.abort()
    await Promise.allSettled(running.map(({ done }) => done))
  }

  #find(name: string): Entry {
    const entry = this.#entries.get(name)
    if (entry) return entry
    const names = this.list().join(', ')
    throw new ApiError(404, 'not_found', `there is no job "${name}"`, names === '' ? null : `jobs: ${names}`)
  }

  #forget(name: string): void {
    this.#entries.get(name)?.schedule?.stop()
    this.#entries.delete(name)
  }

  #reschedule(entry: Entry): void {
    entry.schedule?.stop()
    entry.schedule = null
    if (!entry.enabled || this.#stopped) return
    const { schedule, timezone } = entry.settings
    entry.schedule = startSchedule(schedule, timezone, {
      due: (scheduledAt) => this.#due(entry, scheduledAt),
      missed: (scheduledAt) => this.#miss(entry, scheduledAt, 'the program could not keep it'),
    })
  }

  #due(entry: Entry, scheduledAt: number): void {
    const { name } = entry.settings
    if (this.isRunning(name) || this.#held.has(name)) {
      const reason = this.isRunning(name) ? 'the run before is still under way' : 'its database was being replaced'
      this.#miss(entry, scheduledAt, reason)
      return
    }
    this.#start(entry, 'schedule', scheduledAt).catch((error: unknown) => {
      const words = error instanceof Error ? error.message : String(error)
      this.#parts.log('error', `job ${name} could not be run`, { error: words })
    })
  }

  #miss(entry: Entry, scheduledAt: number, reason: string): void {
    entry.missed++
    const facts = { scheduled_at: new Date(scheduledAt).toISOString(), reason }
    this.#parts.log('warn', `job ${entry.settings.name} missed a run`, facts)
  }

  #start(entry: Entry, trigger: RunTrigger, scheduledAt: number): Promise<JobRun> {
    const abort = new AbortController()
    const { settings, module } = entry
    entry.missed = 0
    const work = async (): Promise<JobRun> => {
      const state = await this.#parts.store.readJobState(settings.name)
      const order = { job: settings, module, trigger, scheduledAt, lastSuccessAt: state?.lastSuccessAt ?? null }
      return runJob(this.#parts.run, order, abort.signal)
    }
    const done = work().finally(() => {
      this.#running.delete(settings.name)
    })
    this.#running.set(settings.name, { done, abort })
    return done
  }

  async #readState(name: string): Promise<JobState> {
    const known = await this.#parts.store.readJobState(name)
    if (known) return known
    const watchedSince = this.#parts.now()
    await this.#parts.store.saveJobState(name, { enabled: true, watchedSince })
    return { enabled: true, watchedSince, lastSuccessAt: null }
  }

  async #countMissed(settings: JobSettings, state: JobState): Promise<number> {
    const { items } = await this.#parts.store.listRuns(settings.name, { limit: 1 })
    const lastAt = Math.max(state.watchedSince, items[0] ? Date.parse(items[0].scheduled_at) : 0)
    const now = this.#parts.now()
    const missed = countScheduled(settings.schedule, settings.timezone, lastAt, now)
    if (missed > 0) {
      const facts = { missed, since: new Date(lastAt).toISOString(), down_for: formatDuration(now - lastAt) }
      this.#parts.log('warn', `job ${settings.name} missed ${missed} runs; it runs again at its next time`, facts)
    }
    return missed
  }
}
