import { basename, join } from 'node:path'
import type { Config } from '../domain/config.js'
import { type GuestLog, SandboxError } from '../domain/errors.js'
import type { EngineEvent } from '../domain/events.js'
import type { JobSettings } from '../domain/job.js'
import type { NotifyRule } from '../domain/monitor.js'
import { createIdSource } from '../domain/new-id.js'
import { hideSecrets } from '../domain/secrets.js'
import type { WasmHost } from '../domain/wasm.js'
import { type JobFiles, openJobFiles } from '../jobs/job-files.js'
import { type LoadedJob, loadConfigJobs, loadJobModule } from '../jobs/load-jobs.js'
import type { RunParts } from '../jobs/run-job.js'
import { createJobSandbox, type JobSandbox } from '../jobs/sandbox.js'
import { Scheduler } from '../jobs/scheduler.js'
import { settingsOfUpload } from '../jobs/uploads.js'
import type { RunEnd, UploadedJob } from '../store/job-store.js'
import type { Store } from '../store/store.js'
import { createWasmHost } from '../wasm/host.js'
import { jobModuleLimits } from '../wasm/limits.js'
import { jobSurroundings } from './job-surroundings.js'
import { planRun } from './plan-run.js'

export interface JobsParts {
  store: Store
  dataFolder: string
  userAgent: string
  config: () => Config
  /** Who hears of runs beside those the config names. */
  rules: () => readonly NotifyRule[]
  emit: (event: EngineEvent) => void
  wakeDeliveries: (channels: string[]) => void
  now: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

/** Everything of jobs behind the engine: their modules, databases, times and runs. */
export interface Jobs {
  scheduler: Scheduler
  sandbox: JobSandbox
  files: JobFiles
  host: WasmHost
  /** What a run has logged so far, while it is under way. */
  liveLogs: (runId: string) => GuestLog[]
  /** The config's jobs and those uploaded ones whose name it leaves free. Rejects with `ConfigError`. */
  load: (config: Config) => Promise<LoadedJob[]>
  /** One uploaded job, its module written and loaded. Rejects with `SandboxError('rejected')`. */
  loadUpload: (uploaded: UploadedJob) => Promise<LoadedJob>
  /** Settles what an earlier process left, and starts the schedules. */
  start: (jobs: LoadedJob[]) => Promise<void>
  stop: () => Promise<void>
}

export function openJobs(parts: JobsParts): Jobs {
  const { store, dataFolder, now, log } = parts
  const host = createWasmHost({ cacheFolder: join(dataFolder, 'wasm-cache', 'jobs'), moduleLimits: jobModuleLimits })
  const sandbox = createJobSandbox()
  const files = openJobFiles(join(dataFolder, 'jobs'), sandbox, now)
  const newId = createIdSource()
  const liveLogs = new Map<string, GuestLog[]>()
  const run: RunParts = {
    store: {
      ...store,
      finishRun: async (end, raised) => {
        const committed = await store.finishRun(hideRunSecrets(end, parts.config()), raised)
        liveLogs.delete(end.id)
        return committed
      },
    },
    onLog: (runId, line) => {
      const lines = liveLogs.get(runId) ?? []
      lines.push({ ...line, message: hideSecrets(line.message, parts.config().secrets) })
      liveLogs.set(runId, lines)
    },
    host,
    sandbox,
    files,
    surroundings: (job) => jobSurroundings(job, parts.config(), parts),
    plan: (summary) => planRun(summary, parts.config(), parts.rules()),
    onEnd: ({ id, job, outcome, notifications, duration_ms, error }, channels) => {
      parts.emit({
        type: 'run.finished',
        run_id: id,
        job,
        outcome,
        notifications,
        duration_ms: duration_ms ?? 0,
        error,
      })
      if (channels.length > 0) parts.wakeDeliveries(channels)
    },
    newId: () => newId(now()),
    now,
  }
  const scheduler = new Scheduler({ store, run, now, log })

  async function loadUpload(uploaded: UploadedJob): Promise<LoadedJob> {
    const modulePath = await files.writeModule(uploaded.name, uploaded.filename, uploaded.module)
    const settings = settingsOfUpload(uploaded, modulePath)
    try {
      return { settings, module: await loadJobModule(host, settings) }
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error
      // The author knows the file by the name it was uploaded under.
      const message = error.message.replaceAll(basename(modulePath), uploaded.filename)
      throw new SandboxError(error.kind, message, error.logs)
    }
  }

  async function loadUploads(config: Config): Promise<LoadedJob[]> {
    const loaded: LoadedJob[] = []
    for (const uploaded of await store.listUploadedJobs()) {
      if (config.jobs[uploaded.name]) continue
      try {
        loaded.push(await loadUpload(uploaded))
      } catch (error) {
        if (!(error instanceof SandboxError)) throw error
        log('error', `the uploaded job ${uploaded.name} cannot be used`, { error: error.message })
        loaded.push({ settings: settingsOfUpload(uploaded, error.message), module: null })
      }
    }
    return loaded
  }

  return {
    scheduler,
    sandbox,
    files,
    host,
    liveLogs: (runId) => liveLogs.get(runId) ?? [],
    loadUpload,
    load: async (config) => [...(await loadConfigJobs(host, config.jobs)), ...(await loadUploads(config))],
    async start(jobs) {
      const settings = new Map(jobs.map((job) => [job.settings.name, job.settings]))
      await scheduler.recover((name) => settings.get(name) ?? unknownJob(name))
      await scheduler.take(jobs)
    },
    async stop() {
      await scheduler.stop()
      await sandbox.stop()
      await host.stop()
    },
  }
}

/** Guests may be given secrets in their config; what they log of them is for nobody. */
function hideRunSecrets(end: RunEnd, { secrets }: Config): RunEnd {
  const error = end.error === null ? null : hideSecrets(end.error, secrets)
  return { ...end, error, logs: end.logs.map((line) => ({ ...line, message: hideSecrets(line.message, secrets) })) }
}

/** A run was under way when the program ended, and its job is gone since. What it committed is told all the same. */
function unknownJob(name: string): JobSettings {
  return {
    name,
    origin: 'uploaded',
    module: '',
    config: {},
    schedule: '0 0 1 1 *',
    timezone: 'UTC',
    database: null,
    send: [],
    allowHosts: [],
    timeoutMs: 0,
    notify: { onFailure: [], onSuccess: [], onCompletion: [] },
    position: null,
  }
}
