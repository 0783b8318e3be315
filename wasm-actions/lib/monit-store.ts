import type { MonitEvent, Outage } from './monit'

/** What `monit-watch` remembers, in the job's own database. */

const rowsMax = 1_000
/** More events than any two days have; beyond this something is wrong with the senders. */
const pagesMax = 200
const alertsKeptMs = 30 * 24 * 3_600_000

const tables = [
  'CREATE TABLE IF NOT EXISTS responsible (host TEXT NOT NULL, service TEXT NOT NULL, developer TEXT NOT NULL, PRIMARY KEY (host, service))',
  // Two recipients of one alert get two mails, of which nothing but the Message-ID differs.
  `CREATE TABLE IF NOT EXISTS events (
     id TEXT PRIMARY KEY, host TEXT NOT NULL, service TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
     written TEXT, description TEXT NOT NULL, UNIQUE (host, service, kind, at))`,
  'CREATE TABLE IF NOT EXISTS alerts (host TEXT NOT NULL, service TEXT NOT NULL, stopped_at INTEGER NOT NULL, alerted_at INTEGER NOT NULL, PRIMARY KEY (host, service, stopped_at))',
  'CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, at INTEGER NOT NULL)',
]

/** Makes the tables that are missing: all of them in an empty database, most of them in one that came with the job. */
export function openDatabase(): void {
  for (const table of tables) mailtrigger.db.exec(table)
}

/** Until when mails have been read, in milliseconds since the epoch; null before the first run. */
export function readProgress(): number | null {
  return mailtrigger.db.query<{ at: number }>("SELECT at FROM progress WHERE name = 'mails'")[0]?.at ?? null
}

export function saveProgress(at: number): void {
  mailtrigger.db.exec("INSERT OR REPLACE INTO progress (name, at) VALUES ('mails', ?)", [at])
}

/** Saves events that are new, and passes over those that are not. */
export function saveEvents(events: MonitEvent[]): void {
  if (events.length === 0) return
  mailtrigger.db.exec(
    `INSERT OR IGNORE INTO events (id, host, service, kind, at, written, description)
     SELECT value ->> 'id', value ->> 'host', value ->> 'service', value ->> 'kind', value ->> 'at',
       value ->> 'written', value ->> 'description' FROM json_each(?)`,
    [JSON.stringify(events)],
  )
}

export function listEvents(): MonitEvent[] {
  const events: MonitEvent[] = []
  let after = 0
  for (let page = 0; page < pagesMax; page++) {
    const rows = mailtrigger.db.query<MonitEvent & { number: number }>(
      'SELECT rowid AS number, id, host, service, kind, at, written, description FROM events WHERE rowid > ? ORDER BY rowid LIMIT ?',
      [after, rowsMax],
    )
    events.push(...rows)
    after = rows.at(-1)?.number ?? after
    if (rows.length < rowsMax) return events
  }
  throw new Error(`the database holds more than ${pagesMax * rowsMax} events`)
}

/**
 * Whether somebody was told of this outage. The stop of a report lies within the outage, and need not be its first: a
 * mail that is held up on its way may show afterwards that the service was down before.
 */
export function isReported(outage: Outage): boolean {
  const { host, service, stoppedAt, restartedAt } = outage
  const until = restartedAt ?? Number.MAX_SAFE_INTEGER
  const found = mailtrigger.db.query(
    'SELECT 1 FROM alerts WHERE host = ? AND service = ? AND stopped_at BETWEEN ? AND ? LIMIT 1',
    [host, service, stoppedAt, until],
  )
  return found.length > 0
}

export function saveReport(outage: Outage, now: number): void {
  const { host, service, stoppedAt } = outage
  mailtrigger.db.exec('INSERT OR IGNORE INTO alerts (host, service, stopped_at, alerted_at) VALUES (?, ?, ?, ?)', [
    host,
    service,
    stoppedAt,
    now,
  ])
}

/** The developer in `responsible` whose patterns fit best, or null when none does. */
export function findDeveloper(host: string, service: string): string | null {
  const rows = mailtrigger.db.query<{ developer: string }>(
    `SELECT developer FROM responsible WHERE ? GLOB lower(host) AND ? GLOB service
     ORDER BY length(replace(host, '*', '')) DESC, length(replace(service, '*', '')) DESC LIMIT 1`,
    [host, service],
  )
  return rows[0]?.developer ?? null
}

/** Forgets what is over. The stop of a service that is still down is kept however old it is, so that it stays told. */
export function forgetOldEvents(outages: Outage[], before: number): void {
  const open = JSON.stringify(outages.filter((outage) => outage.restartedAt === null).map((outage) => outage.id))
  mailtrigger.db.exec('DELETE FROM events WHERE at < ? AND id NOT IN (SELECT value FROM json_each(?))', [before, open])
  mailtrigger.db.exec(
    `DELETE FROM alerts WHERE stopped_at < ? AND NOT EXISTS
       (SELECT 1 FROM events WHERE events.host = alerts.host AND events.service = alerts.service)`,
    [before - alertsKeptMs],
  )
}
