import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivered } from '../deliver/deliver-one.js'
import { DeliveryLoop } from '../deliver/delivery-loop.js'
import type { Config } from '../domain/config.js'
import type { ConfigIssue } from '../domain/errors.js'
import type { EngineEvent } from '../domain/events.js'
import type { WasmHost } from '../domain/wasm.js'
import type { Logger } from '../log/logger.js'
import { createOutbound, type Outbound } from '../outbound/client.js'
import { type RoutedMail, routeMail } from '../pipeline.js'
import { PipelineLoop } from '../pipeline-loop.js'
import { createParser, type MailParser } from '../receive/parser.js'
import { openSqliteStore } from '../store/sqlite/sqlite-store.js'
import type { ClaimedDelivery, Routing, Store } from '../store/store.js'
import { createWasmHost } from '../wasm/host.js'
import { type AssembledParts, assemblePipeline } from './assemble.js'
import { channelContext } from './channel-context.js'
import { expireOld } from './expire-old.js'
import { type Jobs, openJobs } from './jobs.js'
import { type ConfigSource, loadCheckedConfig } from './load-config.js'
import { llmCacheIn, lookupCacheIn } from './store-caches.js'
import { openUploads, type Uploads } from './uploads.js'

export const userAgent = 'MailTrigger/0.1 (+https://mailtrigger.app)'
/** Processes for actions and conditions, which may have a network; those of jobs are the jobs room's. */
export const guestEntry = new URL('../act/guest-child.js', import.meta.url)
const expireEveryMs = 600_000
/** How long a send that is under way may take when the program stops. */
const stopPatienceMs = 15_000

export interface EngineOptions {
  source: ConfigSource
  log: Logger
  emit: (event: EngineEvent) => void
}

/** Everything behind the 250: the store, the pipeline, delivery, and the config they run on. */
export interface Engine {
  store: Store
  outbound: Outbound
  parser: MailParser
  host: WasmHost
  pipeline: PipelineLoop
  deliveries: DeliveryLoop
  uploads: Uploads
  jobs: Jobs
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
  current: () => { config: Config; parts: AssembledParts; warnings: ConfigIssue[] }
  /** Loads the config again. Rejects with `ConfigError`, and the one that runs goes on running. */
  reload: () => Promise<void>
  stop: () => Promise<void>
}

