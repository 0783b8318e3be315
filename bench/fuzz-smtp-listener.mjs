// The door, with nothing behind it, for bench/fuzz-smtp.mjs. Whatever goes unhandled ends it, and is told before.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { ensureCertificate } from '../dist/receive/certificate.js'
import { startSmtp } from '../dist/receive/smtp.js'

const [folder = ''] = process.argv.slice(2)
const hostname = 'fuzz.example.test'
const loopback = ['127.0.0.0/8']
let saved = 0
/** What must not be, whatever a client does. @type {string[]} */
const wrongs = []
/** @type {Map<string, number>} */
const rejections = new Map()

/** @param {string} text */
const hasControls = (text) => [...text].some((letter) => letter < ' ' || letter === '\x7f')

for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (/** @type {unknown} */ error) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.send?.({ type: 'crashed', text: `${event}: ${text}` }, () => process.exit(70))
  })
}

/** @param {string} name @param {Partial<import('../src/domain/smtp-settings.js').SmtpSettings>} more */
async function listen(name, more) {
  return startSmtp({
    settings: {
      listen: [{ host: '127.0.0.1', port: 0 }],
      implicitTls: [{ host: '127.0.0.1', port: 0 }],
      tls: { pair: null, versionMin: 'TLSv1.2', clientCa: null },
      allow: loopback,
      users: [{ name: 'jenkins', password: 'secret', certificate: null, senders: null, recipients: null, limits: {} }],
      recipients: ['*@good.test'],
      sizeBytesMax: 1_000_000,
      connectionsMax: 1_000,
      recipientsMax: 5,
      insecureAuth: true,
      clientLimits: { connectionsMax: 50, mails: { count: 100, perMs: 60_000 }, mailsPerDayMax: 1_000 },
      userLimits: { connectionsMax: null, mails: null, mailsPerDayMax: null },
      proxyProtocol: [],
      xclient: loopback,
      senderAuth: null,
      ...more,
    },
    hostname,
    tls: { ...(await ensureCertificate(folder, null, hostname)), clientCa: null },
    save: async ({ envelope }) => {
      saved++
      const isGood = envelope.to.length > 0 && envelope.to.every((to) => /^[^@]+@good\.test$/i.test(to))
      const texts = [envelope.from, ...envelope.to, envelope.helo, envelope.client]
      if (!isGood || texts.some(hasControls)) {
        if (wrongs.length < 20) wrongs.push(JSON.stringify(envelope).slice(0, 500))
      }
    },
    onRejected: ({ reason }) => rejections.set(reason, (rejections.get(reason) ?? 0) + 1),
    newId: randomUUID,
    now: Date.now,
    log: () => undefined,
    known: [],
    onQuotaSpent: async () => undefined,
    spoolFolder: join(folder, name),
    isDiskFull: () => false,
    // Clients that fall silent are a part of it, and should not make it long.
    limits: { idleMs: 1_000, handshakeMs: 1_000, commandMs: 1_000, authFailureDelayMs: 0, lingerMs: 100 },
  })
}

const open = await listen('open', {})
const proxied = await listen('proxied', { proxyProtocol: loopback, allow: ['192.0.0.0/8'], xclient: [] })
const ports = [...open.addresses, ...proxied.addresses].map(({ port }) => port)

process.on('message', (/** @type {string} */ question) => {
  if (question === 'stop') {
    Promise.all([open.stop(), proxied.stop()]).then(() => process.exit(0))
    return
  }
  // Twice, as what finalisers let go of is collected by the next one.
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send?.({
    type: 'figures',
    saved,
    wrongs,
    rejections: Object.fromEntries(rejections),
    liveBytes: heapUsed + external,
    rssBytes: rss,
  })
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C is for the one that asks, which wants the figures yet.
process.on('SIGINT', () => undefined)
process.send?.({ type: 'ready', ports, pid: process.pid })
