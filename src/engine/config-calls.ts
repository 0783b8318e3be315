import { printConfig } from '../config/print-config.js'
import { redactConfig } from '../config/redact.js'
import type { ConfigVariable } from '../config/variables.js'
import { ConfigError, type ConfigIssue } from '../domain/errors.js'
import { hideSecrets } from '../domain/secrets.js'
import type { ConfigStore } from '../store/config-store.js'
import type { Engine } from './engine.js'

/** What is to be known of the config that runs, beside what it says. */
export interface ConfigState {
  hash: string
  files: string[]
  routes: number
  warnings: ConfigIssue[]
  /** Those that its files name; null when the files cannot be read any more. */
  variables: ConfigVariable[] | null
  /** The files are not any more what was loaded. */
  changed: boolean
}

/** What may be asked about the config that runs. */
export function offerConfigCalls({ current, store, readVariables }: Engine) {
  return {
    async readConfigState(): Promise<ConfigState> {
      const { config, warnings } = current()
      const { hash, files, routes, secrets } = config
      const shown = warnings.map((issue) => hideIn(issue, secrets))
      const named = await readVariables().catch(nothingWhenUnreadable)
      return { hash, files, routes: routes.length, warnings: shown, ...named }
    },
    /** As it works: defaults filled in, every secret shown as `•••`. */
    readConfig: async (): Promise<Record<string, unknown>> => ({ ...Object(redactConfig(current().config)) }),
    readConfigText: async (): Promise<string> => printConfig(redactConfig(current().config)),
    listConfigLoads: (page: Parameters<ConfigStore['listConfigLoads']>[0]) => store.listConfigLoads(page),
  }
}

function nothingWhenUnreadable(error: unknown): Pick<ConfigState, 'variables' | 'changed'> {
  if (error instanceof ConfigError) return { variables: null, changed: true }
  throw error
}

/** Loads the config again, and records how that ended. Rejects with `ConfigError`. */
export async function reloadAndRecord(engine: Engine, actor: string): Promise<void> {
  try {
    await engine.reload(actor)
  } catch (error) {
    if (error instanceof ConfigError) {
      const { secrets } = engine.current().config
      const issues = error.issues.map((issue) => hideIn(issue, secrets))
      await engine.store.saveConfigLoad({ at: engine.now(), actor, hash: null, routes: null, issues })
    }
    throw error
  }
  await recordLoad(engine, actor)
}

/** Records the config that runs; at a start, only when it is another than the one before. */
export async function recordLoad(
  { store, current, now }: Pick<Engine, 'store' | 'current' | 'now'>,
  actor: string,
): Promise<void> {
  const { config, warnings } = current()
  const { hash } = config
  if (actor === 'start') {
    const { items } = await store.listConfigLoads({ limit: 1 })
    if (items[0]?.hash === hash) return
  }
  const issues = warnings.map((issue) => hideIn(issue, config.secrets))
  await store.saveConfigLoad({ at: now(), actor, hash, routes: config.routes.length, issues })
}

/** What the config before knew for a secret is none to show in an error of the new one. */
function hideIn(issue: ConfigIssue, secrets: string[]): ConfigIssue {
  const { message, hint, frame } = issue
  return {
    ...issue,
    message: hideSecrets(message, secrets),
    hint: hint === null ? null : hideSecrets(hint, secrets),
    frame: frame === null ? null : hideSecrets(frame, secrets),
  }
}
