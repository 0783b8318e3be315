import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import fc from 'fast-check'
import type { DeliveryStatus, NotificationStatus } from '#src/domain/delivery.js'
import { type NoiseControl, noControl } from '#src/domain/notification.js'
import { openSqlite } from '#src/store/sqlite/binding.js'
import type { ClaimedDelivery, Settlement, Store } from '#src/store/store.js'
import { makeFastFolder } from '../stand-ins/fast-folder.js'
import {
  type Alert,
  makeAlert,
  makeUrgent,
  minuteMs,
  noon,
  recoveryAt,
  routeMail,
  settle,
} from './notification-fixture.js'
import { deliveryClaim, makeDelivery, makeMessage, openStore } from './store-fixture.js'

/** One thing that happens to the store. `pick` chooses among what is there. */
export type Event =
  | {
      what: 'mail'
      route: string
      key: string
      kind: 'plain' | 'dedupe' | 'hold' | 'held dedupe' | 'digest' | 'held digest'
      isUrgent: boolean
      agoMs: number
    }
  | { what: 'recovery'; type: 'hold' | 'fingerprint'; route: string; key: string; agoMs: number }
  | { what: 'claim'; channel: string; limit: number }
  | { what: 'settle'; pick: number; status: Settlement['status']; goesOn: boolean }
  | { what: 'wait'; ms: number }
  | { what: 'crash' | 'release' | 'digest' }
  | { what: 'acknowledge' | 'resolve' | 'retry' | 'cancel'; pick: number }
  | { what: 'silence'; channel: string | null; ms: number }

const showOnOps = { channel: 'ops', display: 'each' as const }

const routes = fc.constantFrom('disks', 'web')
const keys = fc.constantFrom('db1', 'db2')
const channels = fc.constantFrom('ops', 'mail')
const picks = fc.nat(1_000)

export const events: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('mail' as const),
      route: routes,
      key: keys,
      kind: fc.constantFrom(
        'plain' as const,
        'dedupe' as const,
        'hold' as const,
        'held dedupe' as const,
        'digest' as const,
        'held digest' as const,
      ),
      isUrgent: fc.boolean(),
      agoMs: fc.nat(90_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('recovery' as const),
      type: fc.constantFrom('hold' as const, 'fingerprint' as const),
      route: routes,
      key: keys,
      agoMs: fc.nat(90_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('claim' as const),
      channel: channels,
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('settle' as const),
      pick: picks,
      status: fc.constantFrom<Settlement['status'][]>('sent', 'sent', 'sent', 'failed', 'dead', 'queued'),
      goesOn: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 20_000, minuteMs, 10 * minuteMs, 30 * minuteMs),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constantFrom('crash' as const, 'release' as const, 'digest' as const) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom('acknowledge' as const, 'resolve' as const, 'retry' as const, 'cancel' as const),
      pick: picks,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('silence' as const),
      channel: fc.option(channels),
      ms: fc.constantFrom(minuteMs, 20 * minuteMs),
    }),
  },
)

export interface DeliveryRow {
  id: string
  notification_id: string
  channel: string
  purpose: string
  status: DeliveryStatus
  due_at: number | null
  lease_owner: string | null
  last_error: string | null
}

export interface NotificationRow {
  id: string
  status: NotificationStatus
  waits_for: 'hold' | 'digest' | null
  acked_by: string | null
  digest_id: string | null
  still_due: number
}

const windowMs = 15 * minuteMs
const digestMs = 20 * minuteMs
const leaseMs = 30_000

/** A store to which things happen, beside what is known of them from outside. */
export class History {
  store: Store
  now = noon
  /** Claimed and not settled yet, also those whose lease is over. */
  readonly claimed: ClaimedDelivery[] = []
  /** Deliveries whose settling as sent was accepted. */
  readonly sent = new Set<string>()
  /** Deliveries that were in flight when their notification was acknowledged or resolved, or that a person retried. */
  readonly excused = new Set<string>()
  readonly cancelledByHand = new Set<string>()
  /** The last notification of each key that was not suppressed, and when it was let go (null: not yet). */
  readonly windows = new Map<string, { id: string; openedAt: number | null }>()
  readonly problems: string[] = []
  /** In memory: what is tried is the order of things, and not the disk. */
  readonly #folder = makeFastFolder('history')
  #reader: Database.Database

