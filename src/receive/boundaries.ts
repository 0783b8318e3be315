const boundariesMax = 200

/**
 * Cuts the blanks that may stand after a boundary (RFC 2046 5.1.1, "transport-padding"): the MIME parser takes such a
 * line for text, and with it all parts of the mail. Gives the very same bytes when there is nothing to cut. Linear.
 */
export function trimBoundaryLines(raw: Buffer): Buffer {
  const padded = findPaddedLines(raw)
  if (padded.length === 0) return raw
  const boundaries = declaredBoundaries(raw)
  const kept: Buffer[] = []
  let from = 0
  for (const { start, trimmedEnd, end } of padded) {
    const line = raw.toString('latin1', start + 2, trimmedEnd)
    if (!boundaries.has(line) && !(line.endsWith('--') && boundaries.has(line.slice(0, -2)))) continue
    kept.push(raw.subarray(from, trimmedEnd))
    from = end
  }
  return from === 0 ? raw : Buffer.concat([...kept, raw.subarray(from)])
}

/** Lines `--…` with blanks before their line end. `end` is where the CR or LF stands. */
function findPaddedLines(raw: Buffer): { start: number; trimmedEnd: number; end: number }[] {
  const lines: { start: number; trimmedEnd: number; end: number }[] = []
  for (let found = raw.indexOf('\n--'); found >= 0; found = raw.indexOf('\n--', found + 1)) {
    const start = found + 1
    const lineFeed = raw.indexOf(0x0a, start)
    let end = lineFeed < 0 ? raw.length : lineFeed
    if (raw[end - 1] === 0x0d) end--
    let trimmedEnd = end
    while (trimmedEnd > start + 2 && (raw[trimmedEnd - 1] === 0x20 || raw[trimmedEnd - 1] === 0x09)) trimmedEnd--
    if (trimmedEnd < end && trimmedEnd > start + 2) lines.push({ start, trimmedEnd, end })
  }
  return lines
}

function declaredBoundaries(raw: Buffer): Set<string> {
  const boundaries = new Set<string>()
  const declared = /boundary\s{0,10}=\s{0,10}(?:"([^"\r\n]{1,200})"|([^\s";]{1,200}))/gi
  for (const [, quoted, plain] of raw.toString('latin1').matchAll(declared)) {
    boundaries.add((quoted ?? plain ?? '').trimEnd())
    if (boundaries.size >= boundariesMax) break
  }
  return boundaries
}
