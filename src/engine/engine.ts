import { join } from 'node:path'
import { readVariables } from '../config/variables.js'
import type { EngineEvent } from '../domain/events.js'
import { createIdSource } from '../domain/new-id.js'
import { stopInTurn } from '../domain/stop-in-turn.js'
import { listKeptDigests } from '../follow/digest-plan.js'
import type { LoadedJob } from '../jobs/load-jobs.js'
import type { Logger } from '../log/logger.js'
import { assemblePipeline } from './assemble.js'
import { type Audit, recordIn } from './audit.js'
import { type ChatSearch, createChatSearch } from './chat-search.js'
import { recordLoad } from './config-calls.js'
import { expireRegularly } from './expire-old.js'
import { type Foundation, openFoundation } from './foundation.js'
import { type Jobs, openJobs } from './jobs.js'
import { createLinking, type Linking } from './linking.js'
import { Listeners } from './listeners.js'
import { type ConfigSource, loadCheckedConfig } from './load-config.js'
import { type LoadTrial, loadTrialsWith } from './load-draft.js'
import { createLoops, type Loops } from './loops.js'
import { type Current, createRunningConfig, type RunningConfig } from './running-config.js'
import { saveSession } from './sessions.js'
import { namesOfSetup, readSetup, resealSetup, resumeMended, takeSetup } from './setup.js'
import { openStandingOrders, type StandingOrders } from './standing-orders.js'
import { llmCacheIn, lookupCacheIn } from './store-caches.js'
import { takePress } from './take-press.js'
import { takeResult } from './take-result.js'
import { openUploads, type Uploads } from './uploads.js'
import { userAgent } from './user-agent.js'

