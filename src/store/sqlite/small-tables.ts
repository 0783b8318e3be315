import type Database from 'better-sqlite3'
import { ulid } from 'ulid'
import type { Message } from '../../domain/message.js'
import type { Rejection, RejectionSummary } from '../../domain/rejection.js'
import type { CacheEntry, ChannelPause, InboxEntry, Page } from '../store.js'
import type { StatCounts } from './stat-counts.js'
import { allRows, sql } from './statements.js'

const cacheRowsMax = 20_000
/** Anybody can make a row here by connecting, so there is a bound beside the hour that rows are summed up by. */
const rejectionRowsMax = 20_000
/** Trimming reads the whole table, so it is done once in so many saves. */
const savesPerTrim = 1_000

/** Caches, counters, the heartbeat, pauses, the inbox and the rejected log. */
export function prepareSmallTables(database: Database.Database, counts: StatCounts) {
  const readCache = database.prepare<[string, string], CacheEntry>(
    'SELECT value, etag, at FROM cache WHERE space = ? AND key = ?',
  )
  const saveCache = database.prepare<[string, string, string, string | null, number]>(
    `INSERT INTO cache (space, key, value, etag, at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (space, key) DO UPDATE SET value = excluded.value, etag = excluded.etag, at = excluded.at`,
  )
  const trimCache = database.prepare<[string, string, number]>(
    `DELETE FROM cache WHERE space = ? AND at <
       (SELECT at FROM cache WHERE space = ? ORDER BY at DESC LIMIT 1 OFFSET ?)`,
  )
  const trimRejections = database.prepare<[number]>(
    `DELETE FROM rejections WHERE last_at < (SELECT last_at FROM rejections ORDER BY last_at DESC LIMIT 1 OFFSET ?)`,
  )
  const count = database.prepare<[string, string, number]>(
    `INSERT INTO counters (counter, day, count) VALUES (?, ?, 1)
     ON CONFLICT (counter, day) DO UPDATE SET count = count + 1 WHERE count < ?`,
  )
  const readCount = database.prepare<[string, string], { count: number }>(
    'SELECT count FROM counters WHERE counter = ? AND day = ?',
  )
  const readHeartbeat = database.prepare<[], { at: number }>('SELECT at FROM heartbeat')
  const saveHeartbeat = database.prepare<[number]>(
    'INSERT INTO heartbeat (only, at) VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET at = excluded.at',
  )
  const readPause = database.prepare<[string], ChannelPause>(
    'SELECT until, reason, failures FROM channel_pauses WHERE channel = ?',
  )
  const savePause = database.prepare<[string, number, string, number]>(
    `INSERT INTO channel_pauses (channel, until, reason, failures) VALUES (?, ?, ?, ?)
     ON CONFLICT (channel) DO UPDATE SET until = excluded.until, reason = excluded.reason, failures = excluded.failures`,
  )
  const deletePause = database.prepare<[string]>('DELETE FROM channel_pauses WHERE channel = ?')
  // Due since they were born: what waited through the pause goes out oldest first.
  const endPutOff = database.prepare<[string, string]>(
    `UPDATE deliveries SET due_at = created_at WHERE channel = ? AND lease_owner IS NULL
       AND due_at = (SELECT until FROM channel_pauses WHERE channel = ?)`,
  )
  const insertInbox = database.prepare<[string, string | null, string | null, string, number]>(
    'INSERT INTO inbox (id, mail_id, recipient, message, at) VALUES (?, ?, ?, ?, ?)',
  )
  const saveRejection = database.prepare(
    `INSERT INTO rejections (hour, client, reason, code, message, sender, rcpt, count, last_at)
     VALUES (@hour, @client, @reason, @code, @message, @from, @rcpt, 1, @at)
     ON CONFLICT (hour, client, reason) DO UPDATE SET count = count + 1, last_at = excluded.last_at,
       message = excluded.message, sender = excluded.sender, rcpt = excluded.rcpt`,
  )
  const listRejections = database.prepare<[...RejectionPlace, number], RejectionRow>(
    `SELECT * FROM rejections WHERE (last_at, hour, client, reason) < (?, ?, ?, ?)
     ORDER BY last_at DESC, hour DESC, client DESC, reason DESC LIMIT ?`,
  )

  const cacheSaves = new Map<string, number>()
  let rejectionSaves = 0

  return {
    readCache: (space: string, key: string): CacheEntry | null => readCache.get(space, key) ?? null,
    saveCache(space: string, key: string, entry: CacheEntry): void {
      saveCache.run(space, key, entry.value, entry.etag, entry.at)
      const saves = (cacheSaves.get(space) ?? 0) + 1
      cacheSaves.set(space, saves)
      if (saves % savesPerTrim === 0) trimCache.run(space, space, cacheRowsMax)
    },
    countWithin: (counter: string, day: string, max: number): boolean =>
      max > 0 && count.run(counter, day, max).changes > 0,
    readCount: (counter: string, day: string): number => readCount.get(counter, day)?.count ?? 0,
    readHeartbeat: (): number | null => readHeartbeat.get()?.at ?? null,
    saveHeartbeat: (at: number): void => void saveHeartbeat.run(at),
    readPause: (channel: string): ChannelPause | null => readPause.get(channel) ?? null,
    savePause(channel: string, pause: ChannelPause | null): void {
      if (pause) savePause.run(channel, pause.until, pause.reason, pause.failures)
      else {
        endPutOff.run(channel, channel)
        deletePause.run(channel)
      }
    },
    saveToInbox(entry: { mailId: string | null; recipient: string | null; message: Message; at: number }): string {
      const id = ulid(entry.at)
      insertInbox.run(id, entry.mailId, entry.recipient, JSON.stringify(entry.message), entry.at)
      return id
    },
    saveRejection(rejection: Rejection): void {
      saveRejection.run({ ...rejection, hour: Math.floor(rejection.at / 3_600_000) })
      counts.count('rejected', rejection.at)
      if (++rejectionSaves % savesPerTrim === 0) trimRejections.run(rejectionRowsMax)
    },
    listRejections({ limit, cursor }: { limit: number; cursor?: string | undefined }): Page<RejectionSummary> {
      const rows = listRejections.all(...readPlace(cursor), limit + 1)
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      return {
        items: shown.map(describeRejection),
        next_cursor: rows.length > limit && last ? writePlace(last) : null,
      }
    },
  }
}

