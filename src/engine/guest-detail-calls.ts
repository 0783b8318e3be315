import type { Config } from '../domain/config.js'
import { ApiError } from '../domain/errors.js'
import { hideSecrets } from '../domain/secrets.js'
import { actionBoundsMs } from '../store/stats-store.js'
import type { Engine } from './engine.js'

/** How an action or condition did while mails were routed. */
export interface ActionCallStats {
  action: string
  calls: number
  /** By the kind of the error: `timeout`, `trap`, … */
  failures: Record<string, number>
  /** The upper end of the bucket in which 95 of 100 answers were there, in milliseconds; null when there was none. */
  p95_ms: number | null
}

/** What holds when a guest is called. */
export interface GuestSettings {
  timeout_ms: number
  allow_hosts: string[]
  /** Its config by name, with secrets as `•••`. Of what was uploaded only the names are told: nobody said what is secret. */
  config: Record<string, string>
}

export interface ActionSettingsLine extends GuestSettings {
  /** Lookups that the routes which run it attach before. */
  attached: string[]
  /** All there are. */
  lookups: string[]
}

export interface JobSettingsLine extends GuestSettings {
  /** The plain name of the module's file. */
  filename: string
  send: string[]
  on_failure: string[]
  on_success: string[]
  on_completion: string[]
}

const shownMax = 500

/** What pages show of actions and jobs beside what the API lists. Rejects with `ApiError`. */
export function offerGuestDetailCalls(engine: Engine) {
  const { store, jobs, now } = engine
  return {
    /** Of the last so many milliseconds, by name; those that were not called are left out. */
    async listActionCalls(sinceMs: number): Promise<ActionCallStats[]> {
      const counted = await store.listActionCalls(now() - sinceMs)
      return counted.map(({ action, calls, failures, buckets }) => ({
        action,
        calls,
        failures,
        p95_ms: readP95(buckets),
      }))
    },
    async readActionSettings(name: string): Promise<ActionSettingsLine> {
      const { config, parts } = engine.current()
      const settings = parts.actions.find(name)?.settings
      if (!settings) throw new ApiError(404, 'not_found', `there is no action "${name}" that can be called`)
      return {
        timeout_ms: settings.timeoutMs,
        allow_hosts: settings.allowHosts,
        config: showConfig(settings.config, config.secrets),
        attached: listAttached(config, name),
        lookups: Object.keys(config.lookups),
      }
    },
    async readJobSettings(name: string): Promise<JobSettingsLine> {
      const { settings } = await jobs.scheduler.status(name)
      const { secrets } = engine.current().config
      const uploaded = (await store.listUploadedJobs()).find((job) => job.name === name)
      const isUploaded = settings.origin === 'uploaded'
      return {
        filename: (isUploaded && uploaded?.filename) || (settings.module.split('/').at(-1) ?? ''),
        timeout_ms: settings.timeoutMs,
        allow_hosts: settings.allowHosts,
        config: isUploaded ? nameConfig(settings.config) : showConfig(settings.config, secrets),
        send: settings.send,
        on_failure: settings.notify.onFailure,
        on_success: settings.notify.onSuccess,
        on_completion: settings.notify.onCompletion,
      }
    },
  }
}

function listAttached({ routes }: Pick<Config, 'routes'>, action: string): string[] {
  const users = routes.filter(({ steps }) => steps.some((step) => step.verb === 'run' && step.action === action))
  const names = users.flatMap(({ steps }) => steps.flatMap((step) => (step.verb === 'attach' ? [step.lookup] : [])))
  return [...new Set(names)]
}

function showConfig(config: Record<string, unknown>, secrets: readonly string[]): Record<string, string> {
  const show = (value: unknown): string => {
    const text = typeof value === 'string' ? value : JSON.stringify(value, (_, inner) => hideIn(inner, secrets))
    return hideSecrets(text ?? '', secrets).slice(0, shownMax)
  }
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, show(value)]))
}

/** Before it is written as JSON, which would write a secret with a quote in it otherwise. */
function hideIn(value: unknown, secrets: readonly string[]): unknown {
  return typeof value === 'string' ? hideSecrets(value, secrets) : value
}

function nameConfig(config: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.keys(config).map((key) => [key, '•••']))
}

function readP95(buckets: readonly number[]): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let seen = 0
  const bucket = buckets.findIndex((count) => {
    seen += count
    return seen >= total * 0.95
  })
  return actionBoundsMs[Math.min(bucket, actionBoundsMs.length - 1)] ?? null
}
