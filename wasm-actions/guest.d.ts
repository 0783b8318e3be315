/**
 * What an action, condition or job of MailTrigger sees, for editors and `tsc`:
 *
 *   import type { ActionInput, ActionOutput } from 'mailtrigger/guest'
 *   export function handle(input: ActionInput): ActionOutput { … }
 *
 * Guests run in a sandbox: no files, no network, no timers, no Node.js and no DOM. A handler may be `async`. Each call
 * starts from what the module was when it was built: nothing stays from one mail to the next, and code outside the
 * handlers ran once, at build time, with a clock that stood still.
 */

export interface GuestAttachment {
  filename: string
  content_type: string
  /** Bytes. */
  size: number
  /** The text of textual attachments up to 256 KB; null otherwise. */
  content: string | null
  /** True when the text was left out because it is too long. */
  truncated: boolean
}

export type AuthVerdict = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'temperror' | 'permerror'

export interface GuestMail {
  id: string
  /** ISO 8601. */
  date: string
  subject: string
  /** The mail address alone, lower case; so are `to` and `cc`. */
  from: string
  to: string[]
  cc: string[]
  /** The text part, or text made from the HTML. */
  text: string
  html: string | null
  /** Names in lower case; a repeated header has several values. */
  headers: Record<string, string[]>
  /** Who sent it, as far as that can be proved; null where nobody asked (server.smtp.sender_auth). */
  auth: { spf: AuthVerdict; dkim: AuthVerdict; dmarc: AuthVerdict } | null
}

/** What `handle` and `match` are given. */
export interface ActionInput {
  version: 1
  action: { name: string; config: Record<string, unknown> }
  /** `keys`: what stands behind the `+` of recipients, `db` of `devops+db@…`, each once. */
  envelope: { from: string; to: string[]; keys: string[] }
  /** Who would get the mail if this action did nothing. */
  recipients: string[]
  /** What `extract` steps and named groups of the route's patterns found. */
  variables: Record<string, string>
  mail: GuestMail
  /** Lookups the route attached come first, as `<lookup>.json`; then the mail's own. */
  attachments: GuestAttachment[]
}

/** What `handle` answers. A key that is left out changes nothing. */
export interface ActionOutput {
  /** Mail addresses, at most 1,000. They replace the recipients so far. */
  recipients?: string[]
  /** Nobody shall hear of this mail. */
  drop?: boolean
  title?: string
  text?: string
  /** critical, error, warning, info or resolved. */
  severity?: string
  labels?: Record<string, string>
  /** One line that says why; it stands in the trace. */
  reason?: string
}

/** What `match` answers. */
export interface MatchOutput {
  match: boolean
  reason?: string
}

/** What `run` is given. */
export interface JobInput {
  version: 1
  job: { name: string; config: Record<string, unknown> }
  /** ISO 8601, as are the other times. What counts as now in this run: prefer it to the clock, for the job's tests. */
  now: string
  scheduled_at: string
  run_id: string
  /** When the last run that went well began, or null when none did. */
  last_success_at: string | null
}

/** What SQLite can hold, and what a parameter may be. Blobs have no place in JSON: use `hex()`. */
export type SqlValue = string | number | null

/** What `mailtrigger.mail.search` looks for. All of it has to hold; what is left out holds for every mail. */
export interface MailQuery {
  /** The mail address of the From header; `*` stands for any characters. */
  from?: string
  /** The mail address of a recipient, likewise. */
  to?: string
  /** A part of the subject; case does not matter. */
  subject?: string
  /** A part of the text; case does not matter. */
  text?: string
  /** ISO times of receipt: from `since` on, and before `until`. */
  since?: string
  until?: string
  /** At most and by default 100. */
  limit?: number
  /** `next_cursor` of the page before. */
  cursor?: string
}

export interface MailHit {
  id: string
  message_id: string | null
  /** The Date header, or the time of receipt where it is absent or absurd. ISO 8601. */
  date: string
  received_at: string
  subject: string
  /** The mail address alone, lower case; so is `to`, the recipients the mail really went to. */
  from: string
  to: string[]
  /** The first 2,000 characters; `mailtrigger.mail.get` has the rest. */
  text: string
}

export interface MailPage {
  /** In the order of receipt. May be few, or none, although there is more: a call looks through a part of the archive. */
  items: MailHit[]
  /** There is more; null on the last page. */
  next_cursor: string | null
}

/** An entry of `people` in the routes file. */
export interface Person {
  address: string
  name: string | null
  /** The manager's mail address. */
  manager: string | null
  /** The channels on which the person has an address. */
  channels: string[]
}

export interface HttpRequest {
  /** GET unless said otherwise. */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  /** The host has to be one of `allow_hosts`. */
  url: string
  headers?: Record<string, string>
  body?: string
}

/** Any status is an answer; there is an error only when there is none. */
export interface HttpAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
}

export interface JobNotification {
  /** Mail addresses and group names. Without it, what `send` names has to have a destination of its own. */
  to?: string | string[]
  title: string
  text?: string
  /** critical, error, warning, info or resolved. */
  severity?: string
  /** What the notification is about, the same for all that are about the same thing. */
  fingerprint?: string
  /** A channel in place of those the job's `send` names. */
  channel?: string
}

declare global {
  /** Lines end in the trace of the mail, or in the log of the run. */
  const console: {
    trace: (...values: unknown[]) => void
    debug: (...values: unknown[]) => void
    log: (...values: unknown[]) => void
    info: (...values: unknown[]) => void
    warn: (...values: unknown[]) => void
    error: (...values: unknown[]) => void
  }

  /** What the gateway does for a guest. A call it refuses throws an `Error` that says why. */
  const mailtrigger: {
    /** A value of the action's or job's `config` as text; values that are not texts come as JSON. */
    config: (key: string) => string | undefined
    /**
     * The job's own database. Everything in one run is one transaction: it is kept when the run ends well, and undone
     * when it fails. Jobs only.
     */
    db: {
      /** At most 1,000 rows or 1 MB: page through more with LIMIT. Parameters stand for `?`. */
      query: <Row = Record<string, SqlValue>>(sql: string, parameters?: SqlValue[]) => Row[]
      /** One statement. */
      exec: (sql: string, parameters?: SqlValue[]) => { changes: number; last_insert_rowid: number }
    }
    /** The archive of mails. Jobs only. */
    mail: {
      search: (query?: MailQuery) => MailPage
      /** Null when there is no such mail, or no longer. */
      get: (id: string) => GuestMail | null
    }
    /** Jobs only. */
    people: {
      get: (address: string) => Person | null
    }
    /** Waits for the answer, at most ten seconds. */
    http: (request: HttpRequest) => HttpAnswer
    /** Sent once the run has ended well, at most 20 a run. Jobs only. */
    notify: (notification: JobNotification) => void
  }
}
