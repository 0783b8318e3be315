// SMTP as the product speaks it, with a store that keeps nothing: what the rest of the server costs shows against this.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { ensureCertificate } from '../dist/receive/certificate.js'
import { startSmtp } from '../dist/receive/smtp.js'

const hostname = 'bench.example.test'
const smtp = await startSmtp({
  settings: {
    listen: [{ host: '127.0.0.1', port: 0 }],
    implicitTls: [],
    tls: { pair: null, versionMin: 'TLSv1.2', clientCa: null },
    allow: ['127.0.0.0/8'],
    users: [],
    recipients: null,
    sizeBytesMax: 25_000_000,
    connectionsMax: 500,
    recipientsMax: 100,
    insecureAuth: false,
    clientLimits: { connectionsMax: null, mails: null, mailsPerDayMax: null },
    userLimits: { connectionsMax: null, mails: null, mailsPerDayMax: null },
    proxyProtocol: [],
    xclient: [],
    senderAuth: null,
  },
  hostname,
  tls: { ...(await ensureCertificate(process.argv[2], null, hostname)), clientCa: null },
  save: async () => undefined,
  onRejected: () => undefined,
  known: [],
  onQuotaSpent: async () => undefined,
  newId: randomUUID,
  now: Date.now,
  log: () => undefined,
  spoolFolder: join(process.argv[2], 'spool'),
  isDiskFull: () => false,
})
process.send?.({ type: 'ready', port: smtp.addresses[0].port })
process.on('disconnect', () => process.exit(0))
