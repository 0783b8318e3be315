import type Database from 'better-sqlite3'
import { ulid } from 'ulid'
import type { CacheEntry, ChannelPause, InboxMessage } from '../store.js'

const cacheRowsMax = 20_000
/** Trimming reads the whole table, so it is done once in so many saves. */
const savesPerTrim = 1_000

/** Caches, counters, the heartbeat, pauses and the inbox. */
export function prepareSmallTables(database: Database.Database) {
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
  // A test of a channel names a mail that is not there: without one, retention goes by the entry's own age.
  const insertInbox = database.prepare<[string, string | null, string, string | null, string, number]>(
    `INSERT INTO inbox (id, mail_id, delivery_id, recipient, message, at)
     VALUES (?, (SELECT id FROM mails WHERE id = ?), ?, ?, ?, ?)`,
  )

  const cacheSaves = new Map<string, number>()

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
    saveToInbox({ mailId, deliveryId, recipient, message, at }: InboxMessage): string {
      const id = ulid(at)
      insertInbox.run(id, mailId, deliveryId, recipient, JSON.stringify(message), at)
      return id
    },
  }
}
