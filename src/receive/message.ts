import type { SMTPServerDataStream } from 'smtp-server'
import { MailRejected } from '../domain/errors.js'
import { diskFull, KeptMail, type MailRoom } from './kept-mail.js'

export type Received =
  /** The final dot came. The caller discards the mail when it is saved, or is not. */
  | { kind: 'whole'; mail: KeptMail }
  /** The final dot came, and the mail is refused. */
  | { kind: 'refused'; rejection: MailRejected }
  /** No final dot in sight: the client is far beyond the limit and must be cut. */
  | { kind: 'overrun'; rejection: MailRejected }
  /** The client vanished before the final dot; nothing was received. */
  | { kind: 'gone' }

export interface ReceiveBounds {
  sizeBytesMax: number
  overrunBytesMax: number
  room: MailRoom
  /** The spool failed with this; the client hears 452 or 451. */
  onSpoolFailure: (error: unknown) => void
}

/**
 * Reads DATA to its final dot, dot-unstuffed and otherwise untouched. Only the stream's `end` counts as received: a
 * client that vanishes gives `close` alone. What is refused is read on without being kept, so that the reply comes at
 * the place where the client expects it. While the spool writes, the client is not read: it feels the disk's pace.
 */
export function receiveMessage(stream: SMTPServerDataStream, bounds: ReceiveBounds): Promise<Received> {
  return new Promise((resolve) => {
    const { sizeBytesMax } = bounds
    const mail = new KeptMail(bounds.room)
    let seenBytes = 0
    let rejection: MailRejected | null = null
    /** What the spool is writing. */
    let writing: Promise<void> | null = null
    let isSettled = false

    const refuse = (reason: MailRejected): void => {
      rejection = reason
      mail.discard()
    }
    const settle = (received: Received): void => {
      isSettled = true
      stream.removeListener('data', onPiece)
      stream.removeListener('end', onEnd)
      stream.removeListener('close', onGone)
      if (received.kind !== 'whole') mail.discard()
      resolve(received)
    }
    const goOn = (): void => {
      writing = null
      if (!isSettled) stream.resume()
    }
    const keep = (piece: Buffer): void => {
      const keeping = mail.add(piece)
      if (keeping === null) return
      stream.pause()
      writing = keeping
        .catch((error: unknown) => {
          if (rejection === null && !isSettled) refuse(explainFailure(error, bounds.onSpoolFailure))
        })
        .finally(goOn)
    }
    const onPiece = (piece: Buffer): void => {
      seenBytes += piece.length
      if (seenBytes > sizeBytesMax && rejection?.smtpCode !== 552) refuse(tooLarge(sizeBytesMax))
      else if (rejection === null) keep(piece)
      if (rejection !== null && seenBytes > sizeBytesMax + bounds.overrunBytesMax) {
        stream.pause()
        settle({ kind: 'overrun', rejection })
      }
    }
    const settleWhole = (): void =>
      settle(rejection === null ? { kind: 'whole', mail } : { kind: 'refused', rejection })
    const onEnd = (): void => {
      // The last piece may still be on its way to the spool, as a stream that is paused ends all the same.
      stream.removeListener('close', onGone)
      if (writing === null) settleWhole()
      else void writing.then(settleWhole)
    }
    const onGone = (): void => settle({ kind: 'gone' })

    stream.on('data', onPiece)
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

/** What a failed read or write of the spool means for the client: it keeps the mail in any case. */
export function explainFailure(error: unknown, onFailure: (error: unknown) => void): MailRejected {
  if (error instanceof MailRejected) return error
  onFailure(error)
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull()
  return new MailRejected(451, 'not_stored', '4.3.0 cannot store the mail now, try again later')
}
