import type { AckDisplay } from '../domain/channel.js'
import type {
  Attempt,
  Delivery,
  DeliveryPurpose,
  DeliveryStatus,
  MailStatus,
  NewNotification,
} from '../domain/delivery.js'
import type { Envelope, RawMail, SenderAuth } from '../domain/mail.js'
import type { MailQuery } from '../domain/mail-query.js'
import type { Message, Severity } from '../domain/message.js'
import type { NotificationFacts, NotificationFate, Recovery } from '../domain/notification.js'
import type { Trace } from '../domain/trace.js'
import type { ConfigStore } from './config-store.js'
import type { DoorStore } from './door-store.js'
import type { ExpiryRule } from './expiry-rule.js'
import type { IdentityStore } from './identity-store.js'
import type { JobStore } from './job-store.js'
import type { LateResultStore } from './late-result-store.js'
import type { MailClaim, MailRelease } from './mail-claim.js'
import type { ModuleStore } from './module-store.js'
import type { DeadLetterStore, NotificationStore, NotificationSummary } from './notification-store.js'
import type { SavedSearchStore } from './saved-search-store.js'
import type { SearchStore } from './search-store.js'
import type { SetupStore } from './setup-store.js'
import type { StatsStore } from './stats-store.js'
import type { WatchStore } from './watch-store.js'

/**
 * The one place where anything is kept, and the only coupling between receiving, the pipeline and delivery.
 *
 * Every promise settles after the commit is durable. A claim is a lease: it ends by itself, and somebody else may take
 * the row then; a settle or commit that comes after that changes nothing and says so (`false`).
 */
export interface Store
  extends JobStore,
    LateResultStore,
    ModuleStore,
    NotificationStore,
    DeadLetterStore,
    WatchStore,
    SetupStore,
    ConfigStore,
    DoorStore,
    SearchStore,
    SavedSearchStore,
    StatsStore,
    IdentityStore {
  /** One durable commit for the whole batch. Rejects with `StoreError` when nothing of it was kept. */
  saveMails: (mails: RawMail[]) => Promise<void>

  claimMails: (claim: MailClaim) => Promise<ClaimedMail[]>
  /** Mail status, trace, notifications and deliveries in one transaction. Unique keys make a repeat harmless. */
  commitRouting: (routing: Routing) => Promise<RoutedMailCommit | false>
  /** Gives up the lease of a mail that was not routed: due again at `dueAt`. False when the lease had ended. */
  releaseMail: (release: MailRelease) => Promise<boolean>
  /** When the next waiting mail is due, in milliseconds since the epoch, or null when none waits. */
  nextMailDueAt: () => Promise<number | null>

  claimDeliveries: (claim: DeliveryClaim) => Promise<ClaimedDelivery[]>
  settleDelivery: (settlement: Settlement) => Promise<boolean>
  nextDeliveryDueAt: () => Promise<{ channel: string; dueAt: number }[]>

  readRawMail: (mailId: string) => Promise<RawMail | null>
  readMail: (mailId: string) => Promise<MailDetail | null>
  listMails: (filter: MailFilter) => Promise<Page<MailSummary>>
  deleteMails: (mailIds: string[]) => Promise<number>
  /** Routes a mail again with the current config: a new generation, due at once. False when there is no such mail. */
  replayMail: (mailId: string, now: number) => Promise<boolean>

  readDelivery: (deliveryId: string) => Promise<DeliveryDetail | null>
  listDeliveries: (filter: DeliveryFilter) => Promise<Page<DeliverySummary>>
  /** How many of a selection are in each status; for small selections, as every row is read. */
  countDeliveries: (selection: DeliverySelection) => Promise<Partial<Record<DeliveryStatus, number>>>
  /** Makes what is neither sent nor being sent due now, with a fresh ladder; how many there were. */
  retryDeliveries: (selection: DeliverySelection, now: number) => Promise<number>
  /** Cancels what has not been sent and is not being sent; how many there were. The reason stands as their last error. */
  cancelDeliveries: (selection: DeliverySelection, now: number, reason?: string | null) => Promise<number>

  readChannelPause: (channel: string) => Promise<ChannelPause | null>
  /** Null ends the pause: deliveries that were put off until its end are due at once. */
  saveChannelPause: (channel: string, pause: ChannelPause | null) => Promise<void>

  readCache: (space: string, key: string) => Promise<CacheEntry | null>
  saveCache: (space: string, key: string, entry: CacheEntry) => Promise<void>
  /** Adds one to a counter of the day unless it has reached `max`; false when it has. */
  countWithin: (counter: string, day: string, max: number) => Promise<boolean>
  /** How far a counter of the day is. */
  readCount: (counter: string, day: string) => Promise<number>

  saveToInbox: (message: InboxMessage) => Promise<string>
  listInbox: (filter: InboxFilter) => Promise<Page<InboxEntry>>

  /** Deletes what retention says may go; at most `limit` mails a call, so that nobody waits long. */
  expire: (rule: ExpiryRule) => Promise<number>
  close: () => Promise<void>
}

export interface ClaimedMail extends RawMail {
  epoch: number
  owner: string
  /** Counted at claim, so a mail that kills the process still runs out. */
  attempts: number
  generation: number
  /** Routes that have to be tried again, with how often they were; null on the first routing. */
  pendingRoutes: Record<string, number> | null
  /** The trace so far, when `pendingRoutes` is set. */
  trace: Trace | null
}