  constructor() {
    this.store = openStore(this.#folder, () => this.now)
    this.#reader = this.#openReader()
  }

  async happen(event: Event): Promise<void> {
    switch (event.what) {
      case 'mail':
        return this.#mail(event)
      case 'recovery':
        return this.#recover(event)
      case 'claim':
        return this.#claim(event.channel, event.limit)
      case 'settle':
        return this.#settle(event)
      case 'wait':
        this.now += event.ms
        return
      case 'crash':
        return this.#crash()
      case 'release':
        await this.store.releaseHolds(this.now, 3)
        return
      case 'digest':
        return this.sendDigests()
      case 'silence':
        return this.#silence(event)
      default:
        return this.#byHand(event)
    }
  }

  deliveries(): DeliveryRow[] {
    return this.#reader.prepare<[], DeliveryRow>('SELECT * FROM deliveries ORDER BY id').all()
  }

  notifications(): NotificationRow[] {
    return this.#reader.prepare<[], NotificationRow>('SELECT * FROM notification_states ORDER BY id').all()
  }

  count(table: string): number {
    return this.#reader.prepare<[], { count: number }>(`SELECT count(*) AS count FROM ${table}`).get()?.count ?? 0
  }

  digestCounts(): { items: number; counted: number }[] {
    return this.#reader
      .prepare<[], { items: number; counted: number }>(
        `SELECT items, (SELECT count(*) FROM digest_items WHERE route = digest_groups.route AND key = digest_groups.key)
           AS counted FROM digest_groups`,
      )
      .all()
  }

  /** Memory is scarce: a history that failed must not keep its folder while smaller ones are looked for. */
  async end(): Promise<void> {
    await this.#close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The loop that composes digests, once. */
  async sendDigests(): Promise<void> {
    for (const { route, key, dueAt, items } of await this.store.listDueDigests(this.now, 10)) {
      const message = makeMessage({ title: `Digest ${route} ${dueAt}` })
      const notification = makeAlert({ route, message, deliveries: [makeDelivery({ message, channel: 'mail' })] })
      const itemIds = items.map((item) => item.notificationId)
      const digest = items.length > 0 ? notification : null
      await this.store.commitDigest({
        route,
        key,
        dueAt,
        itemIds,
        notification: digest,
        nextDueAt: null,
        now: this.now,
      })
    }
  }

  async #mail({ route, key, kind, isUrgent, agoMs }: Extract<Event, { what: 'mail' }>): Promise<void> {
    const before = new Map(this.notifications().map((row) => [row.id, row]))
    const message = makeMessage({ title: `${route} ${key}` })
    const second = makeDelivery({ channel: 'mail', address: 'eve', message })
    const deliveries = [...(isUrgent ? makeUrgent({ message }) : [makeDelivery({ message })]), second]
    const control = this.#control(key, kind, this.now - agoMs)
    const alert: Alert = { route, fingerprint: key, message, deliveries, control }
    const { fates } = await routeMail(this.store, this.now, { alerts: [alert] })
    const [fate] = fates
    if (!fate || control.dedupe === null || fate.status === 'suppressed') return
    const open = this.windows.get(key)
    const told = open && before.get(open.id)
    const isOver = open && open.openedAt !== null && open.openedAt + windowMs <= this.now
    if (told && !isOver && !['suppressed', 'dead', 'cancelled', 'resolved'].includes(told.status)) {
      this.problems.push(`${fate.notification_id} goes out within the window of ${told.id}`)
    }
    this.windows.set(key, { id: fate.notification_id, openedAt: control.hold === null ? this.now : null })
  }

  #control(key: string, kind: Extract<Event, { what: 'mail' }>['kind'], happenedAt: number): NoiseControl {
    const hold = { key, happenedAt, forMs: minuteMs, until: happenedAt + minuteMs }
    return {
      ...noControl,
      dedupe: kind === 'dedupe' || kind === 'held dedupe' ? { key, windowMs } : null,
      hold: kind.startsWith('h') ? hold : null,
      digest: kind.endsWith('digest') ? { key, dueAt: this.now + digestMs } : null,
    }
  }

