import { randomBytes } from 'node:crypto'
import type Database from 'better-sqlite3'
import type { MonitorState, MonitorStatus } from '../../domain/monitor.js'
import { createIdSource } from '../../domain/new-id.js'

/** As many as a UUID has, and then some: whoever guesses a token can keep an alarm from ringing. */
const tokenBytes = 18

/** What is known of monitors. Every function that writes runs inside the caller's transaction. */
export function prepareMonitors(database: Database.Database) {
  const newId = createIdSource()
  const selectAll = database.prepare<[], MonitorRow>('SELECT * FROM monitor_states ORDER BY name')
  const selectByToken = database.prepare<[string], MonitorRow>('SELECT * FROM monitor_states WHERE token = ?')
  const insert = database.prepare(
    `INSERT INTO monitor_states (name, status, token, watched_since, last_seen_at, started_at, failed_at, changed_at, reason)
     VALUES (@name, @status, @token, @watchedSince, @lastSeenAt, @startedAt, @failedAt, @changedAt, @reason)
     ON CONFLICT DO NOTHING`,
  )
  const update = database.prepare(
    `UPDATE monitor_states SET status = @status, token = @token, watched_since = @watchedSince,
       last_seen_at = @lastSeenAt, started_at = @startedAt, failed_at = @failedAt, changed_at = @changedAt,
       reason = @reason
     WHERE name = @name AND status = @wasStatus AND token = @wasToken AND watched_since = @wasWatchedSince
       AND last_seen_at IS @wasLastSeenAt AND started_at IS @wasStartedAt AND failed_at IS @wasFailedAt
       AND changed_at = @wasChangedAt AND reason IS @wasReason`,
  )
  const see = database.prepare<[string, string, number, number, number]>(
    `INSERT INTO monitor_states (name, status, token, watched_since, last_seen_at, changed_at) VALUES (?, 'new', ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET last_seen_at = max(coalesce(last_seen_at, 0), excluded.last_seen_at)`,
  )
  const forgetOthers = database.prepare<[string]>(
    'DELETE FROM monitor_states WHERE name NOT IN (SELECT value FROM json_each(?))',
  )

  return {
    list: (): MonitorState[] => selectAll.all().map(toState),
    readByToken(token: string): MonitorState | null {
      const row = selectByToken.get(token)
      return row ? toState(row) : null
    },
    /**
     * Names the change, or is null when the state is no longer as `before` says (null: there was none); then nothing is
     * changed.
     */
    change(before: MonitorState | null, after: MonitorState, now: number): string | null {
      if (before !== null && before.name !== after.name) throw new Error(`${before.name} cannot become ${after.name}`)
      const { changes } = before === null ? insert.run(after) : update.run({ ...after, ...asBefore(before) })
      return changes === 0 ? null : `${after.name}/${newId(now)}`
    },
    /**
     * The mail a monitor expects has come in. Mails may be routed in another order than they came, so an older one
     * changes nothing. A monitor that nobody has looked at yet is made here, with its token.
     */
    markSeen(monitor: string, at: number): void {
      see.run(monitor, randomBytes(tokenBytes).toString('base64url'), at, at, at)
    },
    keep: (names: string[]): void => void forgetOthers.run(JSON.stringify(names)),
  }
}

/** The whole previous state, under the names the statement compares it by. */
function asBefore(before: MonitorState) {
  return {
    wasStatus: before.status,
    wasToken: before.token,
    wasWatchedSince: before.watchedSince,
    wasLastSeenAt: before.lastSeenAt,
    wasStartedAt: before.startedAt,
    wasFailedAt: before.failedAt,
    wasChangedAt: before.changedAt,
    wasReason: before.reason,
  }
}

interface MonitorRow {
  name: string
  status: MonitorStatus
  token: string
  watched_since: number
  last_seen_at: number | null
  started_at: number | null
  failed_at: number | null
  changed_at: number
  reason: string | null
}

function toState(row: MonitorRow): MonitorState {
  return {
    name: row.name,
    status: row.status,
    token: row.token,
    watchedSince: row.watched_since,
    lastSeenAt: row.last_seen_at,
    startedAt: row.started_at,
    failedAt: row.failed_at,
    changedAt: row.changed_at,
    reason: row.reason,
  }
}
