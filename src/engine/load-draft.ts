import { isDeepStrictEqual } from 'node:util'
import { channelKinds } from '../channels/index.js'
import { type Draft, disguise, loadDraft } from '../config/draft.js'
import type { ActionSettings, Config, LookupSettings } from '../domain/config.js'
import { ConfigError, type ConfigIssue, LlmError, type Position } from '../domain/errors.js'
import { checkSchedule } from '../jobs/schedule.js'
import type { LlmCache } from '../llm/judge.js'
import { checkPattern } from '../route/patterns.js'
import { type AssembledParts, assemblePipeline } from './assemble.js'
import type { Engine, EngineOptions } from './engine.js'
import type { Foundation } from './foundation.js'
import { namesOfSetup, readSetup, takeSetup } from './setup.js'
import { llmCacheIn, lookupCacheIn } from './store-caches.js'

/** Two pipelines under the same restraint: what is tried, and what is in force. */
export interface TrialParts {
  draft: AssembledParts
  inForce: AssembledParts
  warnings: ConfigIssue[]
}

export type LoadTrial = (draft: Draft, askLlm: boolean) => Promise<TrialParts>

type LoadParts = Pick<EngineOptions, 'source' | 'now' | 'measure'> &
  Pick<Foundation, 'store' | 'outbound' | 'parser' | 'host' | 'keys'> &
  Pick<Engine, 'uploads' | 'orders' | 'current' | 'log'>

/**
 * Makes a pipeline of a draft that keeps nothing and reaches nothing the config in force does not: its files, its URLs,
 * its modules and the hosts these may call. Rejects with `ConfigError`.
 */
export function loadTrialsWith(parts: LoadParts): LoadTrial {
  return async (draft, askLlm) => {
    const { source, store, uploads } = parts
    const running = parts.current().config
    const setup = await readSetup(store)
    const {
      config: files,
      warnings,
      inForce,
    } = await loadDraft(draft, parts.current().files, {
      overrides: source.overrides,
      env: source.env,
      kinds: channelKinds,
      checkPattern,
      checkSchedule,
      uploadedActions: uploads.names(),
      ...namesOfSetup(setup),
    })
    const merged = takeSetup(files, setup, {
      ring: parts.keys.ring(),
      source,
      log: parts.log,
      before: parts.current(),
    }).config
    const config = restrain(merged, running, inForce)
    const assemble = (one: Config): Promise<AssembledParts> => assembleTrial(parts, one, config.secrets, askLlm)
    return { draft: await assemble(config), inForce: await assemble(withoutHosts(running)), warnings }
  }
}

function assembleTrial(parts: LoadParts, config: Config, secrets: string[], askLlm: boolean): Promise<AssembledParts> {
  const { store, outbound, parser, host, uploads, orders, now, measure } = parts
  const llmCache = llmCacheIn(store, now)
  return assemblePipeline({
    config,
    secrets: () => secrets,
    host,
    uploads,
    parse: (raw, signal) => parser.parse(raw, signal),
    request: outbound.request,
    fetch: outbound.fetch,
    lookupCache: { ...lookupCacheIn(store), save: async () => undefined },
    llmCache: askLlm ? llmCache : { ...llmCache, ...unasked },
    silences: orders.silences,
    now,
    measure,
  })
}

/** Verdicts that are known count; a question that would have to be put ends as its `on_error` says. */
const unasked: Pick<LlmCache, 'save' | 'countCall'> = {
  save: async () => undefined,
  countCall: () => Promise.reject(new LlmError('budget', 'a trial asks no LLM unless it is told to')),
}

/**
 * Refuses what a draft would read or reach that the config in force does not.
 * @param disguised the config in force as the draft sees it
 */
function restrain(draft: Config, running: Config, disguised: Config): Config {
  const issues = [
    ...Object.values(draft.lookups).flatMap((lookup) => checkLookup(lookup, disguised.lookups[lookup.name])),
    ...Object.values(draft.actions).flatMap((action) => checkModule(action, running)),
  ]
  if (issues.length > 0) throw new ConfigError(issues)
  const secrets = [...new Set([...draft.secrets, ...running.secrets])]
  const lookups = Object.entries(draft.lookups).map(([name, lookup]) => {
    const source = lookup.source.type === 'inline' ? lookup.source : (running.lookups[name]?.source ?? lookup.source)
    return [name, { ...lookup, source }]
  })
  const llm = draft.llm && running.llm
  return { ...withoutHosts(draft), lookups: Object.fromEntries(lookups), secrets, llm, jobs: {} }
}

/** What an action posts somewhere would be an effect. */
function withoutHosts(config: Config): Config {
  const actions = Object.entries(config.actions).map(([name, action]) => [name, { ...action, allowHosts: [] }])
  return { ...config, actions: Object.fromEntries(actions) }
}

function checkLookup({ name, source }: LookupSettings, inForce: LookupSettings | undefined): ConfigIssue[] {
  if (source.type === 'inline' || isDeepStrictEqual(blur(source), inForce && blur(inForce.source))) return []
  const message = `the lookup "${name}" is not one of the config in force, and a trial fetches no other`
  return [refusal('draft-lookup', message, null, 'write what it has as inline: {…} to try it')]
}

/** What is fetched is what the config in force says; a draft has its headers as they were shown to its author. */
function blur(source: LookupSettings['source']): LookupSettings['source'] {
  if (source.type !== 'http') return source
  const headers = Object.entries(source.headers).map(([name, value]) => [name, disguise(value)])
  return { ...source, headers: Object.fromEntries(headers) }
}

function checkModule({ name, module, position }: ActionSettings, { actions }: Config): ConfigIssue[] {
  if (Object.values(actions).some((action) => action.module === module)) return []
  const message = `the module of "${name}" is not one of the config in force, and a trial runs no other`
  return [refusal('draft-module', message, position, 'mailtrigger actions push uploads it')]
}

function refusal(code: string, message: string, position: Position | null, hint: string): ConfigIssue {
  return { code, message, severity: 'error', position, hint, frame: null }
}
