import type { Mail, RawMail } from '../domain/mail.js'
import { parseAddresses } from './addresses.js'
import { decodeEncodedWords } from './encoded-words.js'
import { firstField, type HeaderBlock, toLine } from './headers.js'

const subjectLengthMax = 100_000
const messageIdLengthMax = 1_000
const dayMs = 86_400_000
/** 2000-01-01. Older clocks were never set; programs of that age do not reach us. */
const dateMin = 946_684_800_000

/** What the header of a mail says, the same for a mail that parsed and for one that did not. */
export function describeHeader(
  raw: RawMail,
  block: HeaderBlock,
): Pick<
  Mail,
  'id' | 'receivedAt' | 'envelope' | 'sizeBytes' | 'subject' | 'from' | 'to' | 'cc' | 'date' | 'messageId' | 'headers'
> {
  return {
    id: raw.id,
    receivedAt: raw.receivedAt,
    envelope: raw.envelope,
    sizeBytes: raw.raw.byteLength,
    // The first of two subjects is the one that was there before something on the way added another.
    subject: toLine(decodeEncodedWords(firstField(block, 'subject') ?? '')).slice(0, subjectLengthMax),
    from: addressesOf(block, 'from'),
    to: addressesOf(block, 'to'),
    cc: addressesOf(block, 'cc'),
    date: readDate(firstField(block, 'date'), raw.receivedAt),
    messageId: toLine(firstField(block, 'message-id') ?? '').slice(0, messageIdLengthMax) || null,
    headers: block.headers,
  }
}

function addressesOf(block: HeaderBlock, name: 'from' | 'to' | 'cc'): Mail['from'] {
  const lists = block.fields.filter((field) => field.name === name).map((field) => field.value)
  return parseAddresses(lists.join(', '))
}

/** A date before 2000 or more than a day ahead of our clock is the sender's clock being wrong. */
function readDate(value: string | null, receivedAt: number): number {
  const date = value === null ? Number.NaN : Date.parse(value.slice(0, 100))
  return date >= dateMin && date <= receivedAt + dayMs ? date : receivedAt
}
