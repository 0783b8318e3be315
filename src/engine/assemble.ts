import { readFile } from 'node:fs/promises'
import { runAction } from '../act/run-action.js'
import type { HttpRequest } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import { ConfigError, type ConfigIssue, SandboxError } from '../domain/errors.js'
import type { JudgeByLlm } from '../domain/judge.js'
import type { Mail, RawMail } from '../domain/mail.js'
import type { WasmHost, WasmModule } from '../domain/wasm.js'
import { createLookups, type LookupCache } from '../enrich/lookups.js'
import { createJudge, type LlmCache } from '../llm/judge.js'
import type { PipelineParts } from '../pipeline.js'
import { compileRoutes } from '../route/compile-routes.js'
import { matchRoutes } from '../route/match-routes.js'

/** What routing needs from outside, whoever asks: the server, `explain`, or a route test. */
export interface AssemblyParts {
  config: Config
  host: WasmHost
  parse: (raw: RawMail, signal: AbortSignal) => Promise<Mail>
  request: HttpRequest
  fetch: typeof fetch
  lookupCache: LookupCache
  llmCache: LlmCache
  now: () => number
  measure: () => number
  /** Stands in for the configured LLM in route tests and in the demo. */
  judge?: JudgeByLlm | null
}

/**
 * Turns a config into the pipeline's parts: patterns compiled, modules built and loaded, lookups and the LLM ready.
 * Rejects with `ConfigError` when a module cannot be used, so that a bad module never replaces a good config.
 */
export async function assemblePipeline(parts: AssemblyParts): Promise<PipelineParts> {
  const { config, host, now, measure } = parts
  const routes = compileRoutes(config.routes)
  const modules = await loadModules(config, host)
  const lookups = createLookups({
    settings: config.lookups,
    request: parts.request,
    now,
    readFile: (path) => readFile(path, 'utf8'),
    cache: parts.lookupCache,
  })
  const judgeByLlm = parts.judge === undefined ? createConfiguredJudge(parts) : parts.judge

  return {
    config,
    now,
    measure,
    parse: parts.parse,
    getLookup: (name, signal) => lookups.get(name, signal),
    matchRoutes: (mail, { llmExhausted }, signal) =>
      matchRoutes(routes, mail, { now: now(), measure, judgeByLlm, signal, llmExhausted }),
    runAction: (name, draft, signal) => {
      const action = config.actions[name]
      const module = modules.get(name)
      if (!action || !module) throw new RangeError(`the config lets a route run an unknown action "${name}"`)
      const attachments = [...draft.mail.attachments, ...draft.attached]
      const { mail, recipients, variables } = draft
      return runAction({ host }, { action, module, mail, recipients, variables, attachments }, signal)
    },
  }
}

function createConfiguredJudge(parts: AssemblyParts): JudgeByLlm | null {
  if (!parts.config.llm) return null
  return createJudge({ settings: parts.config.llm, fetch: parts.fetch, now: parts.now, cache: parts.llmCache })
}

async function loadModules(config: Config, host: WasmHost): Promise<Map<string, WasmModule>> {
  const modules = new Map<string, WasmModule>()
  const issues: ConfigIssue[] = []
  for (const action of Object.values(config.actions)) {
    try {
      const module = await host.load(action.module)
      if (!module.kinds.includes('action')) throw new SandboxError('rejected', 'the module does not export "handle"')
      modules.set(action.name, module)
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error
      issues.push({
        message: `action "${action.name}" cannot be used: ${error.message}`,
        code: 'bad-module',
        severity: 'error',
        position: action.position,
        hint: null,
        frame: null,
      })
    }
  }
  if (issues.length > 0) throw new ConfigError(issues)
  return modules
}
