import type Database from 'better-sqlite3'
import type { AuditEntry } from '../../domain/audit.js'
import { createIdSource } from '../../domain/new-id.js'
import type { Page } from '../store.js'
import type { AuditFilter, AuditLine } from '../watch-store.js'
import { allRows, sql } from './statements.js'

const subjectsMax = 100
const pageLimitMax = 1_000

/** Who changed what. Every function runs inside the caller's transaction. */
export function prepareAudit(database: Database.Database) {
  // Entries of one millisecond keep the order in which they were made.
  const newId = createIdSource()
  const insert = database.prepare<[string, number, string, string, string, string]>(
    'INSERT INTO audit (id, at, actor, action, subjects, detail) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const insertSubject = database.prepare<[string, string]>(
    'INSERT OR IGNORE INTO audit_subjects (subject, audit_id) VALUES (?, ?)',
  )

  return {
    save({ at, actor, action, subjects, detail }: AuditEntry): void {
      const id = newId(at)
      const named = subjects.slice(0, subjectsMax)
      insert.run(id, at, actor, action, JSON.stringify(named), JSON.stringify(detail))
      for (const subject of named) insertSubject.run(subject, id)
    },
  }
}

/** Newest first; the cursor is the id of the last line of the page before. */
export function listAudit(database: Database.Database, filter: AuditFilter): Page<AuditLine> {
  const limit = Math.min(Math.max(1, filter.limit), pageLimitMax)
  let query = sql.selectFrom('audit').selectAll('audit')
  const { subject } = filter
  if (subject !== undefined) {
    query = query.where(
      'audit.id',
      'in',
      sql.selectFrom('audit_subjects').select('audit_id').where('subject', '=', subject),
    )
  }
  if (filter.action) query = query.where('audit.action', '=', filter.action)
  if (filter.since !== undefined) query = query.where('audit.at', '>=', filter.since)
  if (filter.cursor) query = query.where('audit.id', '<', filter.cursor)
  const rows = allRows(database, query.orderBy('audit.id', 'desc').limit(limit + 1))
  const items = rows.slice(0, limit).map((row) => ({
    id: row.id,
    at: new Date(row.at).toISOString(),
    actor: row.actor,
    action: row.action,
    subjects: JSON.parse(row.subjects) as string[],
    detail: JSON.parse(row.detail) as Record<string, unknown>,
  }))
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}
