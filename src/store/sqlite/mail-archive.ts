import { encodeTime } from 'ulid'
import type { MailStatus } from '../../domain/delivery.js'
import type { Envelope, RawMail } from '../../domain/mail.js'
import { openSqlite } from './binding.js'
import { readAuth } from './kept-auth.js'

/** The gateway's mails as another process may read them: fixed statements on a connection that cannot write. */
export interface MailArchive {
  /** In the order of receipt, without the raw bytes. */
  list: (range: ArchiveRange) => ArchivedMail[]
  read: (mailId: string) => RawMail | null
  close: () => void
}

export interface ArchiveRange {
  /** Milliseconds since the epoch: from `since` on, and before `until`. */
  since: number | null
  until: number | null
  /** Only mails after this id. */
  after: string | null
  limit: number
}

export interface ArchivedMail {
  id: string
  receivedAt: number
  /** While it is `stored`, `subject` and `from` are not known yet. */
  status: MailStatus
  subject: string
  from: string
  envelope: Envelope
}

/** An id is made when a mail begins to arrive, and the time of receipt is noted at about the same time. */
const idSlackMs = 3_600_000
const timeMax = 2 ** 48 - 1

/** Opens `mailtrigger.sqlite3` beside the engine that writes it; write-ahead logging lets both go on. */
export function openMailArchive(file: string): MailArchive {
  const database = openSqlite(file, { readonly: true, fileMustExist: true, timeout: 5_000 })
  database.pragma('query_only = ON')
  database.pragma('trusted_schema = OFF')
  const list = database.prepare<[string, number, number, number], ListRow>(
    `SELECT id, received_at, status, subject, from_address, envelope FROM mails
     WHERE id > ? AND received_at >= ? AND received_at < ? ORDER BY id LIMIT ?`,
  )
  const read = database.prepare<
    [string],
    { received_at: number; envelope: string; auth: string | null; raw: Uint8Array }
  >('SELECT received_at, envelope, auth, raw FROM mails JOIN raw_mails ON mail_id = id WHERE id = ?')
  return {
    list: ({ since, until, after, limit }) =>
      list.all(firstId(since, after), since ?? 0, until ?? timeMax, limit).map((row) => ({
        id: row.id,
        receivedAt: row.received_at,
        status: row.status,
        subject: row.subject,
        from: row.from_address,
        envelope: JSON.parse(row.envelope) as Envelope,
      })),
    read: (mailId) => {
      const row = read.get(mailId)
      if (!row) return null
      const envelope = JSON.parse(row.envelope) as Envelope
      return { id: mailId, receivedAt: row.received_at, envelope, ...readAuth(row.auth), raw: row.raw }
    },
    close: () => database.close(),
  }
}

/** Ids sort by time, so the days before `since` need not be read at all. */
function firstId(since: number | null, after: string | null): string {
  const from = since === null ? '' : encodeTime(Math.min(timeMax, Math.max(0, Math.floor(since) - idSlackMs)), 10)
  return after !== null && after > from ? after : from
}

interface ListRow {
  id: string
  received_at: number
  status: MailStatus
  subject: string
  from_address: string
  envelope: string
}
