import { finished } from 'node:stream'
import { type MimeNode, Splitter } from '@zone-eu/mailsplit'
import { mendBoundaryLines, mendLineEnds } from './boundary-lines.js'
import { type HeaderField, readFields } from './headers.js'
import { mimeLimits, type Overrun, valueLimits } from './mime-limits.js'
import { boundaryOf, describePart, type MimePart } from './mime-part.js'

/** What is counted over one mail and everything that is read within it. */
export interface MimeReading {
  parts: number
  overruns: Overrun[]
}

/** What the splitter says of a mail, piece by piece: a part begins, or some more bytes of one. */
type Piece = MimeNode | { type: 'body' | 'data'; node: MimeNode; value?: Buffer }

/**
 * Finds the parts of a mail (RFC 2046 5.1) below its own header. An attached mail stays whole: its parts are not parts
 * of this mail. Never rejects for what is in the mail; what goes beyond a limit is said in `reading`, and everything
 * up to there is in the tree.
 */
export async function readMimeTree(fields: HeaderField[], body: Buffer, reading: MimeReading): Promise<MimePart> {
  const root = await splitMail(describePart(fields, 'text/plain'), body, reading)
  for (let repairs = 0; repairs < valueLimits.boundaryRepairs; repairs++) {
    const swallowed = findSwallowed(root, [])
    if (swallowed === null) break
    const { holder, leaf, at } = swallowed
    const again = await splitMail({ ...holder, parts: [] }, leaf.content.subarray(at), reading)
    leaf.content = leaf.content.subarray(0, endOfText(leaf.content, at))
    holder.parts.push(...again.parts)
  }
  return root
}

/** The root with its parts in it. Its header is written anew for the splitter, which only has to find the boundary. */
function splitMail(root: MimePart, body: Buffer, reading: MimeReading): Promise<MimePart> {
  const boundary = boundaryOf(root)
  const isDelimited = boundary !== null && findLine(body, boundary) >= 0
  if (!isDelimited) return Promise.resolve({ ...root, content: body })
  const tree = new TreeBuilder({ ...root, isDelimited })
  return new Promise((resolve, reject) => {
    const splitter = new Splitter({
      ignoreEmbedded: true,
      maxHeadSize: valueLimits.headerScanBytes,
      maxChildNodes: Math.max(1, mimeLimits.parts - reading.parts),
    })
    splitter.on('data', (piece: Piece) => {
      if (piece.type === 'node') tree.open(piece)
      else tree.append(piece.node, piece.value)
    })
    finished(splitter, (error: NodeJS.ErrnoException | null | undefined) => {
      // The parts up to the limit are there, and worth more than an error.
      if (error?.code === 'EMAXLEN') reading.overruns.push({ limit: 'parts', found: mimeLimits.parts + 1 })
      else if (error) return reject(error)
      resolve(tree.finish(reading))
    })
    const header = `Content-Type: multipart/mixed; boundary="${boundary.replace(/["\\]/g, '\\$&')}"\r\n\r\n`
    splitter.end(Buffer.concat([Buffer.from(header), mendBoundaryLines(mendLineEnds(body), boundary)]))
  })
}

/** Makes parts of the splitter's nodes, and gathers their bytes. */
class TreeBuilder {
  readonly #root: MimePart
  readonly #parts = new Map<MimeNode, { part: MimePart; depth: number; pieces: Buffer[] }>()
  #deepest = 1

  constructor(root: MimePart) {
    this.#root = root
  }

  /** Beyond the depth that a mail may have, parts go into the last multipart that may have some. */
  open(node: MimeNode): void {
    if (node.parentNode === false) {
      this.#parts.set(node, { part: this.#root, depth: 1, pieces: [] })
      return
    }
    const parent = this.#parts.get(node.parentNode)
    if (!parent) return
    const { fields } = readFields(node.getHeaders())
    const part = describePart(fields, parent.part.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain')
    const depth = boundaryOf(part) === null ? parent.depth : parent.depth + 1
    this.#deepest = Math.max(this.#deepest, depth)
    parent.part.parts.push(part)
    parent.part.isDelimited = true
    const isBeyond = depth > mimeLimits.depth
    this.#parts.set(node, { part: isBeyond ? parent.part : part, depth, pieces: [] })
  }

  append(node: MimeNode, value: Buffer | undefined): void {
    if (value) this.#parts.get(node)?.pieces.push(value)
  }

  finish(reading: MimeReading): MimePart {
    for (const { part, pieces } of this.#parts.values()) {
      if (part.parts.length === 0) part.content = Buffer.concat(pieces)
    }
    reading.parts += this.#parts.size
    if (this.#deepest > mimeLimits.depth) reading.overruns.push({ limit: 'depth', found: this.#deepest })
    return this.#root
  }
}

/** Of the multiparts around a part: each costs a search of all its bytes. */
const levelsSearched = 10

/**
 * A multipart that is never closed swallows the parts of those around it: the splitter knows the innermost boundary
 * only. The first such place: whose parts begin there, and at which byte of which leaf.
 */
function findSwallowed(part: MimePart, around: MimePart[]): { holder: MimePart; leaf: MimePart; at: number } | null {
  if (part.parts.length > 0) {
    const outer = [...around, part]
    return part.parts.map((child) => findSwallowed(child, outer)).find((found) => found !== null) ?? null
  }
  // A multipart that names no boundary is text to the splitter, and runs on over that of its parent.
  const others = part.type.startsWith('multipart/') ? around : around.slice(0, -1)
  for (const holder of others.slice(-levelsSearched).toReversed()) {
    const boundary = boundaryOf(holder)
    const at = boundary === null ? -1 : findLine(part.content, boundary)
    if (at >= 0) return { holder, leaf: part, at }
  }
  return null
}

/** The first line that is this boundary, closing or not, or -1. Another boundary may begin with it. */
function findLine(content: Buffer, boundary: string): number {
  const line = Buffer.from(`--${boundary}`)
  for (let at = content.indexOf(line); at >= 0; at = content.indexOf(line, at + 1)) {
    const after = content.toString('latin1', at + line.length, at + line.length + 3)
    if ((at === 0 || content[at - 1] === 0x0a) && /^(?:--)?(?:\s|$)/.test(after)) return at
  }
  return -1
}

/** Where the line ends before the one at `at`: its line end belongs to the boundary. */
function endOfText(content: Buffer, at: number): number {
  return Math.max(0, content[at - 2] === 0x0d ? at - 2 : at - 1)
}
