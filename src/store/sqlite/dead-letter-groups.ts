import type Database from 'better-sqlite3'
import type { DeadLetterGroup } from '../notification-store.js'
import type { DeliverySelection } from '../store.js'
import { isSelected } from './delivery-lists.js'
import { eachRow, sql } from './statements.js'

/** The newest are looked at; more of them say nothing new to whoever looks. */
const deadLettersMax = 20_000
const groupsMax = 200
const examplesMax = 3
const errorCharactersMax = 200

/** Dead letters of one channel with one error, numbers and ids in it aside; largest group first. */
export function listDeadLetterGroups(database: Database.Database, selection: DeliverySelection): DeadLetterGroup[] {
  const query = sql
    .selectFrom('deliveries')
    .where(isSelected({ ...selection, status: 'dead' }))
    .select(['deliveries.id', 'deliveries.channel', 'deliveries.last_error', 'deliveries.created_at'])
    .orderBy('deliveries.id', 'desc')
    .limit(deadLettersMax)
  const groups = new Map<string, Group>()
  for (const { id, channel, last_error, created_at } of eachRow(database, query)) {
    const error = blankNumbers(last_error)
    const key = JSON.stringify([channel, error])
    const group = groups.get(key) ?? { channel, error, count: 0, oldest: created_at, newest: created_at, examples: [] }
    groups.set(key, group)
    group.count++
    group.oldest = Math.min(group.oldest, created_at)
    group.newest = Math.max(group.newest, created_at)
    if (group.examples.length < examplesMax) group.examples.push(id)
  }
  return [...groups.values()]
    .toSorted((a, b) => b.count - a.count || b.newest - a.newest)
    .slice(0, groupsMax)
    .map(({ oldest, newest, ...group }) => ({
      ...group,
      oldest_at: new Date(oldest).toISOString(),
      newest_at: new Date(newest).toISOString(),
    }))
}

/**
 * An error without what differs from one delivery to the next: words with digits in them (numbers, ids, times) read
 * `#`. Status codes of HTTP and SMTP stay, for they say what kind of error it is.
 */
export function blankNumbers(error: string | null): string {
  const start = blankWords(error ?? 'no reason is known').slice(0, errorCharactersMax)
  // Where it is cut, a status code may have become a number.
  return blankWords(start.replace(/[\uD800-\uDBFF]$/, ''))
}

function blankWords(text: string): string {
  return text.replace(/[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*/gu, (word) =>
    /\p{N}/u.test(word) && !/^[45]\d\d$/.test(word) ? '#' : word,
  )
}

interface Group extends Pick<DeadLetterGroup, 'channel' | 'error' | 'count' | 'examples'> {
  oldest: number
  newest: number
}
