/** A trace shows at most this many characters of what the mail has. */
const seenLengthMax = 200
/** How much of the text before a hit is shown. */
const leadLength = 40

/** The part of a text a person wants to see: around the hit, else the beginning. One line, every character visible. */
export function excerpt(text: string, hitStart = 0): string {
  const start = text.length <= seenLengthMax || hitStart <= leadLength ? 0 : hitStart - leadLength
  const head = start > 0 ? '…' : ''
  const room = seenLengthMax - head.length
  const cut = text.length - start > room
  const part = cut ? text.slice(start, start + room - 1) : text.slice(start)
  return `${head}${showInvisible(part)}${cut ? '…' : ''}`
}

/** Several values on one line; null when there are none. */
export function excerptList(values: string[]): string | null {
  if (values.length === 0) return null
  let text = ''
  for (const value of values) {
    text += text === '' ? value : `, ${value}`
    if (text.length > seenLengthMax) break
  }
  return excerpt(text)
}

/** What a rule asks for, read aloud: `"a" or "b"`. */
export function describeChoices(choices: string[]): string {
  const shown = choices.slice(0, 5)
  const rest = choices.length - shown.length
  const list = shown.join(' or ') + (rest > 0 ? ` or ${rest} more` : '')
  return list.length <= 500 ? list : `${list.slice(0, 499)}…`
}

/**
 * Blanks become spaces; other control characters their pictures (U+2400 block); what would be invisible, reorder the
 * line or be half a character becomes U+FFFD. Never changes the length.
 */
function showInvisible(text: string): string {
  // Most texts are plain, and a trace has hundreds of them: the Unicode classes below cost ten times this test.
  if (!/[^\x20-\x7e]/.test(text)) return text
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (/\s/.test(character) && code !== 0xfeff) return ' '
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    if (code === 0x7f) return '\u2421'
    return '\ufffd'.repeat(character.length)
  })
}
