import type { Attachment } from '../../domain/mail.js'
import { toLine } from './headers.js'
import { mimeLimits, type Overrun, valueLimits } from './mime-limits.js'
import type { MimePart } from './mime-part.js'
import { cutText } from './text-part.js'
import { decodeTransfer } from './transfer-encoding.js'

/** The attachments of one mail in their order: never more, and never larger together, than a mail may have. */
export class AttachmentList {
  readonly items: Attachment[] = []
  #found = 0
  #bytes = 0

  addPart(part: MimePart): void {
    if (!this.#hasRoom()) return
    const fallback = part.type === 'message/rfc822' ? 'message.eml' : undefined
    this.#push(part.filename || fallback, part.type, decodeTransfer(part.content, part.encoding), part.contentId)
  }

  /** A file that stood inside of something else, in a text or in a `winmail.dat`. */
  addFile(filename: string, contentType: string, content: Buffer): void {
    if (this.#hasRoom()) this.#push(filename, contentType, content, '')
  }

  overruns(): Overrun[] {
    const overruns: Overrun[] = []
    if (this.#found > mimeLimits.attachments) overruns.push({ limit: 'attachments', found: this.#found })
    if (this.#bytes > mimeLimits.attachmentBytes) overruns.push({ limit: 'attachmentBytes', found: this.#bytes })
    return overruns
  }

  #hasRoom(): boolean {
    this.#found++
    return this.items.length < mimeLimits.attachments && this.#bytes <= mimeLimits.attachmentBytes
  }

  #push(filename: string | undefined, contentType: string, content: Buffer, contentId: string): void {
    this.#bytes += content.byteLength
    if (this.#bytes > mimeLimits.attachmentBytes) return
    const line = cutFilename(toLine(filename ?? ''))
    this.items.push({
      filename: line || `attachment-${this.items.length + 1}`,
      contentType,
      sizeBytes: content.byteLength,
      content: ownBytes(content),
      ...(contentId ? { contentId } : {}),
    })
  }
}

/** A name that is too long loses its middle: rules and people go by its beginning and by its extension. */
function cutFilename(name: string): string {
  if (name.length <= valueLimits.filenameLength) return name
  const extension = /\.[^./\\]{1,20}$/.exec(name)?.[0] ?? ''
  return `${cutText(name, valueLimits.filenameLength - extension.length)}${extension}`
}

/** What is decoded may be a part of the mail's own bytes, or of a pool; a copy can be handed to another thread. */
function ownBytes(buffer: Buffer): Uint8Array {
  const isWhole = buffer.byteOffset === 0 && buffer.byteLength === buffer.buffer.byteLength
  return isWhole && buffer.byteLength > 0 ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer)
}
