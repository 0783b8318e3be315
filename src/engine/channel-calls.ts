import { attemptDelivery, type Send } from '../deliver/attempt.js'
import type { Channel, HookCall, Outcome } from '../domain/channel.js'
import { ApiError } from '../domain/errors.js'
import type { Message } from '../domain/message.js'
import { hideSecrets } from '../domain/secrets.js'
import { signHookSecret } from '../follow/ack-token.js'
import { channelContext, hookUrlOf } from './channel-context.js'
import type { Engine } from './engine.js'
import { readSession } from './sessions.js'

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
}

export interface ChannelTest {
  ok: boolean
  provider: string
  permanent: boolean
}

const testTimeoutMs = 30_000
const reasonLengthMax = 500

/** What may be asked about channels. Rejects with `ApiError`. */
export function offerChannelCalls(engine: Engine) {
  const { deliveries, audit, listeners } = engine
  return {
    listChannels: () => listChannels(engine),
    testChannel: (name: string, to: string | null, text: string) => testChannel(engine, name, to, text),
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
    /** One call of a vendor to the hook of a channel. */
    takeChannelHook: (channel: string, call: HookCall) => listeners.takeHook(channel, call),
  }
}

async function listChannels(engine: Engine): Promise<ChannelLine[]> {
  const { pauses } = await engine.store.readStats(engine.now())
  return Object.values(engine.current().config.channels).map((channel) => {
    const pause = pauses.find((line) => line.channel === channel.name)
    return {
      name: channel.name,
      kind: channel.kind.kind,
      label: channel.kind.label,
      destination: channel.destination,
      address_hint: channel.kind.address?.hint ?? null,
      paused: pause ? { until: pause.until, reason: pause.reason } : null,
      buttons: engine.listeners.problem(channel.name),
    }
  })
}

function findChannel(engine: Engine, name: string): Channel {
  const { channels } = engine.current().config
  const channel = channels[name]
  if (channel) return channel
  throw new ApiError(404, 'not_found', `there is no channel "${name}"`, `channels: ${Object.keys(channels).join(', ')}`)
}

/** Sends one message through the channel's own code, past the queue, and says what the vendor said. */
async function testChannel(engine: Engine, name: string, to: string | null, text: string): Promise<ChannelTest> {
  const channel = findChannel(engine, name)
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
  const { store, outbound } = engine
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
    { store, outbound, parse: parts.parse, hostname: config.hostname, log: () => undefined, now: engine.now, signal },
    null,
  )
  const target = channel.destination === null ? address : null
  const message = describeTestMessage(id, text, config.hostname, now)
  const send: Send = (said, to, given) => channel.kind.send(said, to, channel.settings, given)
  const { outcome } = await attemptDelivery(send, message, target, { context, measure: engine.measure, signal })
  return describeTest(outcome, config.secrets)
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
