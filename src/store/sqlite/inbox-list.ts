import type Database from 'better-sqlite3'
import type { Message } from '../../domain/message.js'
import type { InboxEntry, InboxFilter, Page } from '../store.js'
import { allRows, sql } from './statements.js'

/** Newest first. What retention has taken away, and a test of a channel, have no delivery to tell of. */
export function listInbox(database: Database.Database, filter: InboxFilter): Page<InboxEntry> {
  const limit = Math.min(Math.max(1, filter.limit), 1_000)
  let query = sql
    .selectFrom('inbox')
    .leftJoin('deliveries', 'deliveries.id', 'inbox.delivery_id')
    .select(['inbox.id', 'inbox.mail_id', 'inbox.recipient', 'inbox.message', 'inbox.at'])
    .select(['deliveries.id as delivery_id', 'deliveries.notification_id', 'deliveries.channel'])
    .orderBy('inbox.id', 'desc')
    .limit(limit + 1)
  if (filter.recipient) query = query.where('inbox.recipient', '=', filter.recipient)
  if (filter.cursor) query = query.where('inbox.id', '<', filter.cursor)
  const rows = allRows(database, query)
  const items = rows.slice(0, limit).map(({ message, at, ...row }) => {
    const { title, text, severity, links } = JSON.parse(message) as Message
    return { ...row, title, text, severity, links, at: new Date(at).toISOString() }
  })
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}
