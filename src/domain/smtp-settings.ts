import type { Rate } from './channel.js'

/** The door that mails come in by: `server.smtp` of a config. */
export interface SmtpSettings {
  listen: ListenAddress[]
  implicitTls: ListenAddress[]
  tls: SmtpTls
  /** CIDR ranges that may send without AUTH. */
  allow: string[]
  /** Offers AUTH without TLS to everybody, not only to `allow`. */
  insecureAuth: boolean
  users: SmtpUser[]
  /** Globs of accepted envelope recipients; null accepts any, which is only allowed on loopback. */
  recipients: string[] | null
  sizeBytesMax: number
  connectionsMax: number
  recipientsMax: number
  /**
   * For each client that did not log in and is outside `allow`, or in it by a range of all addresses: by its address
   * (IPv6: by its /64).
   */
  clientLimits: SenderLimits
  /** For each user; what a user has of its own stands before it. Users and `allow` know no other limits. */
  userLimits: SenderLimits
  /** CIDR ranges of proxies that have to begin with a PROXY line (v1 or v2), which is believed. */
  proxyProtocol: string[]
  /** CIDR ranges of mail servers whose XCLIENT is believed. */
  xclient: string[]
  senderAuth: SenderAuthSettings | null
}

export interface ListenAddress {
  host: string
  port: number
}

export interface SmtpTls {
  /** PEM file paths; null makes a self-signed pair in the data folder. */
  pair: { cert: string; key: string } | null
  versionMin: 'TLSv1.2' | 'TLSv1.3'
  /** PEM file of the authorities whose client certificates log a user in; null asks for none. */
  clientCa: string | null
}

export interface SmtpUser {
  name: string
  /** Null for a user who logs in by certificate alone. */
  password: string | null
  /** The name (CN or a DNS or mail SAN, lower case) of the client certificate that stands for the user; null for none. */
  certificate: string | null
  /** Globs of MAIL FROM that the user may use, lower case; `<>` is the null sender. Null allows any. */
  senders: string[] | null
  /** Globs of RCPT TO, lower case, among those the server accepts; null allows all of them. */
  recipients: string[] | null
  /** What stands before `userLimits`; undefined parts are theirs. */
  limits: Partial<SenderLimits>
}

/** Null is no limit. */
export interface SenderLimits {
  connectionsMax: number | null
  mails: Rate | null
  /** In a day of UTC, counted over restarts. */
  mailsPerDayMax: number | null
}

/** SPF, DKIM and DMARC of what comes from outside. Without it nothing asks DNS. */
export interface SenderAuthSettings {
  /** What is done with a mail that fails DMARC (or, for a domain without DMARC, SPF by a hard fail). */
  policy: 'none' | 'quarantine' | 'reject'
  /** `address:port` of the DNS servers; empty asks those of the machine. */
  resolvers: string[]
  /** For all questions about one mail. */
  timeoutMs: number
}
