import type Database from 'better-sqlite3'
import type { NotifyRule, RuleEvent } from '../../domain/monitor.js'

/** Rules made while the server runs. Every function that writes runs inside the caller's transaction. */
export function prepareRules(database: Database.Database) {
  const selectAll = database.prepare<[], RuleRow>('SELECT * FROM notify_rules ORDER BY id')
  const insert = database.prepare(
    `INSERT INTO notify_rules (id, subject, name, event, channels, created_by, created_at)
     VALUES (@id, @subject, @name, @event, @channels, @createdBy, @createdAt)
     ON CONFLICT (subject, name, event, channels) DO NOTHING`,
  )
  const remove = database.prepare<[string]>('DELETE FROM notify_rules WHERE id = ?')

  return {
    /** Oldest first. */
    list: (): NotifyRule[] => selectAll.all().map(toRule),
    /** False when the same rule is there already. Channels are kept in order: all of them are told, so theirs says nothing. */
    save(rule: NotifyRule): boolean {
      const channels = JSON.stringify([...new Set(rule.channels)].toSorted())
      return insert.run({ ...rule, channels }).changes > 0
    },
    remove: (ruleId: string): boolean => remove.run(ruleId).changes > 0,
  }
}

interface RuleRow {
  id: string
  subject: NotifyRule['subject']
  name: string
  event: RuleEvent
  channels: string
  created_by: string
  created_at: number
}

function toRule(row: RuleRow): NotifyRule {
  return {
    id: row.id,
    subject: row.subject,
    name: row.name,
    event: row.event,
    channels: JSON.parse(row.channels) as string[],
    createdBy: row.created_by,
    createdAt: row.created_at,
  }
}
