import libmime from 'libmime'
import { decodeEncodedWords } from './encoded-words.js'
import { valueLimits } from './mime-limits.js'

export interface ParameterHeader {
  /** What stands before the first semicolon, in lower case: `text/plain`, `attachment`. */
  value: string
  /** Decoded (RFC 2231), by name in lower case. */
  parameters: Map<string, string>
}

/** Backslashes before anything but a quote or a backslash: paths of Windows come without being escaped. */
const bareBackslash = /\\(?:(["\\])|)/g
/** `multipart/mixed boundary=b` */
const missingSemicolon = /^(\s{0,20}[^\s;="]{1,200})\s{1,20}(?=[\w*-]{1,50}=)/

/**
 * Reads a header with parameters, as Content-Type and Content-Disposition are. Encoded words in them are decoded, too:
 * RFC 2047 forbids them there, and many programs write them.
 */
export function parseParameterHeader(header: string): ParameterHeader {
  const text = header.slice(0, valueLimits.parameterHeaderLength)
  const readable = text
    .replace(missingSemicolon, '$1; ')
    .replace(bareBackslash, (whole, escaped?: string) => (escaped === undefined ? '\\\\' : whole))
  const { value, params } = libmime.parseHeaderValue(readable)
  const entries = Object.entries(params).slice(0, valueLimits.parameters)
  return {
    value: /^[^\s;]*/.exec(value || '')?.[0].toLowerCase() ?? '',
    parameters: new Map(entries.map(([name, text]) => [name.toLowerCase(), decodeEncodedWords(text)])),
  }
}
