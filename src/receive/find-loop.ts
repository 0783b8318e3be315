import { MailRejected } from '../domain/errors.js'
import { explainLoop, hopHeader, readHops } from '../domain/mail-loop.js'
import { countHops } from './mime/headers.js'

/** What tells this gateway that a mail goes round. */
export interface LoopBounds {
  /** The own id, as mails that left here carry it. */
  instance: string
  /** Received lines of a mail (RFC 5321 6.3). */
  hopsMax: number
}

/**
 * Why a mail goes round in a loop, or null. Only its header is looked at, so that a bounce, which has the mail it is
 * about in its body, is none. Cheap enough to ask before a mail is stored.
 */
export function findLoop(raw: Uint8Array, { instance, hopsMax }: LoopBounds): MailRejected | null {
  const reason = countHops(raw) > hopsMax ? `more than ${hopsMax} hops` : explainLoop(readHops(hopLines(raw)), instance)
  return reason === null ? null : new MailRejected(554, 'loop', `5.4.6 ${reason}`)
}

/** The MIME parser gives up on a header at the same size. */
const headBytesMax = 1024 * 1024

/** A server on the way may have folded the line behind its name. */
const hopLine = new RegExp(`^${hopHeader}[ \\t]{0,200}:[ \\t]{0,200}(?:\\r?\\n[ \\t]{1,200})?([^\\r\\n]{0,200})`, 'gim')

function hopLines(raw: Uint8Array): string[] {
  const start = Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.byteLength, headBytesMax))
  const ends = ['\n\r\n', '\n\n'].map((end) => start.indexOf(end)).filter((end) => end >= 0)
  const head = start.toString('latin1', 0, Math.min(start.length, ...ends))
  return Array.from(head.matchAll(hopLine), ([, value = '']) => value)
}
