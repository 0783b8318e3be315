import { z } from 'zod'
import type { ChannelContext, HttpAnswer } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'
import type { Message } from '../domain/message.js'
import { encodeMultipart } from './encode-multipart.js'
import { parseJson } from './parse-json.js'
import { type AttachedFile, readAttachments } from './read-attachments.js'
import { describeFailure } from './send-files.js'

/** A link of a message: the name of the file, and where Zulip has it. */
export interface UploadedFile {
  label: string
  url: string
}

const uploaded = z
  .object({ url: z.string().optional(), uri: z.string().optional() })
  .transform(({ url, uri }) => url ?? uri ?? '')
  .pipe(z.string().regex(/^\/user_uploads\/[^\s?#]{1,500}$/))
const refused = z.object({ msg: z.string() })

/**
 * Uploads the files of a mail, for the message to link to (Zulip API, "Upload a file"). A message never waits for a
 * file: what is refused is named in a note, and nothing more is uploaded when Zulip cannot be reached. An upload that
 * no message links to is removed by Zulip in time.
 * @param call where to, and who asks
 */
export async function uploadFiles(
  attach: 'attachments' | 'none',
  message: Message,
  call: { method: 'POST' | 'PATCH'; url: string; headers: Record<string, string> },
  context: ChannelContext,
): Promise<{ links: UploadedFile[]; notes: string[] }> {
  const { files, notes } = await readAttachments(attach, message, context)
  const links: UploadedFile[] = []
  const root = new URL(call.url).href.replace(/\/api\/v1\/.*$/, '')
  for (const [index, file] of files.entries()) {
    const path = await upload(file, call, context)
    if ('url' in path) {
      links.push({ label: file.filename, url: `${root}${path.url}` })
      continue
    }
    notes.push(`not sent along: ${describeFailure(file, path.reason)}`)
    if (!path.isLost) continue
    if (index + 1 < files.length) notes.push(`nor ${files.length - index - 1} more`)
    break
  }
  return { links, notes }
}

async function upload(
  file: AttachedFile,
  { method, url, headers }: Parameters<typeof uploadFiles>[2],
  { request, signal, deliveryId }: ChannelContext,
): Promise<{ url: string } | { reason: string; isLost: boolean }> {
  const { contentType, body } = encodeMultipart(null, [{ name: 'filename', file }], deliveryId)
  let answer: HttpAnswer
  try {
    answer = await request({ method, url, headers: { ...headers, 'content-type': contentType }, body, signal })
  } catch (error) {
    if (error instanceof OutboundError) return { reason: 'Zulip did not answer', isLost: true }
    throw error
  }
  const json = parseJson(answer.text)
  const path = answer.status === 200 ? uploaded.safeParse(json).data : undefined
  if (path !== undefined) return { url: path }
  const words = answer.status < 500 ? (refused.safeParse(json).data?.msg ?? '') : ''
  return {
    reason: words === '' ? `HTTP ${answer.status}` : words,
    isLost: answer.status >= 500 || answer.status === 429,
  }
}
