import { ulid } from 'ulid'
import { openSqliteStore } from '../dist/store/sqlite/sqlite-store.js'

const batchSize = 500
const owner = 'bench'
/** The archive reaches back this far: the server deletes what is older than 30 days. */
const spanMs = 29 * 86_400_000

/**
 * Fills a data folder with mails that were routed, delivered and indexed, through the store as the server does.
 * @param {{ folder: string, mails: number }} options
 * @returns {Promise<{ middle: string | null }>} the id of a mail from the middle
 */
export async function buildArchive({ folder, mails }) {
  const store = openSqliteStore(folder, Date.now)
  try {
    const startAt = Date.now() - spanMs
    let middle = null
    for (let from = 0; from < mails; from += batchSize) {
      const numbers = Array.from({ length: Math.min(batchSize, mails - from) }, (_, index) => from + index)
      const batch = numbers.map((number) => makeMail(number, startAt + Math.floor((number / mails) * spanMs)))
      await store.saveMails(batch.map(({ raw }) => raw))
      const claimed = await store.claimMails({ ...claim, now: Date.now(), limit: batch.length })
      const made = new Map(batch.map((mail) => [mail.raw.id, mail]))
      await Promise.all(claimed.map((mail) => store.commitRouting(route(mail, made.get(mail.id)))))
      await settleAll(store)
      // As the server does it, which also puts the index in order.
      for (let some = batch.splice(0, 32); some.length > 0; some = batch.splice(0, 32)) {
        await store.indexMails(some.map(({ raw, text }) => ({ mailId: raw.id, text })))
        await store.tidySearchIndex()
        middle = from <= mails / 2 ? (some[0]?.raw.id ?? middle) : middle
      }
    }
    for (let steps = 0; steps < 10_000 && (await store.tidySearchIndex()); steps++);
    return { middle }
  } finally {
    await store.close()
  }
}

const claim = { owner, leaseMs: 600_000, bytesMax: 1e9, suspectAttempts: 3, suspect: false }

/** @param {number} number @param {number} at */
function makeMail(number, at) {
  const host = `web-${number % 200}`
  const isRare = number % 5_000 === 0
  const subject = number % 1_000 === 7 ? `磁碟已滿 ${host}` : `[Monit] disk almost full on ${host}`
  const filler = Array.from({ length: 180 }, (_, index) => words[(number * 31 + index * index * 7) % words.length])
  const body = `level = error\n${isRare ? 'quokka' : 'usual'} ${filler.join(' ')}\nid ${number.toString(36)}`
  const from = `monit@${host}.example.test`
  const raw = `From: ${from}\r\nTo: ops@gw.example.test\r\nSubject: ${subject}\r\n\r\n${body}`
  const envelope = { from, to: ['ops@gw.example.test'], client: '127.0.0.1', helo: host, tls: false, user: null }
  const bytes = new TextEncoder().encode(raw.padEnd(isRare ? 150_000 : 0))
  return {
    number,
    subject,
    raw: { id: ulid(at), receivedAt: at, envelope, raw: bytes },
    text: { subject, from, to: 'ops@gw.example.test', body, hasAttachment: number % 50 === 0 },
  }
}

const words = Array.from({ length: 3_000 }, (_, index) => `w${((index * 7_919) % 100_003).toString(36)}`)

/** @param {any} mail @param {any} made */
function route(mail, made) {
  const { number, subject } = made
  const isFailed = number % 2_000 === 3
  const channel = number % 1_000 === 11 ? 'desk' : 'hook'
  const name = number % 3_000 === 17 ? 'rare route' : 'Checkout errors'
  const message = {
    title: subject,
    text: 'w'.repeat(300),
    severity: 'warning',
    from: mail.envelope.from,
    labels: {},
    links: [],
    attachments: [],
    notes: [],
    mailId: mail.id,
    receivedAt: mail.receivedAt,
  }
  const delivery = {
    channel,
    recipient: null,
    address: 'x',
    message,
    retryMs: [60_000],
    dead: number % 500 === 5 ? 'the address is unknown' : null,
    purpose: 'alert',
    afterMs: 0,
    repeat: null,
    offersAck: false,
    during: null,
    retryWindowMs: 259_200_000,
    dedupeKey: `${channel}/${mail.id}`,
  }
  const notification = {
    route: name,
    severity: 'warning',
    event: null,
    fingerprint: `f${number % 500}`,
    labels: {},
    message,
    flagged: null,
    control: { dedupe: null, hold: null, digest: null },
    deliveries: [delivery],
  }
  return {
    mailId: mail.id,
    owner,
    epoch: mail.epoch,
    generation: mail.generation,
    status: isFailed ? 'failed' : 'routed',
    reason: isFailed ? 'nobody is reached' : null,
    subject,
    fromAddress: mail.envelope.from,
    malformed: null,
    pending: null,
    trace: makeTrace(mail),
    notifications: [notification],
    recoveries: [],
    monitorsSeen: [],
    now: mail.receivedAt,
  }
}

/** @param {any} mail */
function makeTrace(mail) {
  return {
    version: 1,
    mail_id: mail.id,
    config_hash: 'bench',
    started_at: new Date(mail.receivedAt).toISOString(),
    duration_ms: 1,
    generation: mail.generation,
    parse: { text_source: 'text', malformed: null },
    routes: [],
    routes_omitted: 0,
    outcome: 'routed',
    otherwise: null,
    recoveries: [],
    monitors: [],
  }
}

/** @param {import('../dist/store/store.js').Store} store */
async function settleAll(store) {
  for (const channel of ['hook', 'desk']) {
    for (;;) {
      const now = Date.now()
      const claimed = await store.claimDeliveries({ owner, channel, now, leaseMs: 600_000, limit: batchSize })
      if (claimed.length === 0) break
      await Promise.all(
        claimed.map((delivery) =>
          store.settleDelivery({
            deliveryId: delivery.id,
            owner,
            epoch: delivery.epoch,
            now: delivery.createdAt ?? now,
            status: 'sent',
            dueAt: null,
            refund: false,
            lastError: null,
            remote: {},
            address: null,
            attempt: {
              deliveryId: delivery.id,
              startedAt: now,
              durationMs: 5,
              outcome: 'delivered',
              statusCode: 200,
              excerpt: 'ok',
            },
            holdBack: null,
            goesOn: false,
          }),
        ),
      )
    }
  }
}
