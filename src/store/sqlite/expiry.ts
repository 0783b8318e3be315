import type Database from 'better-sqlite3'
import type { ExpiryRule } from '../expiry-rule.js'
import type { CommitQueue } from './commit-queue.js'
import { prepareDeletion } from './delete-mails.js'
import { type Candidate, prepareCandidates } from './expiry-candidates.js'
import { createPace, type Turn } from './expiry-pace.js'

/** What one commit looks at and deletes at most, so that a mail that comes in meanwhile waits for 50 ms. */
const candidatesPerCommit = 200
/** A mail is many rows: its deliveries, their attempts, … */
const rowsPerCommit = 1_000
/** Each page of a large mail is read once more when it is deleted. */
const bytesPerCommit = 8_000_000

/** The oldest first; each sweep goes on where the one before had to stop, and begins anew when it came to the end. */
interface Sweep {
  list: (after: Candidate | null, limit: number) => Candidate[]
  /** How many rows that were. */
  forget: (id: string) => number
  /** Ends the sweep early. */
  isEnough: () => boolean
}

/**
 * Deletes what retention says may go, oldest first. What waits for somebody is kept whatever its age: what is not
 * sent, dead letters, what is held or gathered, and what was sent and asks for an answer nobody gave.
 */
export function prepareExpiry(
  database: Database.Database,
  queue: Pick<CommitQueue, 'write'>,
  now: () => number,
  measure: () => number = () => performance.now(),
) {
  const candidates = prepareCandidates(database)
  const deleteMail = prepareDeletion(database)
  const places = new Map<string, Candidate>()
  const pace = createPace(measure)

  /** How many rows went: at most `limit` mails, deliveries and the like. Zero means that nothing is left to do. */
  async function expire(rule: ExpiryRule): Promise<number> {
    let gone = 0
    for (const [name, sweep] of Object.entries(sweepsOf(rule))) gone += await run(name, sweep, rule.limit)
    const { deliveriesBefore } = rule
    if (deliveriesBefore === null) return gone
    return gone + (await queue.write(() => candidates.forgetRecords(deliveriesBefore, candidatesPerCommit)))
  }

  function sweepsOf({ mailsBefore, deliveriesBefore, sizeBytesMax }: ExpiryRule): Record<string, Sweep> {
    const sweeps: Record<string, Sweep> = {}
    const always = { isEnough: () => false }
    if (mailsBefore !== null) {
      const list: Sweep['list'] = (after, limit) => candidates.mails(mailsBefore, after, limit, now())
      sweeps.mails = { ...always, list, forget: deleteMail }
    }
    if (deliveriesBefore !== null) {
      const { forgetDelivery, forgetNotification } = candidates
      const list: Sweep['list'] = (after, limit) => candidates.deliveries(deliveriesBefore, after, limit, now())
      const listAlone: Sweep['list'] = (after, limit) => candidates.alone(deliveriesBefore, after, limit, now())
      sweeps.deliveries = { ...always, list, forget: forgetDelivery }
      sweeps.notifications = { ...always, list: listAlone, forget: forgetNotification }
    }
    if (sizeBytesMax !== null) {
      // One by one, and no more than it takes: a few large mails must not cost hundreds of small ones.
      const isEnough = (): boolean => databaseSizeBytes(database) <= sizeBytesMax
      const list: Sweep['list'] = (after, limit) => candidates.mails(Number.MAX_SAFE_INTEGER, after, limit, now())
      sweeps.size = { list, forget: deleteMail, isEnough }
    }
    return sweeps
  }

  async function run(name: string, sweep: Sweep, limit: number): Promise<number> {
    let gone = 0
    for (let isOver = false; !isOver && gone < limit; ) {
      const place = places.get(name) ?? null
      const slice = await pace.take((turn) => queue.write(() => sweepSome(sweep, place, limit - gone, turn())))
      if (slice.place === null) places.delete(name)
      else places.set(name, slice.place)
      gone += slice.gone
      isOver = slice.place === null
    }
    return gone
  }

  return { expire }
}

/** One commit's worth. `place` is the last one looked at, or null at the end. */
function sweepSome(
  sweep: Sweep,
  after: Candidate | null,
  limit: number,
  turn: Turn,
): { gone: number; place: Candidate | null } {
  if (sweep.isEnough()) return { gone: 0, place: null }
  const candidatesMax = Math.ceil(candidatesPerCommit * turn.share)
  const listed = sweep.list(after, candidatesMax)
  let gone = 0
  let rows = 0
  let bytes = 0
  for (const candidate of listed) {
    if (candidate.isKept === 0) {
      rows += sweep.forget(candidate.id)
      gone++
      bytes += candidate.sizeBytes
    }
    if (sweep.isEnough()) return { gone, place: null }
    const isFull = rows >= rowsPerCommit * turn.share || bytes >= bytesPerCommit * turn.share
    if (gone >= limit || isFull || turn.isOver()) return { gone, place: candidate }
  }
  return { gone, place: listed.length < candidatesMax ? null : (listed.at(-1) ?? null) }
}

/** What is in use of the file: free pages are used again before it grows. */
export function databaseSizeBytes(database: Database.Database): number {
  const pages = Number(database.pragma('page_count', { simple: true }))
  const free = Number(database.pragma('freelist_count', { simple: true }))
  return (pages - free) * Number(database.pragma('page_size', { simple: true }))
}
