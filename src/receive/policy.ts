import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { MailRejected } from '../domain/errors.js'
import { foldAddress } from '../domain/fold-address.js'
import { splitPlus } from '../domain/plus-address.js'
import type { SmtpSettings, SmtpUser } from '../domain/smtp-settings.js'
import { clientKeyOf, compileRanges, isEverybody } from './client-ranges.js'
import type { LimitedSender } from './sender-limits.js'

/** Who speaks, as far as the session knows by now. */
export interface Speaker {
  /** IP address. */
  client: string
  user: string | null
  encrypted: boolean
}

/** What the settings say about who may send what to whom, ready to be asked. Pure: it only looks at its arguments. */
export interface SmtpPolicy {
  /** May this IP address send without AUTH? */
  allowsClient: (client: string) => boolean
  /** Is it allowed by a range that does not hold every address? Such clients know no limits but those of the server. */
  trustsClient: (client: string) => boolean
  /** Is there anybody who could log in at all? */
  hasUsers: boolean
  /** Takes the same time whichever user exists and however much of the password is right. */
  acceptsPassword: (name: string, password: string) => boolean
  /** May a password come without TLS from anybody? */
  takesPlainPasswords: boolean
  /** The user that one of these names of a verified client certificate stands for. */
  certificateUser: (names: string[]) => string | null
  /** Has this address, a proxy's, to begin with a PROXY header? */
  mustNameClient: (address: string) => boolean
  /** Is this address believed when it says by XCLIENT for whom it speaks? */
  trustsXclient: (address: string) => boolean
  /** Null when the mail may begin; `from` is empty for the null sender. */
  refuseSender: (from: string, speaker: Speaker) => MailRejected | null
  /** Null when the envelope recipient is accepted of this user, or of nobody in particular. */
  refuseRecipient: (address: string, user: string | null) => MailRejected | null
  /** Whose limits hold for the speaker; null for trusted clients that did not log in. */
  limitedSender: (speaker: Pick<Speaker, 'client' | 'user'>) => LimitedSender | null
  sizeBytesMax: number
  connectionsMax: number
  /** Of these, only trusted clients may use the last; 0 where there are none. */
  connectionsReserved: number
  recipientsMax: number
}

export function compilePolicy(settings: SmtpSettings): SmtpPolicy {
  const allowsClient = compileRanges(settings.allow)
  const trusted = settings.allow.filter((range) => !isEverybody(range))
  const trustsClient = compileRanges(trusted)
  const limitsOfUsers = new Map(settings.users.map(({ name, limits }) => [name, limits]))
  return {
    allowsClient,
    trustsClient,
    ...compileLogins(settings),
    ...compileRights(settings, allowsClient),
    mustNameClient: compileRanges(settings.proxyProtocol),
    trustsXclient: compileRanges(settings.xclient),
    limitedSender: ({ client, user }) => {
      if (user !== null) {
        return { key: `user/${user}`, limits: { ...settings.userLimits, ...limitsOfUsers.get(user) } }
      }
      return trustsClient(client) ? null : { key: `client/${clientKeyOf(client)}`, limits: settings.clientLimits }
    },
    sizeBytesMax: settings.sizeBytesMax,
    connectionsMax: settings.connectionsMax,
    connectionsReserved: trusted.length === 0 ? 0 : Math.floor(settings.connectionsMax / 10),
    recipientsMax: settings.recipientsMax,
  }
}

type Logins = Pick<SmtpPolicy, 'hasUsers' | 'acceptsPassword' | 'takesPlainPasswords' | 'certificateUser'>

function compileLogins({ users, insecureAuth }: SmtpSettings): Logins {
  const credentials = users.flatMap(({ name, password }) => (password === null ? [] : [digest(name, password)]))
  return {
    hasUsers: credentials.length > 0,
    acceptsPassword: (name, password) => {
      const given = digest(name, password)
      let accepted = false
      for (const known of credentials) accepted = timingSafeEqual(known, given) || accepted
      return accepted
    },
    takesPlainPasswords: insecureAuth,
    certificateUser: (names) =>
      users.find(({ certificate }) => certificate !== null && names.includes(certificate))?.name ?? null,
  }
}

function compileRights(
  settings: SmtpSettings,
  allowsClient: SmtpPolicy['allowsClient'],
): Pick<SmtpPolicy, 'refuseSender' | 'refuseRecipient'> {
  const globs = settings.recipients?.map(foldAddress) ?? null
  const users = new Map(settings.users.map((user) => [user.name, withFoldedGlobs(user)]))
  return {
    refuseSender: (from, { client, user, encrypted }) => {
      const known = user === null ? undefined : users.get(user)
      if (known) return refuseSenderOf(known, from)
      if (allowsClient(client)) return null
      if (users.size === 0) return new MailRejected(554, 'not_allowed', `5.7.1 ${client} may not send here`)
      const first = encrypted ? '' : 'STARTTLS, then '
      return new MailRejected(530, 'auth_required', `5.7.0 ${first}AUTH is required before MAIL`)
    },
    refuseRecipient: (address, user) => {
      if (globs !== null && !isRecipient(foldAddress(address), globs)) {
        return new MailRejected(550, 'unknown_recipient', `5.1.1 ${address} is no recipient here`)
      }
      const known = user === null ? undefined : users.get(user)
      return known ? refuseRecipientOf(known, address) : null
    },
  }
}

function withFoldedGlobs(user: SmtpUser): SmtpUser {
  const fold = (globs: string[] | null): string[] | null => globs?.map(foldAddress) ?? null
  return { ...user, senders: fold(user.senders), recipients: fold(user.recipients) }
}

/** The null sender of bounces is `<>` among a user's senders; a `*` alone allows it as it allows anything. */
function refuseSenderOf(user: SmtpUser, from: string): MailRejected | null {
  if (user.senders === null) return null
  const sender = foldAddress(from)
  if (matchesSome(sender === '' ? '<>' : sender, user.senders)) return null
  return new MailRejected(553, 'sender_not_allowed', `5.7.1 user ${user.name} may not send as <${from}>`)
}

function refuseRecipientOf(user: SmtpUser, address: string): MailRejected | null {
  if (user.recipients === null || isRecipient(foldAddress(address), user.recipients)) return null
  return new MailRejected(550, 'recipient_not_allowed', `5.7.1 user ${user.name} may not write to ${address}`)
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

/** An address with a key (`devops+db@…`) is accepted where its plain address is. */
function isRecipient(address: string, globs: string[]): boolean {
  return !hasRoute(address) && (matchesSome(address, globs) || matchesSome(splitPlus(address).plain, globs))
}

/** A local part that names a further hop (`user%host`, `host!user`, a quoted address) never belongs to a local recipient. */
function hasRoute(recipient: string): boolean {
  return /[%!:"]/.test(recipient.slice(0, recipient.lastIndexOf('@')))
}

function matchesSome(text: string, globs: string[]): boolean {
  return globs.some((glob) => matchesGlob(text, glob))
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
