import type Database from 'better-sqlite3'
import type { CountedRejection, RejectionSummary } from '../../domain/rejection.js'
import type { RejectionFilter } from '../door-store.js'
import type { Page } from '../store.js'
import type { StatCounts } from './stat-counts.js'

/** Anybody can make a row here by connecting, so there is a bound beside the hour that rows are summed up by. */
const rowsMax = 20_000
/** Trimming reads the whole table, so it is done once in so many rows. */
const rowsPerTrim = 1_000

/** The rejected log. */
export function prepareRejections(database: Database.Database, counts: StatCounts) {
  const trim = database.prepare<[number]>(
    `DELETE FROM rejections WHERE last_at < (SELECT last_at FROM rejections ORDER BY last_at DESC LIMIT 1 OFFSET ?)`,
  )
  const insert = database.prepare(
    `INSERT INTO rejections (hour, client, reason, code, message, sender, rcpt, count, last_at)
     VALUES (@hour, @client, @reason, @code, @message, @from, @rcpt, @count, @at)
     ON CONFLICT (hour, client, reason) DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at,
       code = excluded.code, message = excluded.message, sender = excluded.sender, rcpt = excluded.rcpt`,
  )
  const list = database.prepare<[object], Row>(
    `SELECT * FROM rejections WHERE (last_at, hour, client, reason) < (@lastAt, @lastHour, @lastClient, @lastReason)
       AND (@reason IS NULL OR reason = @reason) AND (@client IS NULL OR client = @client) AND last_at >= @since
     ORDER BY last_at DESC, hour DESC, client DESC, reason DESC LIMIT @limit`,
  )
  let rowsSaved = 0

  return {
    save(batch: CountedRejection[]): void {
      for (const { rejection, count } of batch) {
        insert.run({ ...rejection, count, hour: Math.floor(rejection.at / 3_600_000) })
        counts.count('rejected', rejection.at, count)
        if (++rowsSaved % rowsPerTrim === 0) trim.run(rowsMax)
      }
    },
    list({ limit, cursor, reason, client, since }: RejectionFilter): Page<RejectionSummary> {
      const [lastAt, lastHour, lastClient, lastReason] = readPlace(cursor)
      const filter = { reason: reason ?? null, client: client ?? null, since: since ?? 0 }
      const rows = list.all({ lastAt, lastHour, lastClient, lastReason, ...filter, limit: limit + 1 })
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      return {
        items: shown.map(describe),
        next_cursor: rows.length > limit && last ? writePlace(last) : null,
      }
    },
  }
}

/** What orders the lines: two may be of the same moment. */
type Place = [lastAt: number, hour: number, client: string, reason: string]

function writePlace({ last_at, hour, client, reason }: Row): string {
  return Buffer.from(JSON.stringify([last_at, hour, client, reason])).toString('base64url')
}

/** A cursor that is none of ours begins at the newest, as no cursor does. */
function readPlace(cursor: string | undefined): Place {
  const newest: Place = [Number.MAX_SAFE_INTEGER, 0, '', '']
  if (cursor === undefined) return newest
  try {
    const [at, hour, client, reason] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    return [Number(at) || 0, Number(hour) || 0, String(client), String(reason)]
  } catch {
    return newest
  }
}

function describe(row: Row): RejectionSummary {
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

interface Row {
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
