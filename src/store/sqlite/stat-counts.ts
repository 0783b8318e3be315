import type Database from 'better-sqlite3'
import { latencyBoundsMs, type StatMeasure, type StatScope, statSteps } from '../stats-store.js'

const lastMailsMax = 5

/** Actions are counted beside the rest: what they are measured by is their own. */
type CountScope = StatScope | 'action'

interface Count {
  scope: CountScope
  at: number
  name: string
  measure: string
  count: number
}

/**
 * What happens in a transaction is counted here and written once, at its end: fifty mails that share a commit share a row
 * a minute, too. Invariant: what was counted is either written with the transaction or forgotten with it, so `begin` and
 * `flush` are called by the one who begins and commits it.
 */
export class StatCounts {
  readonly #counts = new Map<string, Count>()
  readonly #hits = new Map<string, { at: number; mailIds: string[] }>()
  readonly #add: Database.Statement<[number, string, number, string, string, number]>
  readonly #readHits: Database.Statement<[string], { last_mails: string }>
  readonly #saveHits: Database.Statement<[string, number, number, string]>

  constructor(database: Database.Database) {
    this.#add = database.prepare(
      `INSERT INTO stat_buckets (step, scope, at, name, measure, count) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (step, scope, at, name, measure) DO UPDATE SET count = count + excluded.count`,
    )
    this.#readHits = database.prepare('SELECT last_mails FROM route_hits WHERE route = ?')
    this.#saveHits = database.prepare(
      `INSERT INTO route_hits (route, known_since, last_at, last_mails) VALUES (?, ?, ?, ?)
       ON CONFLICT (route) DO UPDATE SET last_at = excluded.last_at, last_mails = excluded.last_mails`,
    )
  }

  begin(): void {
    this.#counts.clear()
    this.#hits.clear()
  }

  /** @param at milliseconds since the epoch */
  count(measure: StatMeasure, at: number, by = 1): void {
    this.#increase('all', '', measure, at, by)
  }

  /**
   * For a delivery: what the gateway counts is the sum of its channels.
   * @param latencyMs of an alert that was sent: how long it took from receipt
   */
  countDelivery(measure: StatMeasure, delivery: { channel: string; route: string }, at: number, latencyMs?: number) {
    const told = latencyMs === undefined ? measure : `${measure}/${bucketOf(latencyMs)}`
    this.#increase('channel', delivery.channel, told, at, 1)
    this.#increase('route', delivery.route, told, at, 1)
  }

  /** @param measure see `measureOf` in `action-calls.ts` */
  countCall(action: string, measure: string, at: number): void {
    this.#increase('action', action, measure, at, 1)
  }

  countHit(route: string, mailId: string, at: number): void {
    this.#increase('route', route, 'routed', at, 1)
    const known = this.#hits.get(route) ?? { at, mailIds: [] }
    known.at = Math.max(known.at, at)
    known.mailIds.unshift(mailId)
    known.mailIds.length = Math.min(known.mailIds.length, lastMailsMax)
    this.#hits.set(route, known)
  }

  /** Inside the transaction, as its last work. */
  flush(): void {
    for (const { scope, at, name, measure, count } of this.#counts.values()) {
      this.#add.run(statSteps.minute, scope, at, name, measure, count)
    }
    for (const [route, { at, mailIds }] of this.#hits) {
      const before = JSON.parse(this.#readHits.get(route)?.last_mails ?? '[]') as string[]
      const mails = [...new Set([...mailIds, ...before])].slice(0, lastMailsMax)
      this.#saveHits.run(route, at, at, JSON.stringify(mails))
    }
    this.begin()
  }

  #increase(scope: CountScope, name: string, measure: string, at: number, by: number): void {
    const minute = Math.floor(at / statSteps.minute) * statSteps.minute
    const key = `${scope}\n${minute}\n${measure}\n${name}`
    const known = this.#counts.get(key)
    if (known) known.count += by
    else this.#counts.set(key, { scope, at: minute, name, measure, count: by })
  }
}

function bucketOf(latencyMs: number): number {
  const bucket = latencyBoundsMs.findIndex((boundMs) => latencyMs <= boundMs)
  return bucket === -1 ? latencyBoundsMs.length : bucket
}
