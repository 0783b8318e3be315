import { ConfigError, type ConfigIssue, SandboxError } from '../domain/errors.js'
import type { JobSettings } from '../domain/job.js'
import type { WasmHost, WasmModule } from '../domain/wasm.js'

/** A job with its module, ready to run. */
export interface LoadedJob {
  settings: JobSettings
  /** Null for an uploaded job whose module cannot be loaded any more: its runs say why. */
  module: WasmModule | null
}

/** Rejects with `SandboxError('rejected')` when the module is no job. */
export async function loadJobModule(host: Pick<WasmHost, 'load'>, settings: JobSettings): Promise<WasmModule> {
  const module = await host.load(settings.module, { alone: settings.origin === 'uploaded' })
  if (!module.kinds.includes('job')) throw new SandboxError('rejected', 'the module does not export "run"')
  return module
}

/** Loads the modules of the config's jobs. Rejects with `ConfigError`, so that a bad module never replaces a good config. */
export async function loadConfigJobs(
  host: Pick<WasmHost, 'load'>,
  jobs: Record<string, JobSettings>,
): Promise<LoadedJob[]> {
  const loaded: LoadedJob[] = []
  const issues: ConfigIssue[] = []
  for (const settings of Object.values(jobs)) {
    try {
      loaded.push({ settings, module: await loadJobModule(host, settings) })
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error
      issues.push({
        message: `job "${settings.name}" cannot be used: ${error.message}`,
        code: 'bad-module',
        severity: 'error',
        position: settings.position,
        hint: null,
        frame: null,
      })
    }
  }
  if (issues.length > 0) throw new ConfigError(issues)
  return loaded
}
