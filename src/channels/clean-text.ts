/**
 * Makes mail text fit to show: well-formed Unicode, `\n` line ends, no control characters, no trailing spaces, and at
 * most one blank line in a row. Direction overrides go, because a mail must not turn around the text we put after it.
 * Linear in the length of the text, whatever is in it.
 */
export function cleanText(text: string): string {
  const lines: string[] = []
  for (const line of text
    .replace(/\r\n?|\u2028|\u2029/g, '\n')
    .replace(unwanted, replaceUnwanted)
    .split('\n')) {
    const isBlank = !isVisible(line)
    if (isBlank && (lines.length === 0 || lines.at(-1) === '')) continue
    lines.push(isBlank ? '' : line.trimEnd())
  }
  if (lines.at(-1) === '') lines.pop()
  return lines.join('\n')
}

/** The same on one line, for titles, names and log lines. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, ' ').trim()
}

/** False when nothing of the text would be seen. Vendors refuse such a text as empty. */
export function isVisible(text: string): boolean {
  // Almost every line has a letter of ASCII, and looking for one costs a tenth of the full question.
  return /[!-~]/.test(text) || /[^\s\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u.test(text)
}

/** Half surrogate pairs become U+FFFD: they cannot be encoded, and `encodeURIComponent` throws on them. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}

/** Control characters but tab and newline, lone surrogates, and the overrides LRO and RLO. */
const unwanted = /[^\P{Cc}\n\t]|[\u202d\u202e\p{Surrogate}]/gu

function replaceUnwanted(character: string): string {
  return character >= '\ud800' && character <= '\udfff' ? '\ufffd' : ''
}
