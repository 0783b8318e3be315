import { createHash, timingSafeEqual } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { MailRejected } from '../domain/errors.js'
import type { SmtpSettings } from '../domain/smtp-settings.js'

/** What the settings say about who may send what to whom, ready to be asked. Pure: it only looks at its arguments. */
export interface SmtpPolicy {
  /** May this IP address send without AUTH? */
  allowsClient: (client: string) => boolean
  /** Is there anybody who could log in at all? */
  hasUsers: boolean
  /** Takes the same time whichever user exists and however much of the password is right. */
  acceptsPassword: (name: string, password: string) => boolean
  /** Null when the mail may begin; `authenticated` and `encrypted` describe the session. */
  refuseSender: (client: string, session: { authenticated: boolean; encrypted: boolean }) => MailRejected | null
  /** Null when the envelope recipient is accepted. */
  refuseRecipient: (address: string) => MailRejected | null
  sizeBytesMax: number
  connectionsMax: number
  recipientsMax: number
}

export function compilePolicy(settings: SmtpSettings): SmtpPolicy {
  const allowsClient = compileRanges(settings.allow)
  const globs = settings.recipients?.map((glob) => glob.toLowerCase()) ?? null
  const credentials = settings.users.flatMap(({ name, password }) =>
    password === null ? [] : [digest(name, password)],
  )
  return {
    allowsClient,
    hasUsers: credentials.length > 0,
    acceptsPassword: (name, password) => {
      const given = digest(name, password)
      let accepted = false
      for (const known of credentials) accepted = timingSafeEqual(known, given) || accepted
      return accepted
    },
    refuseSender: (client, session) => {
      if (session.authenticated || allowsClient(client)) return null
      if (credentials.length === 0) return new MailRejected(554, 'not_allowed', `5.7.1 ${client} may not send here`)
      const first = session.encrypted ? '' : 'STARTTLS, then '
      return new MailRejected(530, 'auth_required', `5.7.0 ${first}AUTH is required before MAIL`)
    },
    refuseRecipient: (address) => {
      if (globs === null) return null
      const recipient = address.toLowerCase()
      if (!hasRoute(recipient) && globs.some((glob) => matchesGlob(recipient, glob))) return null
      return new MailRejected(550, 'unknown_recipient', `5.1.1 ${address} is no recipient here`)
    },
    sizeBytesMax: settings.sizeBytesMax,
    connectionsMax: settings.connectionsMax,
    recipientsMax: settings.recipientsMax,
  }
}

/**
 * Why this server may not start, or null. A gateway that listens beyond loopback and takes any recipient from anybody
 * is an open door, so one of three things must say who is meant: clients, users, or recipients.
 */
export function checkExposure(settings: SmtpSettings): string | null {
  const exposed = [...settings.listen, ...settings.implicitTls].find(({ host }) => !isLoopbackHost(host))
  if (!exposed) return null
  if (settings.users.length > 0 || settings.recipients !== null || !settings.allow.every(isLoopbackRange)) return null
  return (
    `SMTP would listen on ${exposed.host}:${exposed.port}, beyond this machine, and nothing says who may send. ` +
    'Add these two lines under server.smtp, with your own network and domain:\n' +
    '  allow: [127.0.0.0/8, "::1/128", 192.168.0.0/16]\n' +
    '  recipients: ["*@alerts.example.com"]'
  )
}

function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '')
  return name === 'localhost' || isLoopbackRange(name)
}

function isLoopbackRange(range: string): boolean {
  const [address = '', bits] = range.split('/')
  if (address === '::1') return bits === undefined || bits === '128'
  return isIP(address) === 4 && address.startsWith('127.') && (bits === undefined || Number(bits) >= 8)
}

/** Takes addresses and CIDR ranges of both families. What is no range admits nobody; `config` reports it. */
function compileRanges(ranges: string[]): (client: string) => boolean {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address)
    if (family === 0) continue
    const width = family === 4 ? 32 : 128
    const prefix = bits === undefined ? width : Number(bits)
    if (!Number.isInteger(prefix) || prefix < 0 || prefix > width) continue
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
  }
  return (client) => {
    const family = isIP(client)
    return family !== 0 && list.check(client, family === 4 ? 'ipv4' : 'ipv6')
  }
}

/** A local part that names a further hop (`user%host`, `host!user`, a quoted address) never belongs to a local recipient. */
function hasRoute(recipient: string): boolean {
  return /[%!:"]/.test(recipient.slice(0, recipient.lastIndexOf('@')))
}

/** `*` stands for any run of characters. Linear in practice: each literal piece is searched once, left to right. */
function matchesGlob(text: string, glob: string): boolean {
  const pieces = glob.split('*')
  const first = pieces.shift() ?? ''
  const last = pieces.pop()
  if (last === undefined) return text === glob
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  const to = text.length - last.length
  for (const piece of pieces) {
    const found = text.indexOf(piece, from)
    if (found < 0 || found + piece.length > to) return false
    from = found + piece.length
  }
  return true
}

function digest(name: string, password: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([name, password]))
    .digest()
}
