import type { AckOffer, ChannelContext } from '../domain/channel.js'
import type { Mail, RawMail } from '../domain/mail.js'
import { ackLinkMs, signAckButton, signAckLink } from '../follow/ack-token.js'
import type { Outbound } from '../outbound/client.js'
import type { Store } from '../store/store.js'

export interface ContextParts {
  store: Pick<Store, 'readRawMail' | 'saveToInbox'>
  outbound: Outbound
  parse: (raw: RawMail, signal: AbortSignal) => Promise<Mail>
  hostname: string
  /** See `ChannelContext.instance`. */
  instance: string
  log: (line: string, facts: Record<string, unknown>) => void
  now: () => number
  signal: AbortSignal
}

/** What a context says of its delivery. */
export interface ContextFacts {
  id: string
  mailId: string | null
  attempts: number
  fingerprint: string
  /** See `ChannelContext.sent`. */
  sent: Record<string, string> | null
  /** See `ChannelContext.hookUrl`. */
  hookUrl: string | null
  /** See `ChannelContext.hookSecret`. */
  hookSecret: string
  /** See `ChannelContext.readSession`. */
  readSession: ChannelContext['readSession']
}

/** What a channel is given for one delivery. The mail's bytes are read only when the channel asks for them. */
export function channelContext(
  delivery: ContextFacts,
  parts: ContextParts,
  ack: AckOffer | null,
): Omit<ChannelContext, 'form' | 'signal'> {
  const readRaw = async (): Promise<RawMail> => {
    if (delivery.mailId === null)
      throw new Error('there is no mail: this was raised by a job, or by the gateway itself')
    const raw = await parts.store.readRawMail(delivery.mailId)
    if (!raw) throw new Error('the mail is no longer in the store')
    return raw
  }
  return {
    request: parts.outbound.request,
    fetch: parts.outbound.fetch,
    resolveHost: parts.outbound.resolveHost,
    now: parts.now,
    deliveryId: delivery.id,
    attempt: delivery.attempts,
    hostname: parts.hostname,
    instance: parts.instance,
    loadRaw: async () => (await readRaw()).raw,
    loadMail: async () => parts.parse(await readRaw(), parts.signal),
    saveToInbox: (entry) =>
      parts.store.saveToInbox({ ...entry, mailId: delivery.mailId, deliveryId: delivery.id, at: parts.now() }),
    log: parts.log,
    ack,
    sent: delivery.sent,
    fingerprint: delivery.fingerprint,
    hookUrl: delivery.hookUrl,
    hookSecret: delivery.hookSecret,
    readSession: delivery.readSession,
  }
}

/** Where vendors call us for a channel, or null when they cannot. */
export function hookUrlOf(publicUrl: string | null, channel: string): string | null {
  return publicUrl === null ? null : `${publicUrl}/hooks/${encodeURIComponent(channel)}`
}

/** How the reader of a delivery's message may acknowledge: a page of ours when people can reach it, and a button. */
export function offerAck(key: Uint8Array, deliveryId: string, publicUrl: string | null, now: number): AckOffer {
  const link = publicUrl === null ? null : `${publicUrl}/ack/${signAckLink(key, deliveryId, now + ackLinkMs)}`
  return { url: link, data: signAckButton(key, deliveryId) }
}
