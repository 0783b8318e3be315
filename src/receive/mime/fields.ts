import type { Mail, RawMail } from '../../domain/mail.js'
import { readAddresses } from './addresses.js'
import { decodeEncodedWords } from './encoded-words.js'
import { firstField, type HeaderBlock, toLine } from './headers.js'
import { mimeLimits, type Overrun, valueLimits } from './mime-limits.js'

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
    subject: toLine(decodeEncodedWords(firstField(block, 'subject') ?? '')).slice(0, valueLimits.subjectLength),
    from: addressesOf(block, 'from'),
    to: addressesOf(block, 'to'),
    cc: addressesOf(block, 'cc'),
    date: readDate(firstField(block, 'date'), raw.receivedAt),
    messageId: toLine(firstField(block, 'message-id') ?? '').slice(0, valueLimits.messageIdLength) || null,
    headers: block.headers,
  }
}

/** What of the header is beyond the limits. */
export function findHeaderOverruns(block: HeaderBlock): Overrun[] {
  const overruns: Overrun[] = []
  if (block.lines > mimeLimits.headerLines) overruns.push({ limit: 'headerLines', found: block.lines })
  if (block.sizeBytes > mimeLimits.headerBytes) overruns.push({ limit: 'headerBytes', found: block.sizeBytes })
  for (const name of ['from', 'to', 'cc'] as const) {
    const list = addressList(block, name)
    // Shorter than that it cannot hold so many, and is not read a second time.
    if (list.length <= mimeLimits.addresses * 2) continue
    const { found } = readAddresses(list)
    if (found > mimeLimits.addresses) overruns.push({ limit: 'addresses', found })
  }
  return overruns
}

function addressesOf(block: HeaderBlock, name: 'from' | 'to' | 'cc'): Mail['from'] {
  return readAddresses(addressList(block, name)).addresses
}

function addressList(block: HeaderBlock, name: 'from' | 'to' | 'cc'): string {
  const lists = block.fields.filter((field) => field.name === name).map((field) => field.value)
  return lists.join(', ')
}

/** A date before 2000 or more than a day ahead of our clock is the sender's clock being wrong. */
function readDate(value: string | null, receivedAt: number): number {
  const date = value === null ? Number.NaN : Date.parse(value.slice(0, 100))
  return date >= dateMin && date <= receivedAt + dayMs ? date : receivedAt
}
