/** What is used of libmime, which has no types of its own. */
declare module 'libmime' {
  /** A header with parameters taken apart; continuations and charsets (RFC 2231) are joined and decoded. */
  export function parseHeaderValue(header: string): { value: string | false; params: Record<string, string> }
  const libmime: { parseHeaderValue: typeof parseHeaderValue }
  export default libmime
}
