import type { Mail, RawMail } from '../../domain/mail.js'
import { describeHeader, findHeaderOverruns } from './fields.js'
import { type HeaderBlock, readHeaders } from './headers.js'
import { readMailBody } from './mail-body.js'
import { describeOverruns, type Overrun } from './mime-limits.js'
import { type MimeReading, readMimeTree } from './mime-tree.js'
import { salvageMail } from './salvage.js'

/**
 * Makes a `Mail` of the stored bytes. Never throws for what is in them: what is beyond a limit is left out, what is
 * broken is read as far as it goes, and `malformed` says so. It may take long and use much memory, so `createParser`
 * runs it in a thread.
 */
export async function parseMail(raw: RawMail): Promise<Mail> {
  try {
    return await readMail(raw, readHeaders(raw.raw))
  } catch (error) {
    return salvageMail(raw, `the MIME parser gave up: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function readMail(raw: RawMail, block: HeaderBlock): Promise<Mail> {
  const reading: MimeReading = { parts: 0, overruns: findHeaderOverruns(block) }
  const { overruns } = reading
  const bytes = Buffer.from(raw.raw.buffer, raw.raw.byteOffset, raw.raw.byteLength)
  const root = await readMimeTree(block.fields, bytes.subarray(block.bodyOffset), reading)
  const body = await readMailBody(root, reading)
  const lacksBoundary = root.type.startsWith('multipart/') && !root.isDelimited && root.content.length > 0
  const malformed = lacksBoundary ? 'a multipart whose boundary is nowhere' : describeOverruns(overruns)
  const mail: Mail = { ...describeHeader(raw, block), ...body, malformed, auth: raw.auth ?? null }
  if (body.text.trim() !== '' || !(lacksBoundary || overruns.some(({ limit }) => hidesText.has(limit)))) return mail
  const { text, textSource } = salvageMail(raw, malformed ?? '')
  return { ...mail, text, textSource }
}

/** Beyond these limits there may be a text that was not read. Its bytes as they came are better than silence. */
const hidesText = new Set<Overrun['limit']>(['depth', 'parts', 'htmlToTextLength'])
