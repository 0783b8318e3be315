import type { ChannelContext } from '../domain/channel.js'
import { cutText } from './cut-text.js'
import { encodeWords } from './encode-words.js'
import type { AttachedFile } from './read-attachments.js'

const filenameBytesMax = 200

/** A message as ntfy's JSON has it, without its topic. */
export interface NtfyContent {
  title: string
  message: string
  priority: number
  tags: string[]
  sequence_id: string
  click?: string
  actions?: Record<string, unknown>[]
}

export interface NtfyFile {
  headers: Record<string, string>
  body: Buffer
}

/**
 * A message with a file, which is the body: all else goes by headers, as encoded words (ntfy docs, "Attach local
 * file"). A message has one file.
 */
export function renderWithFile(content: NtfyContent, file: AttachedFile): NtfyFile {
  const { title, message, priority, tags, sequence_id, click, actions } = content
  return {
    headers: {
      'x-title': encodeWords(title),
      // The server takes the two characters \n for a line break; what is between them is not shown.
      'x-message': encodeWords(message.replace(/\\n/g, '\\\u2060n')),
      'x-priority': String(priority),
      'x-tags': tags.join(','),
      'x-sequence-id': sequence_id,
      ...(click === undefined ? {} : { 'x-click': encodeWords(click) }),
      ...(actions === undefined ? {} : { 'x-actions': encodeWords(JSON.stringify(actions)) }),
      'x-filename': encodeWords(nameOf(file)),
    },
    body: file.content,
  }
}

/** A further file of the same mail: a message without a sound, which has nothing but the file. */
export function renderFurtherFile(
  file: AttachedFile,
  number: number,
  { deliveryId }: Pick<ChannelContext, 'deliveryId'>,
): NtfyFile {
  return {
    headers: {
      'x-title': encodeWords(nameOf(file)),
      'x-priority': '1',
      'x-sequence-id': `${deliveryId}-${number}`,
      'x-filename': encodeWords(nameOf(file)),
    },
    body: file.content,
  }
}

function nameOf({ filename }: AttachedFile): string {
  return cutText(filename, filenameBytesMax, 'bytes')
}
