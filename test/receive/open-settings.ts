import type { SmtpSettings } from '#src/domain/smtp-settings.js'

/** A door for tests: loopback may send without AUTH, and nothing else is limited. */
export const openSettings: SmtpSettings = {
  listen: [{ host: '127.0.0.1', port: 0 }],
  implicitTls: [],
  tls: { pair: null, versionMin: 'TLSv1.2', clientCa: null },
  allow: ['127.0.0.0/8', '::1/128'],
  insecureAuth: false,
  users: [],
  recipients: null,
  sizeBytesMax: 1_000_000,
  connectionsMax: 20,
  recipientsMax: 3,
  clientLimits: { connectionsMax: 50, mails: null, mailsPerDayMax: null },
  userLimits: { connectionsMax: null, mails: null, mailsPerDayMax: null },
  proxyProtocol: [],
  xclient: [],
  senderAuth: null,
}

/** A user with a password and no limits of its own. */
export function plainUser(name: string, password: string): SmtpSettings['users'][number] {
  return { name, password, certificate: null, senders: null, recipients: null, limits: {} }
}
