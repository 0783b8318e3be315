import { readFile } from 'node:fs/promises'
import { runAction } from '../act/run-action.js'
import { runCondition } from '../act/run-condition.js'
import type { HttpRequest } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import type { JudgeByLlm, JudgeByWasm } from '../domain/judge.js'
import type { Mail, RawMail } from '../domain/mail.js'
import type { Silence } from '../domain/silence.js'
import type { WasmHost } from '../domain/wasm.js'
import { createLookups, type LookupCache } from '../enrich/lookups.js'
import { createJudge, type LlmCache } from '../llm/judge.js'
import type { PipelineParts } from '../pipeline.js'
import { type CompiledRoutes, compileRoutes } from '../route/compile-routes.js'
import { couldMatch } from '../route/could-match.js'
import { matchRoutes } from '../route/match-routes.js'
import { compileWatchers, matchWatchers } from '../steps/watchers.js'
import { type ActionSet, loadActions, type UploadedModules } from './action-set.js'
import { type Authenticate, checkSenders } from './check-sender.js'
import { hideInAct, hideInVerdict } from './guest-words.js'

/** What routing needs from outside, whoever asks: the server, `explain`, or a route test. */
export interface AssemblyParts {
  config: Config
  /** What guests may not say; the config's own when nothing else is given. It may grow while the config runs. */
  secrets?: () => readonly string[]
  host: WasmHost
  /** Stand before the config's modules of the same names. What is uploaded later runs from the next mail on. */
  uploads: UploadedModules
  parse: (raw: RawMail, signal: AbortSignal) => Promise<Mail>
  /** Left out, nobody asks who sent a mail. */
  authenticate?: Authenticate
  request: HttpRequest
  fetch: typeof fetch
  lookupCache: LookupCache
  llmCache: LlmCache
  silences: () => readonly Silence[]
  now: () => number
  measure: () => number
  /** Stands in for the configured LLM in route tests and in the demo. */
  judge?: JudgeByLlm | null
}

export interface AssembledParts extends PipelineParts {
  actions: ActionSet
  /** In the order of their evaluation. */
  routes: CompiledRoutes
  /** False when surely no route takes a mail, no monitor expects it, and no hold waits for it. Asks nobody. */
  couldTake: (mail: Mail) => boolean
}

/**
 * Turns a config into the pipeline's parts: patterns compiled, modules built and loaded, lookups and the LLM ready.
 * Rejects with `ConfigError` when a module cannot be used, so that a bad module never replaces a good config.
 */
export async function assemblePipeline(parts: AssemblyParts): Promise<AssembledParts> {
  const { config, host, now, measure, secrets = () => config.secrets } = parts
  const routes = compileRoutes(config.routes)
  const watchers = compileWatchers(config)
  const actions = await loadActions(config, parts.uploads, host)
  const lookups = createLookups({
    settings: config.lookups,
    request: parts.request,
    now,
    readFile: (path) => readFile(path, 'utf8'),
    cache: parts.lookupCache,
  })
  const judgeByWasm: JudgeByWasm = ({ module: name, mail }, signal) => {
    const { settings, module } = actions.get(name)
    return hideInVerdict(runCondition({ host }, { action: settings, module, mail }, signal), secrets())
  }
  const judgeByLlm = parts.judge === undefined ? createConfiguredJudge(parts) : parts.judge

  return {
    config,
    actions,
    routes,
    now,
    measure,
    silences: parts.silences,
    parse: parts.parse,
    checkSender: checkSenders(config, parts.authenticate ?? null),
    couldTake: (mail) => couldMatch(routes, mail, now()) || couldMatch(watchers.conditions, mail, now()),
    getLookup: (name, signal) => lookups.get(name, signal),
    matchRoutes: (mail, { llmExhausted }, signal) =>
      matchRoutes(routes, mail, { now: now(), measure, judgeByLlm, judgeByWasm, signal, llmExhausted }),
    matchWatchers: (mail, signal) =>
      matchWatchers(watchers, mail, { now: now(), measure, judgeByLlm, judgeByWasm, signal }),
    runAction: (name, draft, signal) => {
      const { settings, module } = actions.get(name)
      const attachments = [...draft.mail.attachments, ...draft.attached]
      const { mail, recipients, variables } = draft
      const call = { action: settings, module, mail, recipients, variables, attachments }
      return hideInAct(runAction({ host }, call, signal), secrets())
    },
  }
}

function createConfiguredJudge(parts: AssemblyParts): JudgeByLlm | null {
  if (!parts.config.llm) return null
  return createJudge({ settings: parts.config.llm, fetch: parts.fetch, now: parts.now, cache: parts.llmCache })
}
