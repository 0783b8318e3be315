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
}

/** What `handle` and `match` are given. */
export interface ActionInput {
  version: 1
  action: { name: string; config: Record<string, unknown> }
  envelope: { from: string; to: string[] }
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
  /** ISO 8601, as are the other times. */
  now: string
  scheduled_at: string
  run_id: string
  last_success_at: string | null
}

declare global {
  /** Lines end in the trace of the mail. */
  const console: {
    trace: (...values: unknown[]) => void
    debug: (...values: unknown[]) => void
    log: (...values: unknown[]) => void
    info: (...values: unknown[]) => void
    warn: (...values: unknown[]) => void
    error: (...values: unknown[]) => void
  }

  const mailtrigger: {
    /** A value of the action's `config` as text; values that are not texts come as JSON. */
    config: (key: string) => string | undefined
  }
}
