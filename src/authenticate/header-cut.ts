/** A mail as its sender is checked: the body is empty where no signature makes it worth the reading. */
export interface HeaderCut {
  /** With the empty line behind it. */
  header: Uint8Array
  body: Uint8Array
  /** The header was longer than what is looked at. */
  isCut: boolean
}

/** As much header as parsing takes. */
const headerBytesMax = 256_000
/** mailauth joins folded lines in a time that grows with the square of their number. */
const headerLinesMax = 5_000

const signature = /^dkim-signature\s*:/im

/** Splits a mail into header and body. What it gives are views of the same bytes. */
export function cutHeader(raw: Uint8Array): HeaderCut {
  const head = Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.byteLength, headerBytesMax))
  const end = findHeaderEnd(head)
  const lastLineEnd = findLineEnd(end === null ? head : head.subarray(0, end), headerLinesMax)
  if (end !== null && lastLineEnd === null) {
    const header = raw.subarray(0, end)
    const isSigned = signature.test(head.subarray(0, end).toString('latin1'))
    return { header, body: isSigned ? raw.subarray(end) : raw.subarray(0, 0), isCut: false }
  }
  const isCut = lastLineEnd !== null || raw.byteLength > headerBytesMax
  const lineEnd = lastLineEnd ?? (isCut ? head.lastIndexOf(0x0a) + 1 : head.byteLength)
  return {
    header: Buffer.concat([head.subarray(0, lineEnd), Buffer.from('\r\n\r\n')]),
    body: raw.subarray(0, 0),
    isCut,
  }
}

/** Behind the first empty line, be it ended by CR LF or by LF alone. */
function findHeaderEnd(head: Buffer): number | null {
  const ends = ['\r\n\r\n', '\n\n', '\n\r\n'].flatMap((gap) => {
    const at = head.indexOf(gap, 0, 'latin1')
    return at === -1 ? [] : [at + gap.length]
  })
  return ends.length > 0 ? Math.min(...ends) : null
}

/** Behind so many lines, or null where there are no more than these. */
function findLineEnd(head: Buffer, lines: number): number | null {
  let end = 0
  for (let line = 0; line < lines; line++) {
    const at = head.indexOf(0x0a, end)
    if (at === -1) return null
    end = at + 1
  }
  return end
}
