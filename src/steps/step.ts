import type { ActResult } from '../domain/act.js'
import type { Config, LookupResult } from '../domain/config.js'
import type { NewDelivery } from '../domain/delivery.js'
import type { Attachment, Mail } from '../domain/mail.js'
import type { Message } from '../domain/message.js'
import type { NoiseControl } from '../domain/notification.js'
import type { Route, Step } from '../domain/route.js'
import type { PlannedDelivery, StepTrace } from '../domain/trace.js'

/** What a route has made of the mail so far. Each step takes one and returns the next. */
export interface Draft {
  mail: Mail
  route: Route
  /** Mail addresses; at first the envelope recipients. */
  recipients: string[]
  variables: Record<string, string>
  lookups: Record<string, LookupResult>
  /** The attached lookups, as actions see them, behind the mail's own attachments. */
  attached: Attachment[]
  message: Message
  event: string | null
  fingerprint: string | null
  /** Why the notification is flagged: something on the way failed and it goes out all the same. */
  flagged: string | null
  /** Set when a step failed that must not be passed over: nothing goes out, a person has to look. */
  held: string | null
  deliveries: NewDelivery[]
  planned: PlannedDelivery[]
  /** Whom a send did not reach (null: there was nobody at all), and the sentence that says so. */
  unreached: { recipient: string | null; problem: string }[]
  /** An action said nobody shall hear of this mail, or it is the recovery of what the route holds. */
  dropped: boolean
  /** What may keep the notification from going out now, or at all. */
  control: NoiseControl
  /** Fingerprints of what the mail closes; null is the notification's own. */
  resolves: (string | null)[]
}

/** What steps may use beside the draft. */
export interface StepParts {
  config: Config
  getLookup: (name: string, signal: AbortSignal) => Promise<LookupResult>
  runAction: (name: string, draft: Draft, signal: AbortSignal) => Promise<ActResult>
  /** Every retry for this route is used up: what can be done without has to be done without. */
  exhausted: boolean
  /** What the mail makes of the `unless` of the route's holds. */
  unless: UnlessVerdicts
  /** Unix milliseconds. */
  now: () => number
  /** A steady clock in milliseconds, for durations. */
  measure: () => number
}

/** What the mail makes of the `unless` of a hold. */
export interface UnlessVerdict {
  met: boolean
  /** Why there is no verdict, which counts as not met: an alert too many beats a lost one. */
  problem: string | null
}

/** By the step itself, of holds whose `unless` is met or undecided. */
export type UnlessVerdicts = ReadonlyMap<Step, UnlessVerdict>

export interface StepResult {
  draft: Draft
  /** `end`: the steps after this one are not run. */
  next: 'continue' | 'end'
  trace: Omit<StepTrace, 'step' | 'duration_ms'>
}

/** One verb of a route's `steps`. */
export type StepRunner<Verb extends Step['verb']> = (
  step: Extract<Step, { verb: Verb }>,
  draft: Draft,
  parts: StepParts,
  signal: AbortSignal,
) => Promise<StepResult>

/** The route cannot be finished now, and shall be tried again on the retry ladder. */
export class RouteRetry extends Error {
  override readonly name = 'RouteRetry'
}

/** The step went well: the trace's usual form. */
export function passed(
  draft: Draft,
  target: string | null,
  detail: string,
  facts: Record<string, unknown> = {},
): StepResult {
  return { draft, next: 'continue', trace: { target, verdict: 'ok', detail, facts } }
}

/** The step did less than it was asked, and the mail goes on. */
export function passedWithWarning(
  draft: Draft,
  target: string | null,
  detail: string,
  facts: Record<string, unknown> = {},
): StepResult {
  return { draft, next: 'continue', trace: { target, verdict: 'warning', detail, facts } }
}
