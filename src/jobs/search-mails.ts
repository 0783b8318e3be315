import { z } from 'zod'
import type { MailHit } from '../domain/guest-abi.js'
import type { Mail, RawMail } from '../domain/mail.js'
import { type AddressGlob, compileAddressGlob } from '../route/address-glob.js'
import { foldText } from '../route/fold.js'
import type { ArchivedMail, MailArchive } from '../store/sqlite/mail-archive.js'

const hitsMax = 100
const textShownMax = 2_000
/** Looking at a mail's row is cheap, parsing it is not; a call stops at either and gives a cursor to go on from. */
const rowsScannedMax = 50_000
const mailsParsedMax = 5_000
const rowsPerStep = 500

const isoTime = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const mailQuery = z.object({
  from: z.string().max(320).nullish(),
  to: z.string().max(320).nullish(),
  subject: z.string().max(1_000).nullish(),
  text: z.string().max(1_000).nullish(),
  since: isoTime.nullish(),
  until: isoTime.nullish(),
  limit: z.number().int().min(1).max(hitsMax).nullish(),
  cursor: z.string().max(64).nullish(),
})

interface Wanted {
  from: AddressGlob | null
  to: AddressGlob | null
  subject: string | null
  text: string | null
}

export interface MailSearchParts {
  archive: Pick<MailArchive, 'list' | 'read'>
  parse: (raw: RawMail) => Promise<Mail>
}

/**
 * `mail_search`: mails in the order of receipt. The rows decide what they can; what is left is parsed, as only then the
 * text is known. Rejects with an `Error` whose words are for the guest's author.
 */
export function createMailSearch({ archive, parse }: MailSearchParts) {
  return async (given: unknown): Promise<{ items: MailHit[]; next_cursor: string | null }> => {
    const query = readQuery(given ?? {})
    const wanted = readWanted(query)
    const limit = query.limit ?? hitsMax
    const range = { since: query.since ?? null, until: query.until ?? null, limit: rowsPerStep }
    const items: MailHit[] = []
    let after = query.cursor ?? null
    let scanned = 0
    let parsed = 0
    for (;;) {
      const rows = archive.list({ ...range, after })
      for (const row of rows) {
        if (items.length >= limit || scanned >= rowsScannedMax || parsed >= mailsParsedMax) {
          return { items, next_cursor: after }
        }
        after = row.id
        scanned++
        if (!mayFit(row, wanted)) continue
        const raw = archive.read(row.id)
        if (!raw) continue
        parsed++
        const mail = await parse(raw)
        if (fits(mail, wanted)) items.push(describeHit(mail))
      }
      if (rows.length < rowsPerStep) return { items, next_cursor: null }
    }
  }
}

function readQuery(given: unknown): z.output<typeof mailQuery> {
  const parsed = mailQuery.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new Error(`mail_search: ${issue?.path.join('.') || 'the argument'}: ${issue?.message ?? 'is wrong'}`)
}

function readWanted(query: z.output<typeof mailQuery>): Wanted {
  return {
    from: query.from ? compileAddressGlob(query.from) : null,
    to: query.to ? compileAddressGlob(query.to) : null,
    subject: query.subject ? foldText(query.subject) : null,
    text: query.text ? foldText(query.text) : null,
  }
}

/** What the row alone can rule out. A mail that is not routed yet has no subject and no sender in its row. */
function mayFit(row: ArchivedMail, { from, to, subject }: Wanted): boolean {
  if (to && !row.envelope.to.some(to.matches)) return false
  if (row.status === 'stored') return true
  if (from && !from.matches(row.from)) return false
  return subject === null || foldText(row.subject).includes(subject)
}

function fits(mail: Mail, { from, subject, text }: Wanted): boolean {
  if (from && !from.matches(senderOf(mail))) return false
  if (subject !== null && !foldText(mail.subject).includes(subject)) return false
  return text === null || foldText(mail.text).includes(text)
}

function describeHit(mail: Mail): MailHit {
  return {
    id: mail.id,
    message_id: mail.messageId,
    date: new Date(mail.date).toISOString(),
    received_at: new Date(mail.receivedAt).toISOString(),
    subject: mail.subject.slice(0, textShownMax),
    from: senderOf(mail),
    to: mail.envelope.to.map((address) => address.toLowerCase()),
    text: mail.text.slice(0, textShownMax),
  }
}

function senderOf(mail: Mail): string {
  return mail.from[0]?.address ?? mail.envelope.from
}
