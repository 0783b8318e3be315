export interface UuFile {
  filename: string
  content: Buffer
}

const filesMax = 100

/**
 * Takes the files out of a text that stand in it uuencoded, as mail programs sent them before MIME and `uuencode | mail`
 * in scripts still does. A block without an end is left where it is. Linear.
 */
export function extractUuFiles(text: string): { text: string; files: UuFile[] } {
  const files: UuFile[] = []
  if (!/^begin [0-7]{3,4} \S/m.test(text)) return { text, files }
  let rest = ''
  let kept = 0
  for (const match of text.matchAll(/^begin [0-7]{3,4} (\S.*)$/gm)) {
    if (match.index < kept || files.length >= filesMax) continue
    const end = findEnd(text, match.index)
    if (end === null) break
    const content = decodeUuLines(text.slice(match.index, end))
    if (content === null) continue
    files.push({ filename: (match[1] ?? '').trim(), content })
    rest += text.slice(kept, match.index)
    kept = end
  }
  return { text: rest + text.slice(kept), files }
}

/** After the line `end`, and its line end. */
function findEnd(text: string, from: number): number | null {
  const found = text.indexOf('\nend', from)
  if (found < 0) return null
  const after = found + 4
  if (after === text.length) return after
  const lineEnd = /^\r?\n/.exec(text.slice(after, after + 2))
  return lineEnd ? after + lineEnd[0].length : null
}

/**
 * The bytes of uuencoded lines, with or without `begin` and `end`; null when a line in between cannot be one, so that
 * prose that begins with the word is left alone.
 */
export function decodeUuLines(text: string): Buffer | null {
  const decoded: Buffer[] = []
  for (const line of text.split(/\r*\n/)) {
    if (/^begin [0-7]{3,4} /.test(line) || line.trim() === '') continue
    if (line === 'end') break
    const bytes = decodeUuLine(line)
    if (bytes === null) return null
    decoded.push(bytes)
  }
  return Buffer.concat(decoded)
}

/** The first character says how many bytes follow; blanks at the end of a line may have been cut on the way. */
function decodeUuLine(line: string): Buffer | null {
  const count = sixBits(line, 0)
  const needed = Math.ceil(count / 3) * 4
  if (line.length > needed + 3 || /[^ -`]/.test(line)) return null
  const bytes = Buffer.alloc(Math.ceil(count / 3) * 3)
  for (let group = 0, at = 1; group < bytes.length; group += 3, at += 4) {
    const bits =
      (sixBits(line, at) << 18) | (sixBits(line, at + 1) << 12) | (sixBits(line, at + 2) << 6) | sixBits(line, at + 3)
    bytes.writeUIntBE(bits, group, 3)
  }
  return bytes.subarray(0, count)
}

function sixBits(line: string, at: number): number {
  return at < line.length ? (line.charCodeAt(at) - 0x20) & 0x3f : 0
}