/** What orders the lines: two may be of the same moment. */
type RejectionPlace = [last_at: number, hour: number, client: string, reason: string]

function writePlace({ last_at, hour, client, reason }: RejectionRow): string {
  return Buffer.from(JSON.stringify([last_at, hour, client, reason])).toString('base64url')
}

/** A cursor that is none of ours begins at the newest, as no cursor does. */
function readPlace(cursor: string | undefined): RejectionPlace {
  const newest: RejectionPlace = [Number.MAX_SAFE_INTEGER, 0, '', '']
  if (cursor === undefined) return newest
  try {
    const [at, hour, client, reason] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    return [Number(at) || 0, Number(hour) || 0, String(client), String(reason)]
  } catch {
    return newest
  }
}

function describeRejection(row: RejectionRow): RejectionSummary {
  return {
    last_at: new Date(row.last_at).toISOString(),
    client: row.client,
    reason: row.reason,
    code: row.code,
    message: row.message,
    from: row.sender,
    rcpt: row.rcpt,
    count: row.count,
  }
}

interface RejectionRow {
  hour: number
  last_at: number
  client: string
  reason: string
  code: number
  message: string
  sender: string | null
  rcpt: string | null
  count: number
}

export function listInbox(
  database: Database.Database,
  filter: { recipient?: string; limit: number; cursor?: string },
): Page<InboxEntry> {
  const limit = Math.min(Math.max(1, filter.limit), 1_000)
  let query = sql
    .selectFrom('inbox')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (filter.recipient) query = query.where('recipient', '=', filter.recipient)
  if (filter.cursor) query = query.where('id', '<', filter.cursor)
  const rows = allRows(database, query)
  const items = rows.slice(0, limit).map((row) => {
    const message = JSON.parse(row.message) as Message
    return {
      id: row.id,
      mail_id: row.mail_id,
      recipient: row.recipient,
      title: message.title,
      text: message.text,
      severity: message.severity,
      links: message.links,
      at: new Date(row.at).toISOString(),
    }
  })
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}
