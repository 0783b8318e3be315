import { z } from 'zod'
import type { AuthVerdict } from './mail.js'

/** What a guest sees, and what it may answer. Snake case, because guests in every language read it. */
export interface GuestAttachment {
  filename: string
  content_type: string
  size: number
  /** The text of textual attachments up to 256 KB; null otherwise. */
  content: string | null
  truncated: boolean
}

export interface ActionInput {
  version: 1
  action: { name: string; config: Record<string, unknown> }
  /** `keys`: what stands behind the `+` of recipients, `db` of `devops+db@…`, each once. */
  envelope: { from: string; to: string[]; keys: string[] }
  recipients: string[]
  variables: Record<string, string>
  mail: {
    id: string
    date: string
    subject: string
    from: string
    to: string[]
    cc: string[]
    text: string
    html: string | null
    headers: Record<string, string[]>
    /** Null where nobody asked who sent the mail. */
    auth: { spf: AuthVerdict; dkim: AuthVerdict; dmarc: AuthVerdict } | null
  }
  attachments: GuestAttachment[]
}

/** All keys are optional; unknown keys are ignored, wrong types are an error of the action. */
export const actionOutputSchema = z.object({
  recipients: z.array(z.string().max(320)).max(1_000).optional(),
  drop: z.boolean().optional(),
  title: z.string().max(1_000).optional(),
  text: z.string().max(1_000_000).optional(),
  severity: z.string().max(32).optional(),
  labels: z.record(z.string().max(64), z.string().max(1_000)).optional(),
  reason: z.string().max(1_000).optional(),
})
export type ActionOutput = z.infer<typeof actionOutputSchema>

/** What `match` answers. Unlike an action's, its answer has no default: without `match` it is an error. */
export const matchOutputSchema = z.object({
  match: z.boolean(),
  reason: z.string().max(1_000).optional(),
})

/** What `run` is given. Times are ISO. */
export interface JobInput {
  version: 1
  job: { name: string; config: Record<string, unknown> }
  now: string
  scheduled_at: string
  run_id: string
  last_success_at: string | null
}

/** The argument of `mail_search`. All of it has to hold; what is left out holds for every mail. */
export interface MailQuery {
  /** A mail address, `*` stands for any characters: the From header's, and of `to` the envelope's. */
  from?: string
  to?: string
  /** A part of the subject or the text; case does not matter. */
  subject?: string
  text?: string
  /** ISO times of receipt: from `since` on, and before `until`. */
  since?: string
  until?: string
  /** At most and by default 100. */
  limit?: number
  /** `next_cursor` of the page before. */
  cursor?: string
}

/** One mail `mail_search` found; `mail_get` has the rest. */
export interface MailHit {
  id: string
  message_id: string | null
  /** The Date header, or the time of receipt where it is absent or absurd. */
  date: string
  received_at: string
  subject: string
  from: string
  /** The envelope's recipients. */
  to: string[]
  /** The first 2,000 characters. */
  text: string
}

/** What `people_get` gives, or null for an address nobody has. */
export interface GuestPerson {
  address: string
  name: string | null
  manager: string | null
  /** The channels on which the person has an address. */
  channels: string[]
}
