import type { ActionCallSettings, Config } from '../domain/config.js'
import { ConfigError, type ConfigIssue, type Position, SandboxError } from '../domain/errors.js'
import type { WasmHost, WasmModule } from '../domain/wasm.js'
import { type ActionReference, listActionReferences } from './action-references.js'

/** Modules that stand in no config file. */
export interface UploadedModules {
  find: (name: string) => WasmModule | null
  /** Uploads that ran before and cannot be used any more, with the reason. */
  broken: ReadonlyMap<string, string>
}

/** An action or condition, ready to be called. */
export interface RunnableAction {
  /** The config's, or the defaults for a name that only was uploaded. */
  settings: ActionCallSettings
  module: WasmModule
  origin: 'config' | 'uploaded'
}

/** What stands behind the names a config uses. An upload stands before the config's own module of that name. */
export interface ActionSet {
  find: (name: string) => RunnableAction | null
  /** For names that were checked when the config was taken over. */
  get: (name: string) => RunnableAction
  /** The config's own modules, by name. */
  declared: ReadonlyMap<string, WasmModule>
}

const exportOf = { action: 'handle', condition: 'match' } as const

/**
 * Loads the config's modules and checks that every route finds what it names, and of the right kind. Rejects with
 * `ConfigError`, so that a bad module never replaces a good config.
 */
export async function loadActions(config: Config, uploads: UploadedModules, host: WasmHost): Promise<ActionSet> {
  const declared = new Map<string, WasmModule>()
  const issues: ConfigIssue[] = []
  for (const { name, module: path, position } of Object.values(config.actions)) {
    try {
      const module = await host.load(path)
      if (!module.kinds.includes('action') && !module.kinds.includes('condition')) {
        throw new SandboxError('rejected', 'the module exports neither "handle" nor "match"')
      }
      declared.set(name, module)
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error
      issues.push(badModule(`action "${name}" cannot be used: ${error.message}`, position))
    }
  }
  const find = (name: string): RunnableAction | null => {
    const uploaded = uploads.find(name)
    const module = uploaded ?? declared.get(name)
    if (!module) return null
    const origin = uploaded ? 'uploaded' : 'config'
    return { settings: config.actions[name] ?? defaultSettings(name), module, origin }
  }
  if (issues.length === 0) {
    for (const reference of listActionReferences(config)) {
      const problem = findProblem(reference, find(reference.action)?.module ?? null)
      const reason = uploads.broken.get(reference.action)
      if (problem) issues.push(badModule(reason ? `${problem} any more: ${reason}` : problem, reference.position))
    }
  }
  if (issues.length > 0) throw new ConfigError(issues)
  return {
    find,
    declared,
    get(name) {
      const found = find(name)
      if (!found) throw new RangeError(`the config lets a route use an unknown action "${name}"`)
      return found
    },
  }
}

/** Why a module cannot stand where a route or a monitor names it, or null. */
export function findProblem({ action, user, kind }: ActionReference, module: WasmModule | null): string | null {
  const { sort, name } = user
  if (!module) return `the ${sort} "${name}" uses the action "${action}", which is not there`
  if (module.kinds.includes(kind)) return null
  const verb = kind === 'action' ? 'runs' : 'asks'
  return `the ${sort} "${name}" ${verb} "${action}", which does not export "${exportOf[kind]}"`
}

function defaultSettings(name: string): ActionCallSettings {
  return { name, config: {}, timeoutMs: 1_000, allowHosts: [] }
}

function badModule(message: string, position: Position | null): ConfigIssue {
  return { message, code: 'bad-module', severity: 'error', position, hint: null, frame: null }
}