  async #recover({ type, route, key, agoMs }: Extract<Event, { what: 'recovery' }>): Promise<void> {
    this.#excuseInFlight()
    const recovery =
      type === 'hold'
        ? recoveryAt(this.now - agoMs, key, route)
        : { type: 'fingerprint' as const, fingerprint: key, route: 'recovery' }
    await routeMail(this.store, this.now, { recoveries: [recovery] })
  }

  async #claim(channel: string, limit: number): Promise<void> {
    const claim = { ...deliveryClaim, owner: `at ${this.now}`, channel, now: this.now, leaseMs, limit }
    for (const delivery of await this.store.claimDeliveries(claim)) {
      this.claimed.push(delivery)
      const { purpose, notification, id } = delivery
      if (this.excused.has(id) || purpose === 'resolve' || purpose === 'update') continue
      const isFurther = purpose === 'repeat' || purpose === 'escalation'
      if (isFurther && notification.acknowledged) this.problems.push(`${purpose} ${id} after its acknowledgement`)
      const isStillDue = purpose === 'alert' && this.#isStillDue(notification.id)
      if (notification.resolved && !isStillDue) this.problems.push(`${purpose} ${id} after it was resolved`)
    }
  }

  #isStillDue(id: string): boolean {
    return this.notifications().some((row) => row.id === id && row.still_due === 1)
  }

  async #settle({ pick, status, goesOn }: Extract<Event, { what: 'settle' }>): Promise<void> {
    const [delivery] = this.claimed.splice(pick % Math.max(1, this.claimed.length), 1)
    if (!delivery) return
    const dueAt = status === 'failed' ? this.now + minuteMs : status === 'queued' ? this.now + 1 : null
    const ackDisplay = delivery.notification.acknowledged === null ? ('each' as const) : null
    const changes = { status, dueAt, goesOn, lastError: status, ackDisplay }
    const isOurs = await settle(this.store, delivery, this.now, changes)
    if (isOurs && status === 'sent') this.sent.add(delivery.id)
  }

  /** What a kill leaves behind is what a close does: leases. What was not committed was promised to nobody. */
  async #crash(): Promise<void> {
    await this.#close()
    this.store = openStore(this.#folder, () => this.now)
    this.#reader = this.#openReader()
  }

  async #byHand({ what, pick }: Extract<Event, { pick: number }>): Promise<void> {
    if (what === 'acknowledge' || what === 'resolve') {
      const all = this.notifications()
      const id = all[pick % Math.max(1, all.length)]?.id
      if (id === undefined) return
      this.#excuseInFlight()
      const acknowledgement = { by: 'tim', at: this.now, note: null }
      if (what === 'resolve') await this.store.resolveNotifications([id], 'tim', this.now)
      else await this.store.acknowledge({ notificationId: id, deliveryId: null, acknowledgement, showOn: [showOnOps] })
      return
    }
    const all = this.deliveries()
    const id = all[pick % Math.max(1, all.length)]?.id
    if (id === undefined) return
    if (what === 'retry') {
      this.excused.add(id)
      await this.store.retryDeliveries({ ids: [id] }, this.now)
    } else if ((await this.store.cancelDeliveries({ ids: [id] }, this.now, 'by hand')) > 0) this.cancelledByHand.add(id)
  }

  #excuseInFlight(): void {
    for (const row of this.deliveries()) if (row.status === 'processing') this.excused.add(row.id)
  }

  async #silence({ channel, ms }: Extract<Event, { what: 'silence' }>): Promise<void> {
    await this.store.saveSilence({
      id: `silence ${this.now} ${this.count('silences')}`,
      matchers: { routes: ['*'], channels: channel === null ? [] : [channel], labels: {} },
      startsAt: this.now,
      endsAt: this.now + ms,
      comment: '',
      createdBy: 'tim',
      createdAt: this.now,
    })
  }

  async #close(): Promise<void> {
    this.#reader.close()
    await this.store.close()
  }

  #openReader(): Database.Database {
    return openSqlite(join(this.#folder, 'mailtrigger.sqlite3'), { readonly: true })
  }
}
