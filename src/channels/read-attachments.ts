import type { ChannelContext } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { formatSize } from '../domain/units.js'
import { cleanLine } from './clean-text.js'

export interface AttachedFile {
  filename: string
  contentType: string
  content: Buffer
}

/** Many servers take 25 MB; base64 makes a third more of it, and the mail around it wants room too. */
const attachedBytesMax = 15_000_000

/** The files to send along, and notes on those left out because they are too large. */
export async function readAttachments(
  attach: 'original' | 'attachments' | 'none',
  message: Message,
  context: Pick<ChannelContext, 'loadMail' | 'loadRaw'>,
): Promise<{ files: AttachedFile[]; notes: string[] }> {
  // What a job raised has no mail behind it.
  if (attach === 'none' || message.mailId === null) return { files: [], notes: [] }
  if (attach === 'attachments' && message.attachments.length === 0) return { files: [], notes: [] }
  if (attach === 'original') {
    const content = asBuffer(await context.loadRaw())
    return keepSmall([{ filename: 'original.eml', contentType: 'message/rfc822', content }])
  }
  const { attachments } = await context.loadMail()
  return keepSmall(
    attachments.map(({ filename, contentType, content }) => ({
      // Half a character is none, and no name may lead out of a folder.
      filename:
        cleanLine(filename)
          .replace(/\p{Surrogate}/gu, '')
          .replace(/[/\\]/g, '_') || 'unnamed',
      contentType: /^(?!multipart\/)[\w.+-]+\/[\w.+-]+$/i.test(contentType) ? contentType : 'application/octet-stream',
      content: asBuffer(content),
    })),
  )
}

function keepSmall(files: AttachedFile[]): { files: AttachedFile[]; notes: string[] } {
  const kept: AttachedFile[] = []
  const notes: string[] = []
  let total = 0
  for (const file of files) {
    if (total + file.content.length > attachedBytesMax) {
      notes.push(`${file.filename} (${formatSize(file.content.length)}) is too large to send along`)
    } else {
      kept.push(file)
      total += file.content.length
    }
  }
  return { files: kept, notes }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
