import type { ChannelContext } from '../domain/channel.js'
import { hopHeader, readHops } from '../domain/mail-loop.js'
import type { Message } from '../domain/message.js'

/** How a mail that is made of a message has to travel, so that it can never go round without end. */
export interface OnwardMail {
  /** The gateways it passed, for its trace. */
  gateways: string[]
  /** It is made of a bounce or an automatic answer, so nothing may answer it: its return path is the null sender. */
  isBackscatter: boolean
}

/** Of a bounce, as much is searched for the header of the mail it is about; what stands before that is for people. */
const searchedBytesMax = 1_000_000

/**
 * Null for what must not be mailed at all: a bounce of a mail that was itself made of one. A mail made of a bounce has
 * the null sender, so that no server that keeps to RFC 5321 (4.5.5) sends a second one. Some answer to the From header
 * all the same, and then the trace of the mail that came back, which is in the body, tells that it is the second round.
 */
export async function planOnward(
  message: Message,
  context: Pick<ChannelContext, 'instance' | 'loadRaw'>,
): Promise<OnwardMail | null> {
  const { origin, mailId } = message
  if (!origin?.isBackscatter) return { gateways: origin?.gateways ?? [], isBackscatter: false }
  if (mailId === null) return { gateways: origin.gateways, isBackscatter: true }
  const returned = findReturnedHops(await context.loadRaw())
  if (returned.filter((gateway) => gateway === context.instance).length > 1) return null
  return { gateways: [...origin.gateways, ...returned], isBackscatter: true }
}

/** Old mail systems quote the header of the mail with a `>`, and servers on the way fold it. */
const returnedLine = new RegExp(
  `^[> \\t]{0,20}${hopHeader}[ \\t]{0,20}:[ \\t]{0,20}(?:\\r?\\n[ \\t]{1,20})?([^\\r\\n]{0,200})`,
  'gim',
)

function findReturnedHops(raw: Uint8Array): string[] {
  const text = Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.byteLength, searchedBytesMax)).toString('latin1')
  const bodyAt = text.search(/\n\r?\n/)
  const lines = Array.from(text.slice(Math.max(0, bodyAt)).matchAll(returnedLine), ([, value = '']) => value)
  return readHops(lines).map(({ instance }) => instance)
}
