/** What is wrong with the line ends of a mail; either would let another mail server see two mails where we see one. */
export type LineFault = 'bare_cr' | 'dot_between_bare_line_ends'

export interface Decoded {
  /** What the piece adds to the mail, without the dots that only protect lines; mostly a view of the piece. */
  content: Buffer
  /** Where in the piece the mail was over, just after its final CR LF dot CR LF; -1 while it goes on. */
  end: number
}

const dot = 0x2e
const cr = 0x0d
const lf = 0x0a

type State =
  /** After CR LF, or before the first byte. */
  | 'line start'
  | 'text'
  | 'cr'
  /** After a line feed that no carriage return came before. */
  | 'bare line start'
  /** A dot opened the line. It is held back: whether it belongs to the mail shows with what follows. */
  | 'dot'
  | 'dot cr'
  | 'bare dot'
  | 'bare dot cr'

/**
 * Reads the bytes after DATA as RFC 5321 4.5.2 and 4.1.1.4 have it: only CR LF dot CR LF ends a mail, and a doubled dot
 * at the start of a line is one. It is strict where servers have disagreed about that end (SMTP smuggling,
 * CVE-2023-51764 and its kin), and only there: a CR without LF, and a lone dot between line ends of which one is bare,
 * are faults that have to refuse the whole mail. Bare line feeds elsewhere are taken as they are, since many scripts
 * send them. How the bytes are cut into pieces makes no difference.
 *
 * It is on the way of every byte that is received, so it copies nothing but what stands behind a dot that goes.
 */
export class DataDecoder {
  #state: State = 'line start'
  #fault: LineFault | null = null

  /** The first fault so far; the mail is still read to its real end. */
  get fault(): LineFault | null {
    return this.#fault
  }

  /** Content is moved together within the piece, which is the decoder's from here on up to `end`. */
  decode(piece: Buffer): Decoded {
    let state = this.#state
    // Where the dot lies that is held back; before the piece, what was held back is in `carried`.
    let heldAt = -1
    const carried = heldIn(state)
    let isCarriedContent = false
    // The content so far is before `to`, and what follows it from `from` on.
    let to = 0
    let from = 0
    const moveUpTo = (end: number): void => {
      if (to !== from) piece.copyWithin(to, from, end)
      to += end - from
    }
    const contentUpTo = (end: number): Buffer => {
      moveUpTo(end)
      const content = piece.subarray(0, to)
      return isCarriedContent ? Buffer.concat([Buffer.from(carried), content]) : content
    }
    for (let i = 0; i < piece.length; i++) {
      if (state === 'text') i = skipText(piece, i)
      const byte = piece[i]
      if (byte === undefined) break
      const before = state
      this.#fault ??= faultBetween(before, byte)
      state = nextState(before, byte)
      if (before === 'dot cr' && byte === lf) return { content: contentUpTo(Math.max(heldAt, 0)), end: i + 1 }
      if (state === 'dot' || state === 'bare dot') heldAt = i
      else if (heldIn(before) !== '' && heldIn(state) === '') {
        const isProtection = byte === dot && heldIn(before) === '.'
        if (heldAt < 0) isCarriedContent = !isProtection
        else if (isProtection) {
          moveUpTo(heldAt)
          from = heldAt + 1
        }
      }
    }
    this.#state = state
    return { content: contentUpTo(heldIn(state) === '' ? piece.length : Math.max(heldAt, 0)), end: -1 }
  }
}

/** Where the line ends, or the piece does. */
function skipText(piece: Buffer, from: number): number {
  let at = from
  while (at < piece.length && piece[at] !== cr && piece[at] !== lf) at++
  return at
}

function nextState(state: State, byte: number): State {
  if (byte === lf) return state === 'cr' || state === 'bare dot cr' ? 'line start' : 'bare line start'
  if (byte === cr) {
    if (state === 'dot') return 'dot cr'
    return state === 'bare dot' ? 'bare dot cr' : 'cr'
  }
  if (byte === dot && state === 'line start') return 'dot'
  return byte === dot && state === 'bare line start' ? 'bare dot' : 'text'
}

function faultBetween(state: State, byte: number): LineFault | null {
  if (byte === lf) {
    const isLoneDot = state === 'dot' || state === 'bare dot' || state === 'bare dot cr'
    return isLoneDot ? 'dot_between_bare_line_ends' : null
  }
  return state === 'cr' || state === 'dot cr' || state === 'bare dot cr' ? 'bare_cr' : null
}

function heldIn(state: State): '' | '.' | '.\r' {
  if (state === 'dot' || state === 'bare dot') return '.'
  return state === 'dot cr' || state === 'bare dot cr' ? '.\r' : ''
}