export type EngineLog = (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void

export interface EngineOptions {
  source: ConfigSource
  log: Logger
  emit: (event: EngineEvent) => void
  /** Milliseconds since the epoch. */
  now: () => number
  /** A clock that only ever goes on, in milliseconds. */
  measure: () => number
}

/** Everything behind the 250: the store, the loops, and the config they run on. */
export interface Engine
  extends Pick<Foundation, 'store' | 'outbound' | 'host' | 'keys' | 'instance'>,
    Pick<Loops, 'pipeline' | 'deliveries' | 'follow' | 'watch' | 'search'>,
    Pick<EngineOptions, 'emit' | 'now' | 'measure'> {
  uploads: Uploads
  jobs: Jobs
  orders: StandingOrders
  listeners: Listeners
  linking: Linking
  chatSearch: ChatSearch
  audit: Audit
  newId: () => string
  log: EngineLog
  current: RunningConfig['current']
  /** Makes a pipeline of a config that does not run, and one of that which does, both without effect. */
  loadTrial: LoadTrial
  /** What the config's files name of the environment. Rejects with `ConfigError` when they cannot be read. */
  readVariables: () => ReturnType<typeof readVariables>
  /** Loads the config again. Rejects with `ConfigError`, and the one that runs goes on running. */
  reload: (actor: string) => Promise<void>
  /**
   * Changes what people set up (stored channels, stored people, the key), one change after the other and none during a
   * reload, and takes it over: the files are not read for it, so that what is broken in them does not matter.
   */
  changeSetup: <Result>(change: () => Promise<Result>) => Promise<Result>
  stop: () => Promise<void>
}

/** Builds the engine, in order, and sets its loops going. Rejects with `ConfigError` or `StoreError`. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const running = createRunningConfig()
  const network = () => running.current().config.server.network
  const foundation = await openFoundation(options.source, network, options.now)
  const stops = [foundation.close]
  const stopAll = () => stopInTurn(stops)
  try {
    return await build(options, foundation, running, stops, stopAll)
  } catch (error) {
    await stopAll()
    throw error
  }
}

/** What is started is put on `stops` at once, so that it is stopped, in the opposite order, whatever comes after. */
async function build(
  options: EngineOptions,
  foundation: Foundation,
  running: RunningConfig,
  stops: (() => Promise<void>)[],
  stopAll: () => Promise<void>,
): Promise<Engine> {
  const { emit, now, measure } = options
  const { store, outbound, parser, host, keys, instance, dataFolder } = foundation
  const { current } = running
  const log: EngineLog = (level, message, facts) => options.log[level](facts, message)
  const newId = createIdSource()
  const audit = recordIn(store, now)
  const orders = await openStandingOrders(store, now)
  const loops = createLoops({ ...foundation, current, orders, emit, now, measure, log })
  const jobs = openJobs({
    store,
    dataFolder,
    userAgent,
    config: () => current().config,
    rules: orders.rules,
    emit,
    now,
    log,
    wakeDeliveries: (channels) => loops.deliveries.wake(channels),
  })
  stops.push(jobs.stop)
  const uploads = await openEngineUploads(foundation, running, options.now, log)
  await resealSetup(store, keys.ring())
  const load = () => loadAll(options, foundation, running, { orders, uploads, jobs, log })
  const first = await load()
  running.take(first)
  // A mail that ended the process before must get through before the next end, so nothing waits for a thread to load.
  await parser.start()

  const engine = {
    store,
    outbound,
    host,
    keys,
    instance,
    uploads,
    jobs,
    orders,
    audit,
    log,
    current,
    emit,
    now,
    measure,
  }
  const linking = createLinking({
    ...engine,
    takeStored: () => uploads.inTurn(retake),
    listenAnew: () => listeners.take(current().config),
  })
  const chatSearch = createChatSearch({
    listenAnew: () => listeners.take(current().config),
    now,
    onProblem: (error) => log('error', 'which channels listen could not be looked at', { error: String(error) }),
  })
  stops.push(async () => chatSearch.stop())
  const listeners = createListeners({ ...engine, linking, chatSearch, deliveries: loops.deliveries })
  stops.push(() => listeners.stop(), loops.stop)
  await keepDigests(foundation, first, now())
  await resumeMended(store, loops.deliveries, first.stored)
  await noteRoutes(foundation, first, now())
  await loops.start()
  await listeners.take(first.config)
  stops.push(async () => linking.stop())
  await linking.start()
  stops.push(expireRegularly(store, () => current().config.server, now, log))
  stops.push(() => jobs.scheduler.stop())
  await jobs.start(first.jobs)
  await recordLoad({ store, current, now }, 'start')

  const reload = async (actor: string): Promise<void> => {
    const next = await load()
    outbound.setPolicy(next.config.server.network)
    const isNew = next.config.hash !== current().config.hash
    running.take(next)
    await jobs.scheduler.take(next.jobs)
    await keepDigests(foundation, next, now())
    await resumeMended(store, loops.deliveries, next.stored)
    await noteRoutes(foundation, next, now())
    await loops.takeConfig()
    await listeners.take(next.config)
    if (isNew) await audit(actor, 'config.reload', [next.config.hash], {})
  }
  const retake = async (): Promise<void> => {
    const { files, parts, warnings } = current()
    const merged = takeSetup(files, await readSetup(store), {
      ring: keys.ring(),
      source: options.source,
      log,
      before: current(),
    })
    // Nothing in the pipeline depends on what a channel is but its config, so nothing is built or loaded anew.
    running.take({ files, warnings, ...merged, parts: { ...parts, config: merged.config } })
    await resumeMended(store, loops.deliveries, merged.stored)
    await loops.takeConfig()
    await listeners.take(merged.config)
  }
  const { pipeline, deliveries, follow, watch, search } = loops
  return {
    ...engine,
    pipeline,
    deliveries,
    follow,
    watch,
    search,
    listeners,
    linking,
    chatSearch,
    loadTrial: loadTrialsWith({ ...foundation, ...engine, source: options.source }),
    readVariables: () => readVariables(current().files, options.source.env),
    newId: () => newId(now()),
    reload: (actor) => uploads.inTurn(() => reload(actor)),
    changeSetup: (change) =>
      uploads.inTurn(async () => {
        const result = await change()
        await retake()
        return result
      }),
    stop: stopAll,
  }
}

async function openEngineUploads(
  { store, host, dataFolder }: Foundation,
  { current }: RunningConfig,
  now: () => number,
  log: EngineLog,
): Promise<Uploads> {
  const declared = () => current().parts.actions.declared.values()
  const uploads = await openUploads({ store, host, folder: join(dataFolder, 'uploads'), now, declared })
  for (const [action, reason] of uploads.broken) log('error', 'an uploaded action cannot be used', { action, reason })
  return uploads
}

function createListeners(
  engine: Pick<
    Engine,
    | 'store'
    | 'outbound'
    | 'keys'
    | 'current'
    | 'deliveries'
    | 'linking'
    | 'chatSearch'
    | 'emit'
    | 'audit'
    | 'now'
    | 'log'
  >,
): Listeners {
  const { store, outbound, keys, linking, chatSearch, now, log } = engine
  return new Listeners({
    fetch: outbound.fetch,
    signingKeys: keys.signing,
    onPress: (heardBy, press) => takePress(engine, heardBy, press),
    onLink: linking.hear,
    listLinking: async () => [...(await linking.listChannels()), ...chatSearch.listChannels()],
    onChat: chatSearch.note,
    onResult: (heardBy, result, signal) => takeResult(engine, heardBy, result, signal),
    onSession: (heardBy, place, isOpen) => saveSession(store, heardBy, place, { isOpen, at: now() }),
    now,
    log,
  })
}

/** Reads the config and makes everything of it, without changing what runs. Rejects with `ConfigError`. */
async function loadAll(
  { source, now, measure }: EngineOptions,
  { store, outbound, parser, authenticator, host, keys }: Foundation,
  running: RunningConfig,
  { orders, uploads, jobs, log }: Pick<Engine, 'orders' | 'uploads' | 'jobs' | 'log'>,
): Promise<Current & { jobs: LoadedJob[] }> {
  const setup = await readSetup(store)
  const inStore = { uploadedActions: uploads.names(), ...namesOfSetup(setup) }
  const { config: files, warnings } = await loadCheckedConfig(source, inStore)
  const merged = takeSetup(files, setup, { ring: keys.ring(), source, log, before: running.last() })
  const parts = await assemblePipeline({
    config: merged.config,
    secrets: () => running.current().config.secrets,
    host,
    uploads,
    parse: (raw, signal) => parser.parse(raw, signal),
    authenticate: authenticator.authenticate,
    request: outbound.request,
    fetch: outbound.fetch,
    lookupCache: lookupCacheIn(store),
    llmCache: llmCacheIn(store, now),
    silences: orders.silences,
    now,
    measure,
  })
  return { files, warnings, ...merged, parts, jobs: await jobs.load(merged.config) }
}

/** Since when a route is there tells whether it is new, or matches nothing. */
function noteRoutes({ store }: Foundation, { config }: Current, now: number): Promise<void> {
  return store.saveKnownRoutes(
    config.routes.map(({ name }) => name),
    now,
  )
}

/** Digests that are sent even when nothing came have a time from the start. */
async function keepDigests({ store }: Foundation, { config }: Current, now: number): Promise<void> {
  for (const { route, key, dueAt } of listKeptDigests(config.routes, now)) await store.keepDigest(route, key, dueAt)
}
