import type { Channel, HookCall } from '../domain/channel.js'
import { ApiError } from '../domain/errors.js'
import { formatDuration } from '../domain/units.js'
import type { StoreStats } from '../store/stats-store.js'
import type { FoundChat } from './chat-search.js'
import type { Engine } from './engine.js'
import { type EnteredTest, testChannel, testEntered } from './test-channel.js'

export interface ChannelLine {
  name: string
  kind: string
  label: string
  destination: string | null
  address_hint: string | null
  /** `until` is null for a pause that a person ends. */
  paused: { until: string | null; reason: string } | null
  /** Why its buttons do not work at the moment; null when they do, or it has none. */
  buttons: string | null
  /** `stored`: somebody made it while the server ran, and no file has it. */
  origin: 'file' | 'stored'
  /** Why it cannot be used, and what to do; null when it can. */
  problem: string | null
  /** At most so many in so long, as set or by the vendor: `30/1m`; null when there is no limit. */
  rate_limit: string | null
  /** At most so many a day; null when there is no limit. */
  daily_cap: number | null
  /** Whether people can link an address of theirs by opening a link. */
  has_links: boolean
  /** Whether it can tell in which chats somebody wrote to it. */
  hears_chats: boolean
}

/** Chats that may be the place a channel is to deliver to. */
export interface ChatFinds {
  chats: FoundChat[]
  /** Until when the channel listens for this; null when it does not. */
  until: string | null
  /** Why it hears nobody at the moment; null when it does, as far as is known. */
  problem: string | null
}

const reasonLengthMax = 500
const tryTimeoutMs = 3_000

/** What may be asked about channels. Rejects with `ApiError`. */
export function offerChannelCalls(engine: Engine) {
  const { deliveries, audit, listeners } = engine
  return {
    listChannels: () => listChannels(engine),
    testChannel: (name: string, to: string | null, text: string) =>
      testChannel(engine, findChannel(engine, name), { to, text }),
    /** The same with settings that are not saved; with `name`, `•••` stands for the secrets that channel has. */
    testEntered: (entered: EnteredTest, to: string | null, text: string) => testEntered(engine, entered, { to, text }),
    /** Nothing more is sent on it until it is resumed; what comes waits and loses no attempt. */
    async pauseChannel(name: string, reason: string, actor: string): Promise<void> {
      findChannel(engine, name)
      const given = reason.trim() || `paused by ${actor}`
      if (given.length > reasonLengthMax) {
        throw new ApiError(400, 'bad_request', `a reason has at most ${reasonLengthMax} characters`)
      }
      await deliveries.pause(name, given)
      await audit(actor, 'channel.pause', [name], { reason: given })
    },
    async resumeChannel(name: string, actor: string): Promise<void> {
      findChannel(engine, name)
      await deliveries.resume(name)
      await audit(actor, 'channel.resume', [name], {})
    },
    /** In which chats somebody wrote to the channel within the last hour, as far as it listened. */
    findChats: async (name: string): Promise<ChatFinds> => describeChats(engine, findHearing(engine, name)),
    /** Has the channel listen for a quarter of an hour, so that who writes to it now is found. */
    async listenForChats(name: string, actor: string): Promise<ChatFinds> {
      const channel = findHearing(engine, name)
      await engine.chatSearch.begin(channel)
      await listeners.whenTried(name, AbortSignal.timeout(tryTimeoutMs))
      await audit(actor, 'channel.listen', [name], {})
      return describeChats(engine, channel)
    },
    /** One call of a vendor to the hook of a channel. */
    takeChannelHook: (channel: string, call: HookCall) => listeners.takeHook(channel, call),
  }
}

function findHearing(engine: Engine, name: string): Channel {
  const channel = findChannel(engine, name)
  if (channel.kind.hearsChats?.(channel.settings) === true) return channel
  const hint = channel.kind.hearsChats ? 'with `updates: off` it hears nobody' : null
  throw new ApiError(409, 'cannot_listen', `the channel ${name} does not hear who writes to it`, hint)
}

function describeChats({ chatSearch, listeners }: Engine, channel: Channel): ChatFinds {
  const until = chatSearch.endOf(channel)
  return {
    chats: chatSearch.list(channel),
    until: until === null ? null : new Date(until).toISOString(),
    problem: until === null ? null : listeners.problem(channel.name),
  }
}

async function listChannels(engine: Engine): Promise<ChannelLine[]> {
  const { pauses } = await engine.store.readStats(engine.now())
  return Object.values(engine.current().config.channels).map((channel) => toLine(engine, channel, pauses))
}

export async function describeChannel(engine: Engine, channel: Channel): Promise<ChannelLine> {
  const { pauses } = await engine.store.readStats(engine.now())
  return toLine(engine, channel, pauses)
}

function toLine(
  { current, listeners }: Engine,
  { name, kind, destination, limits, settings }: Channel,
  pauses: StoreStats['pauses'],
): ChannelLine {
  const { files, stored } = current()
  const pause = pauses.find((line) => line.channel === name)
  const isFile = Object.hasOwn(files.channels, name)
  const rate = limits.rate ?? kind.rates.channel
  return {
    name,
    kind: kind.kind,
    label: kind.label,
    destination,
    address_hint: kind.address?.hint ?? null,
    paused: pause ? { until: pause.until, reason: pause.reason } : null,
    buttons: listeners.problem(name),
    origin: isFile ? 'file' : 'stored',
    problem: isFile ? null : (stored.get(name)?.problem ?? null),
    rate_limit: rate && `${rate.count}/${formatDuration(rate.perMs).replaceAll(' ', '')}`,
    daily_cap: limits.perDayMax,
    has_links: kind.link !== undefined && destination === null,
    hears_chats: kind.hearsChats?.(settings) ?? false,
  }
}

export function findChannel(engine: Engine, name: string): Channel {
  const { channels } = engine.current().config
  const channel = channels[name]
  if (channel) return channel
  throw new ApiError(404, 'not_found', `there is no channel "${name}"`, `channels: ${Object.keys(channels).join(', ')}`)
}
