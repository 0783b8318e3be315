import type { ButtonPress, Channel, HookAnswer, HookCall, ListenContext } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import type { Route } from '../domain/route.js'
import { hideSecrets } from '../domain/secrets.js'
import { signHookSecret } from '../follow/ack-token.js'
import { hookUrlOf } from './channel-context.js'

export interface ListenerParts {
  fetch: typeof fetch
  key: Uint8Array
  /** `heardBy` is the channel that listens, for itself and for those with the same ear. */
  onPress: (heardBy: Channel, press: ButtonPress) => Promise<string>
  now: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

interface Listener {
  channel: Channel
  /** What it depends on, as text: it is started anew only when this changes. */
  terms: string
  context: ListenContext
  problem: string | null
  abort: AbortController
  ended: Promise<void>
}

/**
 * Hears the readers' buttons, on each channel that a route offers them on. Invariant: at most one listener an ear, as
 * vendors hand every press to one listener only.
 */
export class Listeners {
  readonly #parts: ListenerParts
  /** By ear. */
  readonly #running = new Map<string, Listener>()
  /** Of every channel that hears buttons. */
  #ears = new Map<string, string>()

  constructor(parts: ListenerParts) {
    this.#parts = parts
  }

  /** Goes by the config as it is now: what has not changed goes on listening. */
  async take(config: Config): Promise<void> {
    const wanted = new Map<string, Channel>()
    for (const channel of listListened(config)) if (!wanted.has(earOf(channel))) wanted.set(earOf(channel), channel)
    this.#ears = new Map(Object.values(config.channels).map((channel) => [channel.name, earOf(channel)]))
    for (const [ear, listener] of this.#running) {
      const channel = wanted.get(ear)
      if (channel && termsOf(channel, config) === listener.terms) continue
      await this.#end(ear, listener)
    }
    for (const [ear, channel] of wanted) if (!this.#running.has(ear)) this.#begin(ear, channel, config)
  }

  /** Why the buttons of a channel do not work at the moment, or null. */
  problem(channel: string): string | null {
    return this.#find(channel)?.problem ?? null
  }

  /** One call of a vendor to `/hooks/<channel>`. */
  async takeHook(channel: string, call: HookCall): Promise<HookAnswer> {
    const listener = this.#find(channel)
    const takeHook = listener?.channel.kind.takeHook
    if (!listener || !takeHook) return { status: 404, text: 'not taken' }
    const taken = await takeHook(call, listener.channel.settings, listener.context)
    if (taken === false) return { status: 403, text: 'not taken' }
    return { status: 200, text: taken === true ? 'OK' : taken }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running].map(([ear, listener]) => this.#end(ear, listener)))
  }

  #find(channel: string): Listener | undefined {
    return this.#running.get(this.#ears.get(channel) ?? '')
  }

  #begin(ear: string, channel: Channel, config: Config): void {
    const { fetch, key, onPress, now, log } = this.#parts
    const { publicUrl } = config.server.http
    const abort = new AbortController()
    const tell = (problem: string | null): void => {
      const shown = problem === null ? null : hideSecrets(problem, config.secrets)
      if (shown === listener.problem) return
      listener.problem = shown
      if (shown === null) log('info', `the buttons of channel ${channel.name} work`, {})
      else log('warn', `the buttons of channel ${channel.name} do not work: ${shown}`, {})
    }
    const context: ListenContext = {
      fetch,
      signal: abort.signal,
      now,
      hookUrl: hookUrlOf(publicUrl, channel.name),
      hookSecret: signHookSecret(key, channel.name),
      onPress: (press) => onPress(channel, press),
      onProblem: tell,
    }
    const terms = termsOf(channel, config)
    const listener: Listener = { channel, terms, context, problem: null, abort, ended: Promise.resolve() }
    this.#running.set(ear, listener)
    const listening = channel.kind.listen?.(channel.settings, context) ?? Promise.resolve()
    listener.ended = listening.catch((error: unknown) => {
      if (abort.signal.aborted) return
      // A bug of one channel's listener must not take the deliveries of all with it.
      tell(`its listener ended by a mistake of ours: ${error instanceof Error ? error.message : String(error)}`)
    })
  }

  async #end(ear: string, listener: Listener): Promise<void> {
    this.#running.delete(ear)
    listener.abort.abort(new Error('the listener is stopped'))
    await listener.ended
  }
}

/** Channels that hear buttons and on which a route offers to acknowledge. */
export function listListened({ routes, channels }: Pick<Config, 'routes' | 'channels'>): Channel[] {
  const names = new Set(routes.filter(({ enabled }) => enabled).flatMap(listOffering))
  return Object.values(channels).filter(({ name, kind }) => names.has(name) && kind.listen !== undefined)
}

function listOffering({ steps }: Route): string[] {
  return steps.flatMap((step) => {
    if (step.verb !== 'send' || !step.offersAck) return []
    return [...step.channels, ...step.escalations.flatMap(({ channels }) => channels)]
  })
}

/** What channels share that hear the same buttons: see `ChannelKind.listenKey`. */
export function earOf({ name, kind, settings }: Channel): string {
  return JSON.stringify([kind.kind, kind.listenKey?.(settings) ?? name])
}

function termsOf({ name, kind, settings }: Channel, { server }: Config): string {
  return JSON.stringify([name, kind.kind, settings, server.http.publicUrl])
}
