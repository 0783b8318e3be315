/**
 * The terms of this project, used exactly so in code, docs and console:
 *
 * - mail:         one received message: envelope + raw RFC 5322 bytes + what parsing made of it
 * - message:      what goes out: title, text, severity, links, attachments
 * - route:        a named rule: `when` (conditions) and `steps`
 * - condition:    one test on a mail (field + operator), or all / any / not of conditions, or llm, or wasm
 * - lookup:       a JSON mapping fetched over HTTP (or inline, or from a file), attached when a route asks
 * - action:       a WASM module that rewrites a mail's recipients, and may rewrite its message
 * - person:       a mail address with the addresses where that person is reached on each channel
 * - group:        a name for several people
 * - channel:      a configured way out, of a kind (telegram, slack, …)
 * - notification: what one route made of one mail
 * - delivery:     one notification to one recipient on one channel; attempt: one try of it
 * - dead letter:  a delivery that ran out of attempts or failed for good; it waits for a person
 * - job, run, monitor: see DESIGN terms in ARCHITECTURE.md
 * - trace:        the record of why: each route, condition, step, delivery, with the values seen
 */

/** What SMTP said about a mail, before anybody looked into it. */
export interface Envelope {
  /** MAIL FROM; the empty string is the null sender of bounces. */
  from: string
  /** RCPT TO, in the order given, without duplicates. */
  to: string[]
  /** The client's IP address as text. */
  client: string
  helo: string
  tls: boolean
  /** The AUTH name, when the client logged in. */
  user: string | null
}

/** What is committed before the sender hears 250. */
export interface RawMail {
  /** ULID: sorts by time of receipt. */
  id: string
  /** Milliseconds since the epoch. */
  receivedAt: number
  envelope: Envelope
  raw: Uint8Array
  /** Null where nobody may ask; left out where nobody asked yet. See `Mail.auth`. */
  auth?: SenderAuth | null
  /** Whose mails of the day it adds to: `user/jenkins`, `client/192.0.2.7`. Left out for senders without limits. */
  countedAs?: string
}

export interface Address {
  name: string
  /** `local@domain` in lower case; what could not be understood as an address stands as it came. */
  address: string
}

export interface Attachment {
  filename: string
  contentType: string
  sizeBytes: number
  content: Uint8Array
  /** The Content-ID by which the mail's HTML refers to it, without its brackets; at most 255 characters. */
  contentId?: string
}

/** What DNS and the mail's signatures say about who sent it (RFC 8601 2.7). `temperror` and `none` prove nothing. */
export interface SenderAuth {
  spf: AuthVerdict
  dkim: AuthVerdict
  dmarc: AuthVerdict
  /** What the author's domain asks to be done with a mail of its that fails DMARC; null where it asks for nothing. */
  policy: DmarcPolicy | null
  /** For people: domains, selectors and why, in one line each. */
  reasons: { spf: string; dkim: string; dmarc: string }
}

export const authVerdicts = ['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror'] as const
export type AuthVerdict = (typeof authVerdicts)[number]

export const dmarcPolicies = ['none', 'quarantine', 'reject'] as const
export type DmarcPolicy = (typeof dmarcPolicies)[number]

/** A mail as parsing understood it. Every field is filled as well as the bytes allow; nothing here throws. */
export interface Mail {
  id: string
  receivedAt: number
  envelope: Envelope
  sizeBytes: number
  subject: string
  from: Address[]
  to: Address[]
  cc: Address[]
  /** The Date header in milliseconds, or the time of receipt where it is absent or absurd. */
  date: number
  messageId: string | null
  /** Header names in lower case; a repeated header is a list, in the order of the mail. */
  headers: Record<string, string[]>
  /** The text part; else text made from the HTML; else the empty string. */
  text: string
  /** Where `text` came from. A rule's author needs it when a condition on `body` fails. */
  textSource: 'text' | 'html' | 'raw' | 'none'
  html: string | null
  attachments: Attachment[]
  /** Why the mail counts as malformed, or null. A malformed mail is routed by what could be read. */
  malformed: string | null
  /** Null where nobody asked: `server.smtp.sender_auth` is off, or the mail did not come by SMTP. */
  auth: SenderAuth | null
}
