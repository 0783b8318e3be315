import { randomBytes, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivered } from '../deliver/deliver-one.js'
import { DeliveryLoop } from '../deliver/delivery-loop.js'
import type { NewNotification } from '../domain/delivery.js'
import type { EngineEvent } from '../domain/events.js'
import { signHookSecret } from '../follow/ack-token.js'
import { findDigestPlan } from '../follow/digest-plan.js'
import { FollowLoop } from '../follow/follow-loop.js'
import { type PipelineParts, type RoutedMail, routeMail } from '../pipeline.js'
import { PipelineLoop } from '../pipeline-loop.js'
import { wordNotification } from '../steps/word-deliveries.js'
import type { ClaimedDelivery } from '../store/store.js'
import { WatchLoop } from '../watch/watch-loop.js'
import { tellCapReached } from './cap-notice.js'
import { channelContext, hookUrlOf, offerAck } from './channel-context.js'
import { commitAndWake } from './commit-and-wake.js'
import type { EngineLog } from './engine.js'
import type { Foundation } from './foundation.js'
import { planNotice } from './plan-notice.js'
import type { RunningConfig } from './running-config.js'
import { SearchLoop } from './search-loop.js'
import { readSession } from './sessions.js'
import type { StandingOrders } from './standing-orders.js'

/** How long a send that is under way may take when the program stops. */
const stopPatienceMs = 15_000

export interface LoopsParts
  extends Pick<Foundation, 'store' | 'outbound' | 'parser' | 'keys' | 'instance'>,
    Pick<RunningConfig, 'current'> {
  orders: StandingOrders
  emit: (event: EngineEvent) => void
  now: () => number
  measure: () => number
  log: EngineLog
}

/** What goes on by itself behind the 250, each at its own pace. They share nothing but the store. */
export interface Loops {
  pipeline: PipelineLoop
  deliveries: DeliveryLoop
  follow: FollowLoop
  watch: WatchLoop
  search: SearchLoop
  /** Sets them going. */
  start: () => Promise<void>
  /** They look at the config anew. */
  takeConfig: () => Promise<void>
  /** Nothing new is begun; what is under way ends, or is given back. */
  stop: () => Promise<void>
}

export function createLoops(parts: LoopsParts): Loops {
  const { store, now, log, emit } = parts
  const owner = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`
  const stopping = new AbortController()
  const deliveries = createDeliveryLoop(parts, owner, stopping.signal)
  const wakeDeliveries = (channels: string[]): void => deliveries.wake(channels)
  const follow = new FollowLoop({
    store,
    digestPlan: (route) => findDigestPlan(parts.current().config.routes, route),
    word: (notification) => word(notification, parts),
    wakeDeliveries,
    now,
    log,
  })
  const watch = createWatchLoop(parts, wakeDeliveries)
  const search = new SearchLoop({ store, parse: (raw, signal) => parts.parser.parse(raw, signal), log })
  const commitRouting = commitAndWake({ store, deliveries, follow, watch, emit })
  const pipeline = new PipelineLoop({
    store,
    owner,
    route: (claimed, signal) => routeMail(rememberParsed(parts, search), { commitRouting }, claimed, signal),
    onRouted(routed) {
      emit(routedEvent(routed))
      search.wake()
    },
    now,
    log,
  })
  return {
    pipeline,
    deliveries,
    follow,
    watch,
    search,
    async start() {
      // Whether the gateway was away has to be known before anything is called late.
      await watch.start()
      pipeline.wake()
      deliveries.wake()
      follow.wake()
      search.wake()
    },
    async takeConfig() {
      await watch.takeMonitors()
      pipeline.wake()
      deliveries.wake()
      follow.wake()
    },
    async stop() {
      await pipeline.stop()
      await follow.stop()
      await watch.stop()
      await search.stop()
      const patience = setTimeout(() => stopping.abort(new Error('the program is stopping')), stopPatienceMs)
      await deliveries.stop()
      clearTimeout(patience)
      stopping.abort(new Error('the program is stopping'))
    },
  }
}

/** The search index needs what the pipeline parsed. */
function rememberParsed({ current }: Pick<LoopsParts, 'current'>, search: SearchLoop): PipelineParts {
  const { parts } = current()
  return {
    ...parts,
    async parse(raw, signal) {
      const mail = await parts.parse(raw, signal)
      search.remember(mail)
      return mail
    },
  }
}

function createDeliveryLoop(parts: LoopsParts, owner: string, signal: AbortSignal): DeliveryLoop {
  const { store, now, measure, log, emit, current } = parts
  const loop = new DeliveryLoop({
    store,
    owner,
    channels: () => current().config.channels,
    secrets: () => current().config.secrets,
    hours: () => current().config,
    silences: parts.orders.silences,
    context: (delivery) => contextOf(delivery, parts, signal),
    onCapReached(channel, max) {
      tellCapReached(store, { channel, max, config: current().config, now: now() }).then(
        (channels) => loop.wake(channels),
        (error: unknown) => log('error', 'a reached cap could not be told', { channel, error: String(error) }),
      )
    },
    onSettled: (delivery, settled) => emit(settledEvent(delivery, settled)),
    now,
    measure,
    random: Math.random,
    sleep: async (ms, until) => {
      await sleep(ms, undefined, { signal: until }).catch(() => undefined)
    },
    signal,
    log,
  })
  return loop
}

function createWatchLoop(parts: LoopsParts, wakeDeliveries: (channels: string[]) => void): WatchLoop {
  const { store, current, orders, emit, now, measure, log } = parts
  return new WatchLoop({
    store,
    monitors: () => current().config.monitors,
    rules: orders.rules,
    plan: (channels, message) => planNotice(channels, message, current().config, now()),
    word: (notification) => word(notification, parts),
    newToken: () => randomBytes(24).toString('base64url'),
    wakeDeliveries,
    emit,
    now,
    measure,
    log,
  })
}

async function word(
  unworded: NewNotification,
  { current, log }: Pick<LoopsParts, 'current' | 'log'>,
): Promise<NewNotification> {
  const { notification, problems } = await wordNotification(unworded, current().config)
  for (const problem of problems) log('warn', problem, { title: notification.message.title })
  return notification
}

function contextOf(delivery: ClaimedDelivery, parts: LoopsParts, signal: AbortSignal) {
  const { store, outbound, parser, keys, instance, now, log } = parts
  const { config } = parts.current()
  const { id, mailId, attempts, notification, aboutRemote, offersAck } = delivery
  const { publicUrl } = config.server.http
  const ack = offersAck ? offerAck(keys.ring().current.signing, id, publicUrl, now()) : null
  const hookUrl = hookUrlOf(publicUrl, delivery.channel)
  return channelContext(
    {
      id,
      mailId,
      attempts,
      fingerprint: notification.fingerprint,
      sent: aboutRemote,
      hookUrl,
      hookSecret: signHookSecret(keys.ring().current.signing, delivery.channel),
      readSession: (place) => readSession(store, config.channels[delivery.channel], place),
    },
    {
      store,
      outbound,
      parse: (raw, until) => parser.parse(raw, until),
      hostname: config.hostname,
      instance,
      log: (line, facts) => log('info', line, facts),
      now,
      signal,
    },
    ack,
  )
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