export interface Routing {
  mailId: string
  owner: string
  epoch: number
  generation: number
  status: MailStatus
  /** Why the mail is held, unrouted or failed; null when it was routed. */
  reason: string | null
  subject: string
  fromAddress: string
  malformed: string | null
  /** Kept for good; left out, what is kept stays. */
  auth?: SenderAuth | null
  /** Set when routes have to be tried again. */
  pending: { routes: Record<string, number>; dueAt: number } | null
  /** What becomes of the notifications and recoveries is written into it before it is kept. */
  trace: Trace
  notifications: NewNotification[]
  /** Applied before the notifications, so that what the mail opens is not closed by it. */
  recoveries: Recovery[]
  /** Monitors that expected this mail; when it came in. */
  monitorsSeen: { monitor: string; at: number }[]
  now: number
}

export interface CommittedRouting {
  deliveries: number
  /** Channels that have new work. */
  channels: string[]
  /** In the order of the notifications; those that were there already are left out. */
  fates: (NotificationFate & { route: string })[]
}

/** A mail may close what others opened. */
export interface RoutedMailCommit extends CommittedRouting {
  /** Ids of notifications. */
  closed: string[]
}

export interface DeliveryClaim {
  owner: string
  channel: string
  now: number
  leaseMs: number
  limit: number
}

export interface ClaimedDelivery extends Delivery {
  epoch: number
  owner: string
  /** Attempts that count against the ladder; being told to wait (429) does not. */
  counted: number
  message: Message
  notification: NotificationFacts
  /** Of the delivery this one follows upon (`aboutId`): the vendor's ids of what was sent. */
  aboutRemote: Record<string, string> | null
}

export interface Settlement {
  deliveryId: string
  owner: string
  epoch: number
  now: number
  status: Extract<DeliveryStatus, 'sent' | 'failed' | 'dead' | 'queued' | 'cancelled'>
  /** When to try again, for `failed` and `queued`. */
  dueAt: number | null
  /** Gives the attempt back: being told to wait is no failure. */
  refund: boolean
  lastError: string | null
  remote: Record<string, string>
  /** The recipient's new address, when the vendor says it moved. */
  address: string | null
  attempt: Omit<Attempt, 'number'> | null
  /** The same wait for everything queued to this address, or on the whole channel when null. Costs a write a row. */
  holdBack: { address: string | null; until: number } | null
  /** A `dead` that more attempts might mend goes on with its repeats; one that is hopeless does not. */
  goesOn: boolean
  /** Set when what was sent asks for an answer and can be changed: an acknowledgement that came meanwhile is shown. */
  ackDisplay: AckDisplay | null
}

export interface MailSummary {
  id: string
  received_at: string
  status: MailStatus
  reason: string | null
  subject: string
  from: string
  envelope: Envelope
  size_bytes: number
  malformed: string | null
  routes: string[]
  deliveries: Partial<Record<DeliveryStatus, number>>
}

export interface MailDetail extends MailSummary {
  generation: number
  due_at: string | null
  traces: Trace[]
  notifications: NotificationSummary[]
  delivery_list: DeliverySummary[]
}

export interface DeliverySummary {
  id: string
  notification_id: string
  /** Null when a job's run raised it. */
  mail_id: string | null
  run_id: string | null
  /** Which routing of the mail made it; see `Trace.generation`. */
  generation: number
  route: string
  channel: string
  recipient: string | null
  address: string | null
  status: DeliveryStatus
  purpose: DeliveryPurpose
  attempts: number
  next_attempt_at: string | null
  last_error: string | null
  title: string
  created_at: string
  updated_at: string
}

export interface DeliveryDetail extends DeliverySummary {
  message: Message
  remote: Record<string, string>
  attempt_list: {
    number: number
    started_at: string
    duration_ms: number
    outcome: string
    status_code: number | null
    excerpt: string
  }[]
}

export interface MailFilter {
  limit: number
  cursor?: string
  status?: MailStatus
  /** Words that must all occur, as they are: a query without its language. */
  text?: string
  query?: MailQuery
  since?: number
  until?: number
  route?: string
  channel?: string
  oldestFirst?: boolean
}

export interface DeliveryFilter extends DeliverySelection {
  limit: number
  cursor?: string
}

export interface DeliverySelection {
  ids?: string[]
  status?: DeliveryStatus
  channel?: string
  mailId?: string
  runId?: string
  notificationId?: string
  since?: number
  /** The start of the error, as `listDeadLetterGroups` gives it. */
  error?: string
  /** The whole error as `listDeadLetterGroups` gives it: what only begins like it is another group. */
  errorGroup?: string
  /** The moment of a person's retry: all that it made due has the same. */
  retriedAt?: number
}

export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

export interface ChannelPause {
  /** A person's pause has no end of its own: `Number.MAX_SAFE_INTEGER`. */
  until: number
  reason: string
  /** How often in a row it was paused: the next pause is twice as long. */
  failures: number
}

export interface CacheEntry {
  value: string
  etag: string | null
  at: number
}

export interface InboxMessage {
  mailId: string | null
  deliveryId: string
  recipient: string | null
  message: Message
  at: number
}

export interface InboxFilter {
  /** In lower case, as recipients are. */
  recipient?: string
  limit: number
  cursor?: string
}

export interface InboxEntry {
  id: string
  mail_id: string | null
  /** With its notification and channel, as long as it is kept. */
  delivery_id: string | null
  notification_id: string | null
  channel: string | null
  recipient: string | null
  title: string
  text: string
  severity: Severity
  links: Message['links']
  at: string
}
