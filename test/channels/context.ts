import type { ChannelContext, ListenContext } from '#src/domain/channel.js'
import type { Mail } from '#src/domain/mail.js'
import type { Message } from '#src/domain/message.js'
import { createOutbound, type Outbound } from '#src/outbound/client.js'

export const secretToken = '123456:CANARY-secret_token'

export function openOutbound(): Outbound {
  return createOutbound({ policy: { denyPrivate: false, allow: [], deny: [] }, userAgent: 'mailtrigger/test' })
}

export function makeMessage(changes: Partial<Message> = {}): Message {
  return {
    title: 'Disk full on db1',
    text: 'Only 3 % left on /var.',
    severity: 'critical',
    from: 'cron@db1.example',
    labels: { host: 'db1' },
    links: [],
    attachments: [],
    notes: [],
    mailId: '01JMAIL',
    receivedAt: Date.UTC(2026, 7, 1, 12, 0),
    ...changes,
  }
}

export function makeMail(changes: Partial<Mail> = {}): Mail {
  return {
    id: '01JMAIL',
    receivedAt: 0,
    envelope: { from: 'a@b.example', to: ['c@d.example'], client: '127.0.0.1', helo: 'h', tls: false, user: null },
    sizeBytes: 1,
    subject: 's',
    from: [],
    to: [],
    cc: [],
    date: 0,
    messageId: null,
    headers: {},
    text: '',
    textSource: 'none',
    html: null,
    attachments: [],
    malformed: null,
    auth: null,
    ...changes,
  }
}

export function makeContext(outbound: Outbound, changes: Partial<ChannelContext> = {}): ChannelContext {
  return {
    request: outbound.request,
    fetch: outbound.fetch,
    resolveHost: outbound.resolveHost,
    signal: new AbortController().signal,
    now: () => Date.UTC(2026, 7, 1, 12, 0, 30),
    form: 'full',
    deliveryId: '01JDELIVERY',
    attempt: 1,
    loadMail: async () => makeMail(),
    loadRaw: async () => Buffer.from('Subject: s\r\n\r\noriginal\r\n'),
    saveToInbox: async () => 'inbox-1',
    log: () => {},
    hostname: 'gateway.example',
    instance: 'gateway0123456789',
    ack: null,
    hookUrl: 'https://alerts.example/hooks/channel',
    hookSecret: 'CANARY-hook',
    readSession: async () => null,
    sent: null,
    fingerprint: 'disk db1',
    ...changes,
  }
}

/** What a channel that hears is given; nothing of what it hears goes anywhere. */
export function makeListenContext(
  outbound: Pick<Outbound, 'fetch'>,
  changes: Partial<ListenContext> = {},
): ListenContext {
  return {
    fetch: outbound.fetch,
    signal: new AbortController().signal,
    now: () => Date.UTC(2026, 7, 1, 12, 0, 30),
    hookUrl: 'https://alerts.example/hooks/channel',
    hookSecret: 'CANARY-hook',
    onPress: async () => 'acknowledged',
    onLink: async () => null,
    onResult: async () => {},
    onSession: async () => {},
    onChat: () => {},
    onProblem: () => {},
    ...changes,
  }
}
