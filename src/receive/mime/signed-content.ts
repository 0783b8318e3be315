/** 1.2.840.113549.1.7.2, RFC 5652 5.1. */
const signedData = Buffer.from('2a864886f70d010702', 'hex')
const depthMax = 20
const childrenMax = 10_000

interface Element {
  tag: number
  /** Of the content. */
  start: number
  end: number
  /** Where the next element begins. */
  next: number
}

/**
 * What was signed, out of an S/MIME mail whose content lies inside its signature (`smime.p7m`, RFC 8551 3.5.2); null
 * when the bytes are anything else, an encrypted mail for one. The signature itself is not checked: nothing here may
 * be taken as proof of who sent it.
 */
export function readSignedContent(bytes: Buffer): Buffer | null {
  const info = readElement(bytes, 0, bytes.length, 0)
  const [type, wrapped] = info ? childrenOf(bytes, info) : []
  if (!type || !wrapped || !bytes.subarray(type.start, type.end).equals(signedData)) return null
  const [signed] = childrenOf(bytes, wrapped)
  const [, , encapsulated] = signed ? childrenOf(bytes, signed) : []
  const [, holder] = encapsulated ? childrenOf(bytes, encapsulated) : []
  const [octets] = holder ? childrenOf(bytes, holder) : []
  if (!octets || (octets.tag & 0x1f) !== 0x04) return null
  return octets.tag === 0x04
    ? bytes.subarray(octets.start, octets.end)
    : Buffer.concat(childrenOf(bytes, octets).map(({ start, end }) => bytes.subarray(start, end)))
}

/** One element of BER (X.690 8.1), also one whose length is told by its end; null when it does not fit. */
function readElement(bytes: Buffer, at: number, limit: number, depth: number): Element | null {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || at + 2 > limit || depth > depthMax) return null
  if (first === 0x80) return readUntilEnd(bytes, tag, at + 2, limit, depth)
  const sizeLength = first < 0x80 ? 0 : first & 0x7f
  const start = at + 2 + sizeLength
  if (sizeLength > 4 || start > limit) return null
  const length = sizeLength === 0 ? first : bytes.readUIntBE(at + 2, sizeLength)
  const end = start + length
  return end <= limit ? { tag, start, end, next: end } : null
}

function readUntilEnd(bytes: Buffer, tag: number, start: number, limit: number, depth: number): Element | null {
  let at = start
  while (at + 2 <= limit) {
    if (bytes[at] === 0 && bytes[at + 1] === 0) return { tag, start, end: at, next: at + 2 }
    const child = readElement(bytes, at, limit, depth + 1)
    if (child === null) return null
    at = child.next
  }
  return null
}

function childrenOf(bytes: Buffer, parent: Element): Element[] {
  const children: Element[] = []
  for (let at = parent.start; at < parent.end && children.length < childrenMax; ) {
    const child = readElement(bytes, at, parent.end, 0)
    if (child === null) break
    children.push(child)
    at = child.next
  }
  return children
}
