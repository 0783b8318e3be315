import { findChannelKind } from '../channels/index.js'
import { attemptDelivery, type Send } from '../deliver/attempt.js'
import type { Channel, Outcome } from '../domain/channel.js'
import { ApiError } from '../domain/errors.js'
import type { Message } from '../domain/message.js'
import { hideSecrets } from '../domain/secrets.js'
import { signHookSecret } from '../follow/ack-token.js'
import { channelContext, hookUrlOf } from './channel-context.js'
import type { Engine } from './engine.js'
import { checkEntered, fillMasked, unknownKind } from './enter-channel.js'
import type { Settings } from './secret-settings.js'
import { readSession } from './sessions.js'

export interface ChannelTest {
  ok: boolean
  provider: string
  permanent: boolean
}

export interface TestOrder {
  /** A person's mail address, or an address on the channel; null for a channel with a place of its own. */
  to: string | null
  text: string
}

/** Settings that nobody saved. */
export interface EnteredTest {
  /** The channel whose secrets the mask stands for; null when all are entered. */
  name: string | null
  kind: string
  settings: Settings
}

const testTimeoutMs = 30_000

/**
 * Sends one message through the channel's own code, past the queue, and says what the vendor said.
 * @param entered secrets that the config does not know
 */
export async function testChannel(
  engine: Engine,
  channel: Channel,
  { to, text }: TestOrder,
  entered: readonly string[] = [],
): Promise<ChannelTest> {
  const { name } = channel
  const { config, parts } = engine.current()
  const person = to === null ? undefined : config.people[to.toLowerCase()]
  const address = person?.channels[name] ?? to
  if (channel.destination === null && address === null) {
    const hint = channel.kind.address ? `--to takes a person's mail address or ${channel.kind.address.hint}` : null
    throw new ApiError(400, 'missing_recipient', `channel "${name}" delivers to people: say to whom`, hint)
  }
  const now = engine.now()
  const signal = AbortSignal.timeout(testTimeoutMs)
  const id = `test-${now.toString(36)}`
  const { store, outbound, instance } = engine
  const context = channelContext(
    {
      id,
      mailId: id,
      attempts: 1,
      fingerprint: id,
      sent: null,
      hookUrl: hookUrlOf(config.server.http.publicUrl, name),
      hookSecret: signHookSecret(engine.keys.ring().current.signing, name),
      readSession: (place) => readSession(store, channel, place),
    },
    {
      store,
      outbound,
      parse: parts.parse,
      hostname: config.hostname,
      instance,
      log: () => undefined,
      now: engine.now,
      signal,
    },
    null,
  )
  const target = channel.destination === null ? address : null
  const message = describeTestMessage(id, text, config.hostname, now)
  const send: Send = (said, to, given) => channel.kind.send(said, to, channel.settings, given)
  const { outcome } = await attemptDelivery(send, message, target, { context, measure: engine.measure, signal })
  return describeTest(outcome, [...config.secrets, ...entered])
}

/** Throws `ConfigError` when the settings cannot be used. */
export async function testEntered(engine: Engine, entered: EnteredTest, order: TestOrder): Promise<ChannelTest> {
  const { config, stored } = engine.current()
  const known = entered.name === null ? undefined : stored.get(entered.name)
  const kept = known?.stored.kind === entered.kind ? known.settings : null
  const { kind } = entered
  if (!findChannelKind(kind)) throw unknownKind(kind)
  const settings = fillMasked(kind, entered.settings, kept)
  const read = checkEntered({ name: entered.name ?? kind, kind, settings }, config.secrets)
  return testChannel(engine, read.channel, order, read.secrets)
}

function describeTestMessage(id: string, text: string, hostname: string, now: number): Message {
  return {
    title: 'MailTrigger test message',
    text,
    severity: 'info',
    from: `mailtrigger@${hostname}`,
    labels: {},
    links: [],
    attachments: [],
    notes: [],
    mailId: id,
    receivedAt: now,
  }
}

function describeTest(outcome: Outcome, secrets: string[]): ChannelTest {
  const ok = outcome.kind === 'delivered' || outcome.kind === 'accepted'
  return { ok, provider: hideSecrets(outcome.text, secrets), permanent: outcome.kind === 'permanent' }
}
