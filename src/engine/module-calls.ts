import { type GuestTrial, tryGuest } from '../act/try-guest.js'
import { ApiError, SandboxError } from '../domain/errors.js'
import type { Attachment, RawMail } from '../domain/mail.js'
import type { ModuleVersion } from '../domain/module-version.js'
import type { WasmModule } from '../domain/wasm.js'
import type { StoredModule } from '../store/module-store.js'
import { listActionReferences } from './action-references.js'
import { findProblem } from './action-set.js'
import { hideInTrial, type TrialMail } from './action-trial.js'
import type { Engine } from './engine.js'

/** An action or condition, as the API and the commands show it. */
export interface ActionLine {
  name: string
  /** Where the module that runs comes from. An upload stands before the config's own module of that name. */
  origin: 'config' | 'uploaded'
  /** The config has an entry of this name; its `config` and `timeout` hold for uploads, too. */
  declared: boolean
  sha256: string
  filename: string
  size_bytes: number
  kinds: ModuleVersion['kinds']
  /** ISO time; null for a module of the config. */
  uploaded_at: string | null
  /** How many uploaded versions are kept. */
  versions: number
  timeout_ms: number
  /** Names of the routes that run or ask it. */
  routes: string[]
}

export type ModuleCalls = ReturnType<typeof offerModuleCalls>

const namesMax = 200
const trialTimeoutMs = 60_000
const attachedMax = 20

/** What may be asked about actions and conditions. Rejects with `ApiError`. */
export function offerModuleCalls(engine: Engine) {
  const { uploads, store, log, audit } = engine

  async function listActions(): Promise<ActionLine[]> {
    const versions = await store.listModules()
    const names = new Set([...engine.current().parts.actions.declared.keys(), ...versions.map(({ name }) => name)])
    return [...names].sort().flatMap((name) => describeAction(engine, name, versions) ?? [])
  }

  async function readAction(name: string): Promise<ActionLine> {
    const line = describeAction(engine, name, await store.listModules(name))
    if (line) return line
    throw unknownAction(engine, name)
  }

  /** Refuses a module that a route of the running config could not use. */
  const checkUses =
    (name: string) =>
    (module: WasmModule): void => {
      if (!module.kinds.includes('action') && !module.kinds.includes('condition')) {
        const hint = 'a job is uploaded by: mailtrigger jobs push'
        throw invalidModule('the module exports neither "handle" nor "match"', hint)
      }
      for (const reference of referencesTo(engine, name)) {
        const problem = findProblem(reference, module)
        if (problem) throw invalidModule(problem)
      }
      if (!uploads.find(name) && uploads.names().length >= namesMax) {
        throw new ApiError(409, 'too_many', `${namesMax} actions are uploaded already`, 'delete one that nothing uses')
      }
    }

  async function tryOn(name: string, raw: RawMail, lookups: string[]): Promise<{ trial: GuestTrial; mail: TrialMail }> {
    const { config, parts } = engine.current()
    const signal = AbortSignal.timeout(trialTimeoutMs)
    const found = parts.actions.find(name)
    if (!found) throw unknownAction(engine, name)
    const attached = await attachLookups(engine, lookups, signal)
    const mail = await parts.parse(raw, signal)
    const { settings: action, module } = found
    const recipients = raw.envelope.to.map((address) => address.toLowerCase())
    const trial = await tryGuest({ host: engine.host }, { action, module, mail, recipients, attached }, signal)
    return { trial: hideInTrial(trial, config.secrets), mail: { subject: mail.subject, text: mail.text } }
  }

  return {
    listActions,
    readAction,
    async uploadAction(name: string, file: StoredModule, actor = 'api'): Promise<ActionLine> {
      const module = await uploads.add(name, file, checkUses(name)).catch(refuseModule)
      log('info', 'an action was uploaded', { action: name, sha256: module.sha256 })
      await audit(actor, 'action.upload', [name], { sha256: module.sha256, filename: file.filename })
      return readAction(name)
    },
    async listActionVersions(name: string): Promise<ModuleVersion[]> {
      const versions = await store.listModules(name)
      if (versions.length === 0) await readAction(name)
      return versions
    },
    /** Back to a version by its SHA-256 or the start of it, or to the one before the active one. */
    async rollbackAction(name: string, sha256: string | null, actor = 'api'): Promise<ActionLine> {
      const version = chooseVersion(name, sha256, await store.listModules(name))
      const module = await uploads.activate(name, version.sha256, checkUses(name)).catch(refuseModule)
      if (!module) throw noSuchVersion(name, version.sha256)
      log('info', 'an action was rolled back', { action: name, sha256: module.sha256 })
      await audit(actor, 'action.rollback', [name], { sha256: module.sha256 })
      return readAction(name)
    },
    async deleteAction(name: string, actor = 'api'): Promise<number> {
      const deleted = await uploads.remove(name, () => checkUnused(engine, name))
      if (deleted === 0) throw unknownAction(engine, name)
      log('info', 'an uploaded action was deleted', { action: name })
      await audit(actor, 'action.delete', [name], { versions: deleted })
      return deleted
    },
    /** Runs it on a mail as a route would, with these lookups attached, and sends nothing. */
    tryAction: async (name: string, raw: RawMail, lookups: string[]): Promise<GuestTrial> =>
      (await tryOn(name, raw, lookups)).trial,
    /** The same with the mail as it was, to compare. */
    tryActionOnMail: tryOn,
  }
}

