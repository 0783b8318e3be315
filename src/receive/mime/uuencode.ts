export interface UuFile {
  filename: string
  content: Buffer
}

const filesMax = 100
const beginLine = /^begin [0-7]{3,4} (\S.*)$/gm

/**
 * Takes the files out of a text that stand in it uuencoded, as mail programs sent them before MIME and `uuencode | mail`
 * in scripts still does. What only begins like one is left where it is. Linear.
 */
export function extractUuFiles(text: string): { text: string; files: UuFile[] } {
  const files: UuFile[] = []
  let rest = ''
  let kept = 0
  /** Where a line was no uuencoded one: no block that begins before it can end behind it. */
  let broken = 0
  for (const match of text.matchAll(beginLine)) {
    if (match.index < Math.max(kept, broken) || files.length >= filesMax) continue
    const block = readUuLines(text, match.index + match[0].length + 1)
    if (!block.isEnded) {
      broken = block.end
      continue
    }
    files.push({ filename: (match[1] ?? '').trim(), content: block.content })
    rest += text.slice(kept, match.index)
    kept = block.end
  }
  return { text: rest + text.slice(kept), files }
}

/** The bytes of a part that is uuencoded as a whole, or null when it is not. Its last line may be missing. */
export function decodeUuencoded(text: string): Buffer | null {
  const begin = /^begin [0-7]{3,4} \S.*$/m.exec(text)
  if (begin === null) return null
  const { content, end, isEnded } = readUuLines(text, begin.index + begin[0].length + 1)
  return isEnded || end >= text.length ? content : null
}

/** Up to the line `end`, and after it; or up to the first line that is none, and to it. */
function readUuLines(text: string, from: number): { content: Buffer; end: number; isEnded: boolean } {
  const decoded: Buffer[] = []
  let at = from
  while (at < text.length) {
    const lineFeed = text.indexOf('\n', at)
    const next = lineFeed < 0 ? text.length : lineFeed + 1
    const line = text.slice(at, next).replace(/[\r\n]{1,9}$/, '')
    if (line === 'end') return { content: Buffer.concat(decoded), end: next, isEnded: true }
    const bytes = line === '' ? emptyLine : decodeUuLine(line)
    if (bytes === null) break
    decoded.push(bytes)
    at = next
  }
  return { content: Buffer.concat(decoded), end: at, isEnded: false }
}

const emptyLine = Buffer.alloc(0)

/** The first character says how many bytes follow; blanks at the end of a line may have been cut on the way. */
function decodeUuLine(line: string): Buffer | null {
  const count = sixBits(line, 0)
  const needed = Math.ceil(count / 3) * 4
  if (line.length > needed + 3 || /[^ -`]/.test(line)) return null
  const bytes = Buffer.alloc(Math.ceil(count / 3) * 3)
  for (let group = 0, at = 1; group < bytes.length; group += 3, at += 4) {
    const high = (sixBits(line, at) << 18) | (sixBits(line, at + 1) << 12)
    bytes.writeUIntBE(high | (sixBits(line, at + 2) << 6) | sixBits(line, at + 3), group, 3)
  }
  return bytes.subarray(0, count)
}

function sixBits(line: string, at: number): number {
  return at < line.length ? (line.charCodeAt(at) - 0x20) & 0x3f : 0
}
