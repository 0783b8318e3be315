import type { SMTPServerDataStream } from 'smtp-server'
import { MailRejected } from '../domain/errors.js'

/** Bytes of mails that exist in memory because of SMTP. What is taken MUST be given back. */
export class ByteBudget {
  #used = 0
  readonly #bytesMax: number

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get used(): number {
    return this.#used
  }

  isFull(): boolean {
    return this.#used >= this.#bytesMax
  }

  take(bytes: number): boolean {
    if (this.#used + bytes > this.#bytesMax) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}

export type Received =
  /** The final dot came. The caller gives the bytes back to the budget when the mail is saved. */
  | { kind: 'whole'; bytes: Uint8Array }
  /** The final dot came, and the mail is refused. */
  | { kind: 'refused'; rejection: MailRejected }
  /** No final dot in sight: the client is far beyond the limit and must be cut. */
  | { kind: 'overrun'; rejection: MailRejected }
  /** The client vanished before the final dot; nothing was received. */
  | { kind: 'gone' }

export interface ReceiveBounds {
  sizeBytesMax: number
  overrunBytesMax: number
  budget: ByteBudget
}

/**
 * Reads DATA to its final dot, dot-unstuffed and otherwise untouched. Only the stream's `end` counts as received: a
 * client that vanishes gives `close` alone. What is refused is read on without being kept, so that the reply comes at
 * the place where the client expects it.
 */
export function receiveMessage(stream: SMTPServerDataStream, bounds: ReceiveBounds): Promise<Received> {
  return new Promise((resolve) => {
    const { budget, sizeBytesMax } = bounds
    let chunks: Buffer[] = []
    let seenBytes = 0
    let keptBytes = 0
    let rejection: MailRejected | null = null

    const refuse = (reason: MailRejected): void => {
      rejection = reason
      chunks = []
      budget.give(keptBytes)
      keptBytes = 0
    }
    const settle = (received: Received): void => {
      stream.removeListener('data', onChunk)
      stream.removeListener('end', onEnd)
      stream.removeListener('close', onGone)
      if (received.kind !== 'whole') budget.give(keptBytes)
      keptBytes = 0
      resolve(received)
    }
    const onChunk = (chunk: Buffer): void => {
      seenBytes += chunk.length
      if (seenBytes > sizeBytesMax && rejection?.smtpCode !== 552) refuse(tooLarge(sizeBytesMax))
      else if (rejection === null && !budget.take(chunk.length)) refuse(noRoom())
      else if (rejection === null) {
        chunks.push(chunk)
        keptBytes += chunk.length
      }
      if (rejection !== null && seenBytes > sizeBytesMax + bounds.overrunBytesMax) {
        stream.pause()
        settle({ kind: 'overrun', rejection })
      }
    }
    const onEnd = (): void =>
      settle(rejection === null ? { kind: 'whole', bytes: join(chunks, keptBytes) } : { kind: 'refused', rejection })
    const onGone = (): void => settle({ kind: 'gone' })

    stream.on('data', onChunk)
    stream.once('end', onEnd)
    stream.once('close', onGone)
    // The stream is destroyed with an error when the client vanishes; `close` follows and says all we need.
    stream.on('error', () => undefined)
  })
}

export function tooLarge(sizeBytesMax: number): MailRejected {
  return new MailRejected(552, 'too_large', `5.3.4 the mail is larger than ${sizeBytesMax} bytes`)
}

export function noRoom(): MailRejected {
  return new MailRejected(452, 'no_memory', '4.3.1 too many mails are being received, try again later')
}

/** A buffer of its own, not a slice of Node's shared pool, so that handing it to a thread never drags the pool along. */
function join(chunks: Buffer[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}
