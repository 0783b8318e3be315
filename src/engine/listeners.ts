import type {
  ButtonPress,
  Channel,
  HeardChat,
  HookAnswer,
  HookCall,
  LinkAttempt,
  ListenContext,
} from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import type { LateResult } from '../domain/late-result.js'
import type { Route } from '../domain/route.js'
import { hideSecrets } from '../domain/secrets.js'
import { signHookSecret } from '../follow/ack-token.js'
import { hookUrlOf } from './channel-context.js'

export interface ListenerParts {
  fetch: typeof fetch
  /** What hooks are signed with: the current key first, and those that were before it. */
  signingKeys: () => readonly Uint8Array[]
  /** `heardBy` is the channel that listens, for itself and for those with the same ear. */
  onPress: (heardBy: Channel, press: ButtonPress) => Promise<string>
  /** The signal fires when the listener is to end, which waits for this. */
  onLink: (heardBy: Channel, attempt: LinkAttempt, signal: AbortSignal) => Promise<string | null>
  /** What became of a message later; the signal fires when nobody waits for it any more. */
  onResult: (heardBy: Channel, result: LateResult, signal: AbortSignal) => Promise<void>
  onChat: (heardBy: Channel, chat: HeardChat) => void
  onSession: (heardBy: Channel, place: string, isOpen: boolean) => Promise<void>
  /** Names of the channels by which somebody may link an address at the moment, or looks for a chat. */
  listLinking: () => Promise<string[]>
  now: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

interface Listener {
  channel: Channel
  /** What it depends on, as text: it is started anew only when this changes. */
  terms: string
  context: ListenContext
  problem: string | null
  /** Ends when it is known for the first time whether it hears anything. */
  tried: Promise<void>
  abort: AbortController
  ended: Promise<void>
}

/**
 * Hears the readers' buttons, on each channel that a route offers them on, and the links that people open. Invariant:
 * at most one listener an ear, as vendors hand every press to one listener only.
 */
export class Listeners {
  readonly #parts: ListenerParts
  /** By ear. */
  readonly #running = new Map<string, Listener>()
  /** Of every channel that hears buttons. */
  #ears = new Map<string, string>()
  /** By name, the channels whose hooks hear what became of messages, whether anybody listens to them or not. */
  #hooked = new Map<string, Pick<Listener, 'channel' | 'context'>>()
  readonly #stopping = new AbortController()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: ListenerParts) {
    this.#parts = parts
  }

  /** Goes by the config as it is now: what has not changed goes on listening. */
  take(config: Config): Promise<void> {
    const taken = this.#turn.then(() => this.#take(config))
    this.#turn = taken.catch(() => undefined)
    return taken
  }

