/**
 * What one mail may have before parts of it are left out. A mail beyond a limit is never refused: it is routed by what
 * was read up to there, and `malformed` says which limit and by how much. Together with the size limit of SMTP they
 * bound the time and memory of parsing; what they do not foresee, the thread's 5 s and 256 MB cut off (`parser.ts`).
 */
export const mimeLimits = {
  /** Lines of the mail's own header; a subject or sender further down is found all the same. */
  headerLines: 1_000,
  headerBytes: 256 * 1024,
  /** Multiparts within multiparts. Postfix stops there, too (mime_nesting_limit). */
  depth: 100,
  parts: 1_000,
  attachments: 100,
  /** Of all attachments after decoding. */
  attachmentBytes: 64 * 1024 * 1024,
  /** In each of From, To and Cc. */
  addresses: 1_000,
  /** UTF-16 units. */
  textLength: 1_000_000,
  htmlLength: 2_000_000,
  /** HTML that is made into text because the mail has no other. */
  htmlToTextLength: 262_144,
} as const

/** Bounds of single values. Beyond them the rest is passed over in silence, since no rule can mean it. */
export const valueLimits = {
  /** A header that has not ended here is read no further, only skipped. */
  headerScanBytes: 1024 * 1024,
  /** Of one Content-Type or Content-Disposition, continuations (RFC 2231) included. */
  parameters: 100,
  parameterHeaderLength: 10_000,
  /** RFC 2046 5.1.1 allows 70; real senders reach twice that. */
  boundaryLength: 200,
  /** Multiparts that are never closed, for whose parts a mail is split again. */
  boundaryRepairs: 20,
  subjectLength: 100_000,
  messageIdLength: 1_000,
  /** Of an address and of a name. */
  nameLength: 1_000,
  filenameLength: 255,
  /** Levels of HTML that is made into text. */
  htmlToTextDepth: 40,
  /** Tags open at once, and children of one element. */
  htmlToTextOpenTags: 3_000,
  /** Mails signed within signed mails (S/MIME), each a parse of its own. */
  signedDepth: 3,
} as const

export interface Overrun {
  limit: keyof typeof mimeLimits
  found: number
}

const nouns: Record<keyof typeof mimeLimits, string> = {
  headerLines: 'header lines',
  headerBytes: 'bytes of header',
  depth: 'levels of multiparts',
  parts: 'parts',
  attachments: 'attachments',
  attachmentBytes: 'bytes of attachments',
  addresses: 'addresses in one header',
  textLength: 'characters of text',
  htmlLength: 'characters of HTML',
  htmlToTextLength: 'characters of HTML to make text of',
}

/** One line for people, such as `more than a mail may have: 3,000 parts (1,000 are read)`; null when all is within. */
export function describeOverruns(overruns: Overrun[]): string | null {
  if (overruns.length === 0) return null
  const worst = new Map<Overrun['limit'], number>()
  for (const { limit, found } of overruns) worst.set(limit, Math.max(found, worst.get(limit) ?? 0))
  const phrases = [...worst].map(
    ([limit, found]) => `${format(found)} ${nouns[limit]} (${format(mimeLimits[limit])} are read)`,
  )
  return `more than a mail may have: ${phrases.join(', ')}`
}

function format(count: number): string {
  return count.toLocaleString('en-GB')
}