function describeAction(engine: Engine, name: string, versions: ModuleVersion[]): ActionLine | null {
  const { config, parts } = engine.current()
  const own = versions.filter((version) => version.name === name)
  const active = own.find((version) => version.active)
  const found = parts.actions.find(name)
  const declared = parts.actions.declared.get(name)
  const shown = active ?? found?.module
  if (!shown) return null
  return {
    name,
    origin: active ? 'uploaded' : 'config',
    declared: declared !== undefined,
    sha256: shown.sha256,
    filename: active?.filename ?? config.actions[name]?.module.split('/').at(-1) ?? '',
    size_bytes: active?.size_bytes ?? found?.module.sizeBytes ?? 0,
    kinds: shown.kinds,
    uploaded_at: active?.uploaded_at ?? null,
    versions: own.length,
    timeout_ms: found?.settings.timeoutMs ?? 0,
    routes: [...new Set(referencesTo(engine, name).flatMap(({ user }) => (user.sort === 'route' ? [user.name] : [])))],
  }
}

function referencesTo(engine: Engine, name: string) {
  return listActionReferences(engine.current().config).filter(({ action }) => action === name)
}

/** With an entry in the config the routes go on with its module, if that is of the kinds they need. */
function checkUnused(engine: Engine, name: string): void {
  const declared = engine.current().parts.actions.declared.get(name) ?? null
  for (const reference of referencesTo(engine, name)) {
    const problem = findProblem(reference, declared)
    if (!problem) continue
    const { user } = reference
    const message = declared ? `without the upload, ${problem}` : `the ${user.sort} "${user.name}" uses "${name}"`
    throw new ApiError(409, 'in_use', message, `take it out of the ${user.sort} first`)
  }
}

function chooseVersion(name: string, sha256: string | null, versions: ModuleVersion[]): ModuleVersion {
  if (sha256 === null) {
    const before = versions[versions.findIndex((version) => version.active) + 1]
    if (before) return before
    throw new ApiError(404, 'not_found', `there is no version of "${name}" before the active one`)
  }
  const [version, ...others] = versions.filter((candidate) => candidate.sha256.startsWith(sha256.toLowerCase()))
  if (!version) throw noSuchVersion(name, sha256)
  if (others.length > 0) throw new ApiError(400, 'ambiguous', `several versions of "${name}" start with ${sha256}`)
  return version
}

async function attachLookups(engine: Engine, names: string[], signal: AbortSignal): Promise<Attachment[]> {
  const { config, parts } = engine.current()
  if (names.length > attachedMax) throw new ApiError(400, 'bad_request', `at most ${attachedMax} lookups are attached`)
  const attached: Attachment[] = []
  for (const name of names) {
    if (!config.lookups[name]) {
      const hint = `lookups: ${Object.keys(config.lookups).join(', ')}`
      throw new ApiError(404, 'not_found', `there is no lookup "${name}"`, hint)
    }
    const { json } = await parts.getLookup(name, signal).catch((error: unknown) => {
      throw new ApiError(502, 'lookup_failed', error instanceof Error ? error.message : String(error))
    })
    const content = new TextEncoder().encode(json)
    attached.push({
      filename: `${name}.json`,
      contentType: 'application/json',
      sizeBytes: content.byteLength,
      content,
    })
  }
  return attached
}

function refuseModule(error: unknown): never {
  if (!(error instanceof SandboxError)) throw error
  if (error.kind === 'rejected') throw invalidModule(error.message)
  throw new ApiError(503, error.kind, error.message, 'try again later')
}

function invalidModule(message: string, hint: string | null = null): ApiError {
  return new ApiError(422, 'invalid_module', message, hint ?? 'what ran before still runs')
}

function noSuchVersion(name: string, sha256: string): ApiError {
  const hint = `mailtrigger actions versions ${name} lists them`
  return new ApiError(404, 'not_found', `there is no version ${sha256} of "${name}"`, hint)
}

function unknownAction(engine: Engine, name: string): ApiError {
  const { actions } = engine.current().parts
  const names = [...new Set([...actions.declared.keys(), ...engine.uploads.names()])].sort()
  return new ApiError(404, 'not_found', `there is no action "${name}"`, `actions: ${names.join(', ') || 'none'}`)
}
