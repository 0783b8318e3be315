import { firstField, type HeaderField, toLine } from './headers.js'
import { valueLimits } from './mime-limits.js'
import { parseParameterHeader } from './parameters.js'

/** One part of a mail as it stands there: what its header says, and its bytes, not yet decoded. */
export interface MimePart {
  /** `text/plain` where the header says nothing that could be meant (RFC 2045 5.2). */
  type: string
  parameters: Map<string, string>
  disposition: string | null
  /** On one line, and empty where there is none. It may hold a path: nothing here writes files. */
  filename: string
  /** Without its brackets. */
  contentId: string
  /** Content-Transfer-Encoding in lower case. */
  encoding: string
  /** Of a multipart; an open list while the mail is read. */
  parts: MimePart[]
  /** Whether a line with its boundary was found. */
  isDelimited: boolean
  content: Buffer
}

const nothing = Buffer.alloc(0)

/** The part that a header announces, its bytes yet to come. */
export function describePart(fields: HeaderField[], defaultType: string): MimePart {
  const contentType = parseParameterHeader(firstField({ fields }, 'content-type') ?? '')
  const disposition = parseParameterHeader(firstField({ fields }, 'content-disposition') ?? '')
  const name = disposition.parameters.get('filename') ?? contentType.parameters.get('name') ?? ''
  return {
    type: toType(contentType.value, defaultType),
    parameters: contentType.parameters,
    disposition: disposition.value || null,
    filename: toLine(name),
    contentId: toLine(firstField({ fields }, 'content-id') ?? '')
      .replace(/^<|>$/g, '')
      .slice(0, valueLimits.filenameLength),
    encoding:
      /^\s*"?([^\s";]*)/.exec(firstField({ fields }, 'content-transfer-encoding') ?? '')?.[1]?.toLowerCase() ?? '',
    parts: [],
    isDelimited: false,
    content: nothing,
  }
}

/** The boundary of a multipart, or null when it is none or names none. */
export function boundaryOf(part: MimePart): string | null {
  if (!part.type.startsWith('multipart/')) return null
  const boundary = part.parameters.get('boundary')?.slice(0, valueLimits.boundaryLength).trimEnd()
  return boundary ? boundary : null
}

/** `Content-Type: text` and `text/` mean text, and so does what is no type at all. */
function toType(value: string, defaultType: string): string {
  if (/^[a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100}$/.test(value)) return value
  return value === '' ? defaultType : 'text/plain'
}
