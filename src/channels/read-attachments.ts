import type { ChannelContext } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { formatSize } from '../domain/units.js'
import { cleanLine } from './clean-text.js'
import { cutText } from './cut-text.js'

export interface AttachedFile {
  filename: string
  contentType: string
  content: Buffer
}

/** Many servers take 25 MB; base64 makes a third more of it, and the mail around it wants room too. */
const attachedBytesMax = 15_000_000
const filenameMax = 100
const lineBytesMax = 998

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
    return keepSmall([describeOriginal(asBuffer(await context.loadRaw()), message.title)])
  }
  const { attachments } = await context.loadMail()
  return keepSmall(
    attachments.map(({ filename, contentType, content }) => ({
      filename: cleanFilename(filename) || 'unnamed',
      contentType: /^(?!multipart\/)[\w.+-]+\/[\w.+-]+$/i.test(contentType) ? contentType : 'application/octet-stream',
      content: asBuffer(content),
    })),
  )
}

/**
 * A mail within a mail may not be encoded (RFC 2046 5.2.1), so it has to be one that every server passes on as it is.
 * Any other goes as a file of bytes, which mail programs open by its name.
 */
function describeOriginal(content: Buffer, title: string): AttachedFile {
  const name = cleanFilename(title)
  const contentType = isSendable(content) ? 'message/rfc822' : 'application/octet-stream'
  return { filename: `${name || 'original'}.eml`, contentType, content }
}

/** No line over 998 bytes (RFC 5321 4.5.3.1.6), no NUL, no CR by itself. Linear. */
function isSendable(content: Buffer): boolean {
  if (content.includes(0)) return false
  let start = 0
  while (start < content.length) {
    const found = content.indexOf(0x0a, start)
    const end = found < 0 ? content.length : found
    const line = content.subarray(start, found > start && content[found - 1] === 0x0d ? found - 1 : end)
    if (line.length > lineBytesMax || line.includes(0x0d)) return false
    start = end + 1
  }
  return true
}

/** Half a character is none, no name may lead out of a folder, and a long one keeps its end, which says what it is. */
function cleanFilename(filename: string): string {
  const name = cleanLine(filename.length > 2_000 ? filename.slice(0, 1_000) + filename.slice(-1_000) : filename)
    .replace(/\p{Surrogate}/gu, '')
    .replace(/[/\\]/g, '_')
  const end = /\.[\w-]{1,10}$/.exec(name)?.[0] ?? ''
  return cutText(name.slice(0, name.length - end.length), filenameMax, 'code_points') + end
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
