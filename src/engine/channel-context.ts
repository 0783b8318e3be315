import type { ChannelContext } from '../domain/channel.js'
import type { Mail, RawMail } from '../domain/mail.js'
import type { Outbound } from '../outbound/client.js'
import type { Store } from '../store/store.js'

export interface ContextParts {
  store: Pick<Store, 'readRawMail' | 'saveToInbox'>
  outbound: Outbound
  parse: (raw: RawMail, signal: AbortSignal) => Promise<Mail>
  hostname: string
  log: (line: string, facts: Record<string, unknown>) => void
  now: () => number
  signal: AbortSignal
}

/** What a channel is given for one delivery. The mail's bytes are read only when the channel asks for them. */
export function channelContext(
  delivery: { id: string; mailId: string | null; attempts: number },
  parts: ContextParts,
): Omit<ChannelContext, 'form' | 'signal'> {
  const readRaw = async (): Promise<RawMail> => {
    if (delivery.mailId === null) throw new Error('there is no mail: a job raised this')
    const raw = await parts.store.readRawMail(delivery.mailId)
    if (!raw) throw new Error('the mail is no longer in the store')
    return raw
  }
  return {
    request: parts.outbound.request,
    fetch: parts.outbound.fetch,
    now: parts.now,
    deliveryId: delivery.id,
    attempt: delivery.attempts,
    hostname: parts.hostname,
    loadRaw: async () => (await readRaw()).raw,
    loadMail: async () => parts.parse(await readRaw(), parts.signal),
    saveToInbox: (entry) => parts.store.saveToInbox({ ...entry, mailId: delivery.mailId, at: parts.now() }),
    log: parts.log,
  }
}
