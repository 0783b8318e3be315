import type Database from 'better-sqlite3'
import type { Envelope } from '../../domain/mail.js'
import { splitWords } from '../../domain/search-words.js'
import type { SearchableMail, UnindexedMail } from '../search-store.js'
import { sizeClassOf, sizeFact } from './search-expression.js'
import { firstNumberOf } from './search-numbers.js'

/** Pages of one step of tidying: some milliseconds, in which a mail that comes in has to wait. */
const pagesPerStep = 16

/** The index of words. Every function that writes runs inside the caller's transaction. */
export function prepareSearchIndex(database: Database.Database) {
  const selectUnindexed = database.prepare<[number], UnindexedMail>(
    'SELECT mail_id AS mailId, attempts FROM unindexed_mails ORDER BY mail_id DESC LIMIT ?',
  )
  const countAttempt = database.prepare<[string]>(
    'UPDATE unindexed_mails SET attempts = attempts + 1 WHERE mail_id = ?',
  )
  const forget = database.prepare<[string]>('DELETE FROM unindexed_mails WHERE mail_id = ?')
  const selectMail = database.prepare<[string], MailRow>(
    'SELECT envelope, size_bytes, subject, from_address FROM mails WHERE id = ?',
  )
  const selectNumber = database.prepare<[string], { number: number }>(
    'SELECT number FROM search_entries WHERE mail_id = ?',
  )
  const selectTaken = database.prepare<[number], object>('SELECT 1 FROM search_entries WHERE number = ?')
  const selectFree = database.prepare<[number], { number: number }>(
    `SELECT number + 1 AS number FROM search_entries AS taken WHERE number >= ?
       AND NOT EXISTS (SELECT 1 FROM search_entries WHERE number = taken.number + 1) ORDER BY number LIMIT 1`,
  )
  const insertEntry = database.prepare<[number, string]>('INSERT INTO search_entries (number, mail_id) VALUES (?, ?)')
  const insertWords = database.prepare<[number, string, string, string, string, string, string]>(
    `INSERT OR REPLACE INTO mail_words (rowid, facts, subject, sender, receiver, rcpt, body)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const merge = database.prepare<[bigint]>(`INSERT INTO mail_words (mail_words, rank) VALUES ('merge', ?)`)
  const countChanges = database.prepare<[], { count: number }>('SELECT total_changes() AS count')

  function numberOf(mailId: string): number {
    const known = selectNumber.get(mailId)
    if (known) return known.number
    const first = firstNumberOf(mailId)
    // Mails of one millisecond stand side by side: the first number that is free is the next one's.
    const number = selectTaken.get(first) ? (selectFree.get(first)?.number ?? first) : first
    insertEntry.run(number, mailId)
    return number
  }

  function indexMail({ mailId, text }: SearchableMail): void {
    forget.run(mailId)
    const row = selectMail.get(mailId)
    if (!row) return
    const { from, to: rcpt } = JSON.parse(row.envelope) as Envelope
    const facts = ['any', sizeFact(sizeClassOf(row.size_bytes)), ...(text?.hasAttachment ? ['attachment'] : [])]
    insertWords.run(
      numberOf(mailId),
      facts.join(' '),
      joinWords(text?.subject ?? row.subject),
      joinWords(`${from} ${text?.from ?? row.from_address}`),
      joinWords(text?.to ?? ''),
      joinWords(rcpt.join(' ')),
      joinWords(text?.body ?? ''),
    )
  }

  return {
    listUnindexed: (limit: number): UnindexedMail[] => selectUnindexed.all(limit),
    countAttempts(mailIds: string[]): void {
      for (const mailId of mailIds) countAttempt.run(mailId)
    },
    indexMails(mails: SearchableMail[]): void {
      for (const mail of mails) indexMail(mail)
    },
    /** A merge that finds nothing to do changes one row less than one that does: https://sqlite.org/fts5.html#the_merge_command */
    tidy(): boolean {
      const before = countChanges.get()?.count ?? 0
      merge.run(BigInt(pagesPerStep))
      return (countChanges.get()?.count ?? 0) - before >= 2
    },
  }
}

function joinWords(text: string): string {
  return splitWords(text).join(' ')
}

interface MailRow {
  envelope: string
  size_bytes: number
  subject: string
  from_address: string
}
