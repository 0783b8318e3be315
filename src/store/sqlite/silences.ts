import type Database from 'better-sqlite3'
import type { Silence, SilenceMatchers } from '../../domain/silence.js'

/** In force at once: every notification is held against each of them. */
const inForceMax = 1_000
const listMax = 1_000

/** Maintenance silences. Every function that writes runs inside the caller's transaction. */
export function prepareSilences(database: Database.Database) {
  const selectInForce = database.prepare<[number, number, number], SilenceRow>(
    'SELECT * FROM silences WHERE ends_at > ? AND starts_at <= ? ORDER BY ends_at DESC, id LIMIT ?',
  )
  const selectNewest = database.prepare<[number, number], SilenceRow>(
    'SELECT * FROM silences WHERE ends_at > ? ORDER BY id DESC LIMIT ?',
  )
  const insert = database.prepare(
    `INSERT INTO silences (id, matchers, starts_at, ends_at, comment, created_by, created_at)
     VALUES (@id, @matchers, @startsAt, @endsAt, @comment, @createdBy, @createdAt)`,
  )
  // One that has not begun begins and ends now, so that it never ends before it starts.
  const end = database.prepare<[number, number, string, number]>(
    'UPDATE silences SET ends_at = ?, starts_at = min(starts_at, ?) WHERE id = ? AND ends_at > ?',
  )

  return {
    /** Those of this moment; the one that lasts longest comes first. */
    inForce: (now: number): Silence[] => selectInForce.all(now, now, inForceMax).map(toSilence),
    list({ ended, now, limit }: { ended: boolean; now: number; limit: number }): Silence[] {
      const after = ended ? Number.MIN_SAFE_INTEGER : now
      return selectNewest.all(after, Math.min(Math.max(1, limit), listMax)).map(toSilence)
    },
    save: (silence: Silence): void => void insert.run({ ...silence, matchers: JSON.stringify(silence.matchers) }),
    /** False when it is over or was never there. */
    end: (silenceId: string, now: number): boolean => end.run(now, now, silenceId, now).changes > 0,
  }
}

interface SilenceRow {
  id: string
  matchers: string
  starts_at: number
  ends_at: number
  comment: string
  created_by: string
  created_at: number
}

function toSilence(row: SilenceRow): Silence {
  return {
    id: row.id,
    matchers: JSON.parse(row.matchers) as SilenceMatchers,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    comment: row.comment,
    createdBy: row.created_by,
    createdAt: row.created_at,
  }
}
