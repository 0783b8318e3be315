/** What is wrong with the line ends of a mail; either would let another mail server see two mails where we see one. */
export type LineFault = 'bare_cr' | 'dot_between_bare_line_ends'

export interface Decoded {
  /** What the piece adds to the mail, without the dots that only protect lines. */
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
 */
export class DataDecoder {
  #state: State = 'line start'
  #fault: LineFault | null = null

  /** The first fault so far; the mail is still read to its real end. */
  get fault(): LineFault | null {
    return this.#fault
  }

  decode(piece: Buffer): Decoded {
    const parts: Buffer[] = []
    // What of the piece is not yet in `parts` begins here; a dot that is held back is never before it.
    let from = 0
    // What an earlier piece ended in, while it is not decided whether it belongs to the mail.
    let carried = heldIn(this.#state)
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] ?? 0
      if (this.#state === 'text' && byte !== cr && byte !== lf) continue
      const before = this.#state
      this.#state = this.#next(before, byte)
      if (before === 'dot cr' && byte === lf) return { content: join(parts), end: i + 1 }
      if (this.#state === 'dot' || this.#state === 'bare dot') {
        parts.push(piece.subarray(from, i))
        from = i
      } else if (heldIn(before) !== '' && heldIn(this.#state) === '') {
        const isProtection = byte === dot && heldIn(before) === '.'
        if (carried === '') from = isProtection ? i : from
        else if (!isProtection) parts.push(Buffer.from(carried))
        carried = ''
      }
    }
    if (heldIn(this.#state) === '') parts.push(piece.subarray(from))
    return { content: join(parts), end: -1 }
  }

  #next(state: State, byte: number): State {
    if (byte === lf) {
      if (state === 'cr') return 'line start'
      if (state === 'dot' || state === 'bare dot' || state === 'bare dot cr') {
        this.#fault ??= 'dot_between_bare_line_ends'
        return state === 'bare dot cr' ? 'line start' : 'bare line start'
      }
      return 'bare line start'
    }
    if (state === 'cr' || state === 'dot cr' || state === 'bare dot cr') this.#fault ??= 'bare_cr'
    if (byte === cr) {
      if (state === 'dot') return 'dot cr'
      return state === 'bare dot' ? 'bare dot cr' : 'cr'
    }
    if (byte === dot && state === 'line start') return 'dot'
    if (byte === dot && state === 'bare line start') return 'bare dot'
    return 'text'
  }
}

function heldIn(state: State): '' | '.' | '.\r' {
  if (state === 'dot' || state === 'bare dot') return '.'
  return state === 'dot cr' || state === 'bare dot cr' ? '.\r' : ''
}

function join(parts: Buffer[]): Buffer {
  return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts)
}
