import type { ButtonPress, Channel, ListenContext } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import type { Route } from '../domain/route.js'
import { hideSecrets } from '../domain/secrets.js'
import { signHookSecret } from '../follow/ack-token.js'

export interface ListenerParts {
  fetch: typeof fetch
  key: Uint8Array
  onPress: (channel: Channel, press: ButtonPress) => Promise<string>
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
 * Hears the readers' buttons, on each channel that a route offers them on. Invariant: at most one listener a channel, as
 * vendors hand every press to one listener only.
 */
export class Listeners {
  readonly #parts: ListenerParts
  readonly #running = new Map<string, Listener>()

  constructor(parts: ListenerParts) {
    this.#parts = parts
  }

  /** Goes by the config as it is now: what has not changed goes on listening. */
  async take(config: Config): Promise<void> {
    const wanted = new Map(listListened(config).map((channel) => [channel.name, channel]))
    for (const [name, listener] of this.#running) {
      const channel = wanted.get(name)
      if (channel && termsOf(channel, config) === listener.terms) continue
      await this.#end(name, listener)
    }
    for (const [name, channel] of wanted) if (!this.#running.has(name)) this.#begin(channel, config)
  }

  /** Why the buttons of a channel do not work at the moment, or null. */
  problem(channel: string): string | null {
    return this.#running.get(channel)?.problem ?? null
  }

  /** One call of a vendor to `/hooks/<channel>`; the HTTP status to answer with. */
  async takeHook(channel: string, call: { headers: Record<string, string>; body: string }): Promise<number> {
    const listener = this.#running.get(channel)
    const takeHook = listener?.channel.kind.takeHook
    if (!listener || !takeHook) return 404
    return (await takeHook(call, listener.channel.settings, listener.context)) ? 200 : 403
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running].map(([name, listener]) => this.#end(name, listener)))
  }

  #begin(channel: Channel, config: Config): void {
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
      hookUrl: publicUrl === null ? null : `${publicUrl}/hooks/${encodeURIComponent(channel.name)}`,
      hookSecret: signHookSecret(key, channel.name),
      onPress: (press) => onPress(channel, press),
      onProblem: tell,
    }
    const terms = termsOf(channel, config)
    const listener: Listener = { channel, terms, context, problem: null, abort, ended: Promise.resolve() }
    this.#running.set(channel.name, listener)
    const listening = channel.kind.listen?.(channel.settings, context) ?? Promise.resolve()
    listener.ended = listening.catch((error: unknown) => {
      if (abort.signal.aborted) return
      // A bug of one channel's listener must not take the deliveries of all with it.
      tell(`its listener ended by a mistake of ours: ${error instanceof Error ? error.message : String(error)}`)
    })
  }

  async #end(name: string, listener: Listener): Promise<void> {
    this.#running.delete(name)
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

function termsOf({ kind, settings }: Channel, { server }: Config): string {
  return JSON.stringify([kind.kind, settings, server.http.publicUrl])
}