  async #take(config: Config): Promise<void> {
    const wanted = new Map<string, Channel>()
    for (const channel of listListened(config, await this.#parts.listLinking()))
      if (!wanted.has(earOf(channel))) wanted.set(earOf(channel), channel)
    this.#ears = new Map(Object.values(config.channels).map((channel) => [channel.name, earOf(channel)]))
    const isHooked = ({ kind, settings }: Channel): boolean => kind.hearsResults?.(settings) ?? false
    const hooked = Object.values(config.channels).filter(isHooked)
    this.#hooked = new Map(
      hooked.map((channel) => [channel.name, { channel, context: this.#openContext(channel, config) }]),
    )
    for (const [ear, listener] of this.#running) {
      const channel = wanted.get(ear)
      if (channel && termsOf(channel, config, this.#hookSecret(channel)) === listener.terms) continue
      await this.#end(ear, listener)
    }
    // Whoever looks anew while the program stops must not leave a listener behind.
    if (this.#stopping.signal.aborted) return
    for (const [ear, channel] of wanted) if (!this.#running.has(ear)) this.#begin(ear, channel, config)
  }

  /** Why the buttons of a channel do not work at the moment, or null. */
  problem(channel: string): string | null {
    return this.#find(channel)?.problem ?? null
  }

  /** Ends when it is known whether a channel hears anything, or with the signal. */
  async whenTried(channel: string, signal: AbortSignal): Promise<void> {
    const over = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    if (!signal.aborted) await Promise.race([this.#find(channel)?.tried, over])
  }

  /** One call of a vendor to `/hooks/<channel>`. */
  async takeHook(channel: string, call: HookCall): Promise<HookAnswer> {
    const listener = this.#find(channel) ?? this.#hooked.get(channel)
    const takeHook = listener?.channel.kind.takeHook
    if (!listener || !takeHook) return { status: 404, text: 'not taken' }
    const { name, settings } = listener.channel
    for (const key of this.#parts.signingKeys()) {
      // What was sent before the key was changed calls with the secret of then.
      const taken = await takeHook(call, settings, { ...listener.context, hookSecret: signHookSecret(key, name) })
      if (taken !== false) return { status: 200, text: taken === true ? 'OK' : taken }
    }
    return { status: 403, text: 'not taken' }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the listeners are stopped'))
    await Promise.all([...this.#running].map(([ear, listener]) => this.#end(ear, listener)))
  }

  #find(channel: string): Listener | undefined {
    return this.#running.get(this.#ears.get(channel) ?? '')
  }

  #begin(ear: string, channel: Channel, config: Config): void {
    const { log } = this.#parts
    const abort = new AbortController()
    const { promise: tried, resolve: noteTried } = withResolvers()
    const tell = (problem: string | null): void => {
      noteTried()
      const shown = problem === null ? null : hideSecrets(problem, config.secrets)
      if (shown === listener.problem) return
      listener.problem = shown
      if (shown === null) log('info', `the buttons of channel ${channel.name} work`, {})
      else log('warn', `the buttons of channel ${channel.name} do not work: ${shown}`, {})
    }
    const context = { ...this.#openContext(channel, config, abort.signal), onProblem: tell }
    const terms = termsOf(channel, config, context.hookSecret)
    const listener: Listener = { channel, terms, context, problem: null, tried, abort, ended: Promise.resolve() }
    this.#running.set(ear, listener)
    const listening = channel.kind.listen?.(channel.settings, context) ?? Promise.resolve()
    listener.ended = listening.catch((error: unknown) => {
      if (abort.signal.aborted) return
      // A bug of one channel's listener must not take the deliveries of all with it.
      tell(`its listener ended by a mistake of ours: ${error instanceof Error ? error.message : String(error)}`)
    })
  }

  #hookSecret({ name }: Channel): string {
    const [key] = this.#parts.signingKeys()
    if (!key) throw new TypeError('there is no key to sign with')
    return signHookSecret(key, name)
  }

  #openContext(channel: Channel, config: Config, signal = this.#stopping.signal): ListenContext {
    const { fetch, onPress, onLink, onResult, onChat, now } = this.#parts
    return {
      fetch,
      signal,
      now,
      hookUrl: hookUrlOf(config.server.http.publicUrl, channel.name),
      hookSecret: this.#hookSecret(channel),
      onPress: (press) => onPress(channel, press),
      onLink: (attempt) => onLink(channel, attempt, signal),
      onResult: (result) => onResult(channel, result, signal),
      onChat: (chat) => onChat(channel, chat),
      onSession: (place, isOpen) => this.#parts.onSession(channel, place, isOpen),
      onProblem: () => {},
    }
  }

  async #end(ear: string, listener: Listener): Promise<void> {
    this.#running.delete(ear)
    listener.abort.abort(new Error('the listener is stopped'))
    await listener.ended
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil
  })
  return { promise, resolve }
}

/** Channels that hear their readers, and on which a route offers to acknowledge, or which `linking` names. */
export function listListened(
  { routes, channels }: Pick<Config, 'routes' | 'channels'>,
  linking: readonly string[],
): Channel[] {
  const names = new Set([...routes.filter(({ enabled }) => enabled).flatMap(listOffering), ...linking])
  return Object.values(channels).filter(({ name, kind }) => names.has(name) && kind.listen !== undefined)
}

function listOffering({ steps }: Route): string[] {
  return steps.flatMap((step) => {
    if (step.verb !== 'send' || !step.offersAck) return []
    return [...step.channels, ...step.escalations.flatMap(({ channels }) => channels)]
  })
}

/** What channels share that hear the same buttons: see `ChannelKind.listenKey`. */
export function earOf({ name, kind, settings }: Pick<Channel, 'name' | 'kind' | 'settings'>): string {
  return JSON.stringify([kind.kind, kind.listenKey?.(settings) ?? name])
}

function termsOf({ name, kind, settings }: Channel, { server }: Config, hookSecret: string): string {
  return JSON.stringify([name, kind.kind, settings, server.http.publicUrl, hookSecret])
}
