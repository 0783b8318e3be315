import type Database from 'better-sqlite3'
import type { RawMail } from '../../domain/mail.js'

const prefix = 'smtp/'
/** Beyond every name with the prefix: `0` is the character after `/`. */
const prefixEnd = 'smtp0'
const sendersMax = 20_000

/** How many mails of each sender were stored on a day of UTC. They go with the other counters of days that are over. */
export function prepareDailyMailCounts(database: Database.Database) {
  const add = database.prepare<[string, string, number]>(
    `INSERT INTO counters (counter, day, count) VALUES (?, ?, ?)
     ON CONFLICT (counter, day) DO UPDATE SET count = count + excluded.count`,
  )
  const list = database.prepare<[string, string, string, number], { counter: string; count: number }>(
    'SELECT counter, count FROM counters WHERE counter >= ? AND counter < ? AND day = ? ORDER BY count DESC LIMIT ?',
  )

  return {
    /** Inside the transaction that stores the mails. */
    add(mails: RawMail[]): void {
      const counts = new Map<string, { key: string; day: string; count: number }>()
      for (const { countedAs, receivedAt } of mails) {
        if (countedAs === undefined) continue
        const day = new Date(receivedAt).toISOString().slice(0, 10)
        const known = counts.get(`${day} ${countedAs}`) ?? { key: countedAs, day, count: 0 }
        known.count++
        counts.set(`${day} ${countedAs}`, known)
      }
      for (const { key, day, count } of counts.values()) add.run(prefix + key, day, count)
    },
    /** @param day `2026-01-31`. Of more senders than are ever counted at a time, those with the most mails. */
    list: (day: string): { key: string; count: number }[] =>
      list
        .all(prefix, prefixEnd, day, sendersMax)
        .map(({ counter, count }) => ({ key: counter.slice(prefix.length), count })),
  }
}
