import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { NewDelivery, NewNotification } from '#src/domain/delivery.js'
import type { RawMail } from '#src/domain/mail.js'
import type { Message } from '#src/domain/message.js'
import { noControl } from '#src/domain/notification.js'
import type { RouteTrace, Trace } from '#src/domain/trace.js'
import { openSqliteStore } from '#src/store/sqlite/sqlite-store.js'
import type { ClaimedDelivery, ClaimedMail, Routing, Settlement, Store } from '#src/store/store.js'

/** Noon of a day in 2025: tests count in milliseconds from here. */
export const noon = Date.UTC(2025, 5, 6, 12)

const opened: Store[] = []
const folders: string[] = []
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close().catch(() => undefined)
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-store-'))
  folders.push(folder)
  return folder
}

/** A real store, closed and deleted after the test. */
export function openStore(folder = makeFolder(), now: () => number = () => noon): Store {
  const store = openSqliteStore(folder, now)
  opened.push(store)
  return store
}

export function makeRaw(id: string, changes: Partial<RawMail> = {}): RawMail {
  return {
    id,
    receivedAt: noon,
    envelope: { from: 'a@x.example', to: ['tim@y.example'], client: '127.0.0.1', helo: 'x', tls: false, user: null },
    raw: new TextEncoder().encode(`Subject: ${id}\r\n\r\nbody of ${id}`),
    ...changes,
  }
}

export function makeMessage(changes: Partial<Message> = {}): Message {
  return {
    title: 'Disk full',
    text: 'on sda1',
    severity: 'warning',
    from: 'monit@x.example',
    labels: {},
    links: [],
    attachments: [],
    notes: [],
    mailId: 'm1',
    receivedAt: noon,
    ...changes,
  }
}

export function makeDelivery(changes: Partial<NewDelivery> = {}): NewDelivery {
  const delivery = {
    channel: 'ops',
    recipient: 'tim@y.example',
    address: '111',
    message: makeMessage(),
    retryMs: [60_000, 300_000],
    dead: null,
    purpose: 'alert' as const,
    afterMs: 0,
    repeat: null,
    offersAck: false,
    during: null,
    retryWindowMs: 259_200_000,
    ...changes,
  }
  const key = `${delivery.channel}/${delivery.address}/${delivery.message.title}/${delivery.message.text}`
  return { dedupeKey: key, ...delivery }
}

export function makeNotification(deliveries: NewDelivery[], changes: Partial<NewNotification> = {}): NewNotification {
  return {
    route: 'disks',
    severity: 'warning',
    event: null,
    fingerprint: 'f',
    labels: {},
    message: makeMessage(),
    flagged: null,
    control: noControl,
    deliveries,
    ...changes,
  }
}

export function makeTrace(mailId: string, changes: Partial<Trace> = {}): Trace {
  return {
    version: 1,
    mail_id: mailId,
    config_hash: 'abc',
    started_at: new Date(noon).toISOString(),
    duration_ms: 1,
    generation: 0,
    parse: { text_source: 'text', malformed: null },
    routes: [],
    routes_omitted: 0,
    outcome: 'routed',
    otherwise: null,
    auth: null,
    recoveries: [],
    monitors: [],
    ...changes,
  }
}

export function makeRouteTrace(name: string, changes: Partial<RouteTrace> = {}): RouteTrace {
  return {
    name,
    source: 'routes.yaml:1',
    verdict: 'matched',
    reason: null,
    condition: null,
    steps: [],
    recipients: [],
    deliveries: [],
    notification: null,
    duration_ms: 1,
    ...changes,
  }
}

export function makeRouting(claimed: ClaimedMail, changes: Partial<Routing> = {}): Routing {
  return {
    mailId: claimed.id,
    owner: claimed.owner,
    epoch: claimed.epoch,
    generation: claimed.generation,
    status: 'routed',
    reason: null,
    subject: `subject of ${claimed.id}`,
    fromAddress: 'monit@x.example',
    malformed: null,
    pending: null,
    trace: makeTrace(claimed.id, { generation: claimed.generation }),
    notifications: [],
    recoveries: [],
    monitorsSeen: [],
    now: noon,
    ...changes,
  }
}

export const mailClaim = {
  owner: 'me',
  now: noon,
  leaseMs: 1_000,
  limit: 100,
  bytesMax: 1e9,
  suspectAttempts: 3,
  suspect: true,
}
export const deliveryClaim = { owner: 'me', channel: 'ops', now: noon, leaseMs: 1_000, limit: 100 }

export async function claimMail(store: Store, now = noon): Promise<ClaimedMail> {
  const [claimed] = await store.claimMails({ ...mailClaim, now, limit: 1 })
  if (!claimed) throw new Error('no mail is due')
  return claimed
}

export async function claimDelivery(store: Store, now = noon, channel = 'ops'): Promise<ClaimedDelivery> {
  const [claimed] = await store.claimDeliveries({ ...deliveryClaim, now, channel, limit: 1 })
  if (!claimed) throw new Error('no delivery is due')
  return claimed
}

/** Saves a mail and routes it to these deliveries. */
export async function saveRouted(store: Store, id: string, deliveries: NewDelivery[], now = noon): Promise<void> {
  await store.saveMails([makeRaw(id, { receivedAt: now })])
  const claimed = await claimMail(store, now)
  if (claimed.id !== id) throw new Error(`claimed ${claimed.id}, not ${id}`)
  await store.commitRouting(makeRouting(claimed, { now, notifications: [makeNotification(deliveries)] }))
}

export function makeSettlement(claimed: ClaimedDelivery, changes: Partial<Settlement> = {}): Settlement {
  const startedAt = changes.now ?? noon
  return {
    deliveryId: claimed.id,
    owner: claimed.owner,
    epoch: claimed.epoch,
    now: startedAt,
    status: 'sent',
    dueAt: null,
    refund: false,
    lastError: null,
    remote: {},
    address: null,
    attempt: {
      deliveryId: claimed.id,
      startedAt,
      durationMs: 5,
      outcome: 'delivered',
      statusCode: 200,
      excerpt: 'ok',
    },
    holdBack: null,
    goesOn: false,
    ackDisplay: null,
    ...changes,
  }
}

export async function statusOf(store: Store, deliveryId: string): Promise<string | undefined> {
  return (await store.readDelivery(deliveryId))?.status
}
