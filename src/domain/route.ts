import type { DigestSchedule } from './calendar.js'
import type { Repeat } from './delivery.js'
import type { Position } from './errors.js'
import type { AuthVerdict } from './mail.js'
import type { Severity } from './message.js'

export type TextOperator = 'is' | 'contains' | 'starts_with' | 'ends_with' | 'matches'

/** The parts of a mail a text test can look at. A part with several values (recipients, a repeated header) holds when any value does. */
export type TextField =
  | { type: 'subject' | 'body' | 'html' | 'from' | 'to' | 'rcpt' | 'rcpt_key' | 'sender' | 'user' }
  | { type: 'header'; name: string }
  | { type: 'attachment'; part: 'filename' | 'content_type' }

/**
 * One test on a mail, or a combination of them. Conditions are plain data; `route/` compiles them.
 * `position` is where the condition stands in the file, for traces and errors.
 */
export type Condition =
  | { kind: 'all' | 'any'; of: Condition[]; position: Position | null }
  | { kind: 'not'; of: Condition; position: Position | null }
  | {
      kind: 'text'
      field: TextField
      operator: TextOperator
      /** Any of these. For `matches`: RE2 patterns, whose named groups become variables. */
      values: string[]
      caseSensitive: boolean
      position: Position | null
    }
  /** Mail addresses with `*` globs, any of these; case never matters. Fields from, to, rcpt, sender. */
  | { kind: 'address'; field: TextField; globs: string[]; position: Position | null }
  /** The header, attachment or AUTH name is there (or is not), whatever it holds. */
  | { kind: 'present'; field: TextField; present: boolean; position: Position | null }
  | { kind: 'size'; operator: 'over' | 'under'; bytes: number; position: Position | null }
  /** One of these is what the check found. Holds for no mail of which nobody asked who sent it. */
  | { kind: 'auth'; check: AuthCheck; verdicts: AuthVerdict[]; position: Position | null }
  /** The client's address lies in one of these CIDR ranges. */
  | { kind: 'client'; ranges: string[]; position: Position | null }
  | {
      kind: 'time'
      days: Weekday[] | null
      between: { fromMinute: number; toMinute: number } | null
      timezone: string
      position: Position | null
    }
  | {
      kind: 'llm'
      prompt: string
      fields: LlmField[]
      onError: 'match' | 'no_match' | 'retry'
      position: Position | null
    }
  /** A module that exports `match`, by the name of its action. */
  | { kind: 'wasm'; module: string; onError: 'match' | 'no_match'; position: Position | null }

export const authChecks = ['spf', 'dkim', 'dmarc'] as const
export type AuthCheck = (typeof authChecks)[number]

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof weekdays)[number]

export const llmFields = ['subject', 'body', 'from', 'to', 'rcpt'] as const
export type LlmField = (typeof llmFields)[number]

export interface Route {
  name: string
  enabled: boolean
  when: Condition
  steps: Step[]
  /** Ends the list of routes after this one matched. */
  stop: boolean
  severity: Severity | null
  event: string | null
  labels: Record<string, string>
  onError: 'send' | 'hold'
  /** The route's own ladder; null goes by the channel's, or by `Config.defaultRetryMs`. */
  retryMs: number[] | null
  /** The route's own window; null goes by the channel's, or by `Config.defaultRetryWindowMs`. */
  retryWindowMs: number | null
  position: Position
}

/** A list of recipients: mail addresses and group names, or what a lookup has under a key. */
export type RecipientSource =
  | { type: 'list'; entries: string[] }
  | { type: 'lookup'; lookup: string; key: string; ifMissing: string[] | null }

/** One verb per step. Texts marked Liquid are templates over the step scope (see ARCHITECTURE.md, Templates). */
export type Step =
  | { verb: 'attach'; lookup: string; ifMissing: string[] | null; position: Position }
  | { verb: 'run'; action: string; position: Position }
  | { verb: 'extract'; variables: Record<string, { from: TextField; pattern: string }>; position: Position }
  /** `key` and list entries are Liquid. */
  | { verb: 'recipients'; source: RecipientSource; alsoManager: boolean; position: Position }
  /** All values are Liquid. */
  | {
      verb: 'set'
      title: string | null
      text: string | null
      severity: string | null
      event: string | null
      fingerprint: string | null
      labels: Record<string, string>
      position: Position
    }
  /** The first channel of the list that reaches the person; `to` replaces the recipients for this send; `template` is Liquid. */
  | {
      verb: 'send'
      channels: string[]
      to: string[] | null
      template: string | null
      /** The message carries a way to acknowledge it: asked for, or because it repeats or escalates. */
      offersAck: boolean
      repeat: Repeat | null
      /** In the order of their waits. */
      escalations: Escalation[]
      /** The calendar outside of which it waits. */
      during: string | null
      position: Position
    }
  /** `key` is Liquid, one template a part. A repeat within the window is suppressed, and counted. */
  | { verb: 'dedupe'; key: string[]; windowMs: number; position: Position }
  /** `key` as with dedupe. Goes out only if no later mail of the same key meets `unless` within `forMs`. */
  | { verb: 'hold'; key: string[]; forMs: number; unless: Condition; position: Position }
  /** `key` as with dedupe; null gathers all of the route. */
  | { verb: 'digest'; key: string[] | null; schedule: DigestSchedule; sendEmpty: boolean; position: Position }
  /** Closes what has the fingerprint (Liquid); null takes the notification's own. */
  | { verb: 'resolve'; fingerprint: string | null; position: Position }
  | { verb: 'stop'; position: Position }

/** When nobody acknowledged in time: to whom it goes next. */
export interface Escalation {
  afterMs: number
  channels: string[]
  /** Mail addresses and groups; `manager` stands for the managers of the recipients. Null repeats the recipients. */
  to: string[] | null
}

export type StepVerb = Step['verb']
