import { createHash } from 'node:crypto'

const keyLengthMax = 300
const separator = ' · '

/** One part, as keys have it: on one line, without space around it. */
export function tidyKeyPart(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/**
 * One readable text for the parts, at most 300 characters. Where cutting or a separator within a part would make two
 * keys look the same, a hash of the parts stands at the end.
 */
export function joinKey(parts: string[]): string {
  const readable = parts.join(separator)
  const isUnambiguous = parts.length === 1 || !parts.some((part) => part.includes('·'))
  if (isUnambiguous && readable.length <= keyLengthMax) return readable
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
  // A cut in the middle of a surrogate pair would leave half a character.
  const start = readable.slice(0, keyLengthMax - digest.length - 1).replace(/[\uD800-\uDBFF]$/, '')
  return `${start} ${digest}`
}
