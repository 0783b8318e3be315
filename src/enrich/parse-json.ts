import { LookupError } from '../domain/errors.js'

/** A lookup's text may have this many bytes. */
export const lookupBytesMax = 1_000_000

/**
 * Parses a lookup's text, without the byte order mark some servers put before it. `__proto__` becomes an ordinary key,
 * as `JSON.parse` defines it, and nothing here copies objects key by key.
 * @param from what `LookupError` names: never with a query or credentials.
 */
export function parseLookup(text: string, from: string): { data: unknown; json: string } {
  const json = text.replace(/^\ufeff/, '')
  if (Buffer.byteLength(json) > lookupBytesMax) throw new LookupError(`${from} is longer than 1 MB`)
  try {
    return { data: JSON.parse(json), json }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    // The parser's own words quote the text, which may be anybody's data.
    throw new LookupError(`${from} is not JSON`)
  }
}