/** Builds the engine, in order, and sets its loops going. Rejects with `ConfigError` or `StoreError`. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { source, emit } = options
  const log: Engine['log'] = (level, message, facts) => options.log[level](facts, message)
  const now = Date.now
  const measure = () => performance.now()
  const owner = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`
  const stopping = new AbortController()

  // Which actions were uploaded stands in the store, and where the store is, in the config: so that is read twice.
  const { server } = (await loadCheckedConfig(source, 'any')).config
  const { dataFolder } = server
  const store = openSqliteStore(dataFolder, now)
  const outbound = createOutbound({ policy: server.network, userAgent })
  const parser = createParser({})
  const host = createWasmHost({
    cacheFolder: join(dataFolder, 'wasm-cache'),
    http: { entry: guestEntry, network: () => config.server.network },
  })
  const parse: AssembledParts['parse'] = (raw, signal) => parser.parse(raw, signal)
  const assemble = (next: Config): Promise<AssembledParts> =>
    assemblePipeline({
      config: next,
      host,
      uploads,
      parse,
      request: outbound.request,
      fetch: outbound.fetch,
      lookupCache: lookupCacheIn(store),
      llmCache: llmCacheIn(store, now),
      now,
      measure,
    })
  const jobs = openJobs({
    store,
    dataFolder,
    userAgent,
    config: () => config,
    emit,
    wakeDeliveries: (channels) => deliveries.wake(channels),
    now,
    log,
  })
  const closeAll = async (): Promise<void> => {
    await jobs.stop()
    await host.stop()
    await parser.stop()
    await outbound.close()
    await store.close()
  }
  const loadAll = async () => {
    const loaded = await loadCheckedConfig(source, uploads.names())
    return { ...loaded, parts: await assemble(loaded.config), jobs: await jobs.load(loaded.config) }
  }
  const closeAndThrow = async (error: unknown): Promise<never> => {
    await closeAll()
    throw error
  }
  const uploads = await openUploads({
    store,
    host,
    folder: join(dataFolder, 'uploads'),
    now,
    declared: () => parts.actions.declared.values(),
  }).catch(closeAndThrow)
  for (const [action, reason] of uploads.broken) log('error', 'an uploaded action cannot be used', { action, reason })
  const first = await loadAll().catch(closeAndThrow)
  let { config, warnings, parts } = first
  // A mail that ended the process before must get through before the next end, so nothing waits for a thread to load.
  await parser.start().catch(closeAndThrow)

  const deliveries = new DeliveryLoop({
    store,
    owner,
    channels: () => config.channels,
    secrets: () => config.secrets,
    context: (delivery) =>
      channelContext(delivery, {
        store,
        outbound,
        parse,
        hostname: config.hostname,
        log: (line, facts) => log('info', line, facts),
        now,
        signal: stopping.signal,
      }),
    now,
    measure,
    random: Math.random,
    sleep: async (ms, signal) => {
      await sleep(ms, undefined, { signal }).catch(() => undefined)
    },
    signal: stopping.signal,
    onSettled: (delivery, settled) => emit(settledEvent(delivery, settled)),
    log,
  })
  /** The channels are woken at once, so that the claim of their new work shares the commit that makes it. */
  const commitRouting: Store['commitRouting'] = (routing) => {
    const committed = store.commitRouting(routing)
    deliveries.wake(channelsOf(routing))
    return committed
  }
  const pipeline = new PipelineLoop({
    store,
    owner,
    route: (claimed, signal) => routeMail(parts, { commitRouting }, claimed, signal),
    onRouted: (routed) => emit(routedEvent(routed)),
    now,
    log,
  })
  const expire = (): void => {
    expireOld(store, config.server.retention, now()).then(
      (count) => count > 0 && log('info', 'retention deleted old mails', { count }),
      (error: unknown) => log('error', 'retention could not delete old mails', { error: String(error) }),
    )
  }
  const expiry = setInterval(expire, expireEveryMs)
  expire()
  pipeline.wake()
  deliveries.wake()
  await jobs.start(first.jobs).catch(closeAndThrow)

  return {
    store,
    outbound,
    parser,
    host,
    pipeline,
    deliveries,
    uploads,
    jobs,
    log,
    current: () => ({ config, parts, warnings }),
    reload: () =>
      uploads.inTurn(async () => {
        const next = await loadAll()
        outbound.setPolicy(next.config.server.network)
        config = next.config
        warnings = next.warnings
        parts = next.parts
        await jobs.scheduler.take(next.jobs)
        pipeline.wake()
        deliveries.wake()
      }),
    async stop() {
      clearInterval(expiry)
      await jobs.scheduler.stop()
      await pipeline.stop()
      const patience = setTimeout(() => stopping.abort(new Error('the program is stopping')), stopPatienceMs)
      await deliveries.stop()
      clearTimeout(patience)
      stopping.abort(new Error('the program is stopping'))
      await closeAll()
    },
  }
}

function channelsOf({ notifications }: Routing): string[] {
  return [...new Set(notifications.flatMap(({ deliveries }) => deliveries.map(({ channel }) => channel)))]
}

function routedEvent(routed: RoutedMail): EngineEvent {
  const { mailId, subject, status, reason, routes } = routed
  return { type: 'mail.routed', mail_id: mailId, subject, status, reason, routes }
}

function settledEvent(delivery: ClaimedDelivery, settled: Delivered): EngineEvent {
  return {
    type: 'delivery.settled',
    delivery_id: delivery.id,
    mail_id: delivery.mailId,
    channel: delivery.channel,
    recipient: delivery.recipient,
    status: settled.status,
    detail: settled.detail || null,
  }
}
