import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'
import { formatSize } from '../domain/units.js'
import { callVendor, strangeAnswer } from './call-vendor.js'
import type { OutcomeFacts } from './outcome-from-answer.js'
import { parseJson } from './parse-json.js'
import type { AttachedFile } from './read-attachments.js'

/** Where files go, and who sends them. */
export interface MatrixMedia {
  baseUrl: string
  headers: Record<string, string>
  /** Reads a refusal by Matrix's own codes. */
  refuse: (answer: HttpAnswer) => Outcome | null
}

const mediaConfig = z.object({ 'm.upload.size': z.number().positive().optional() })
const uploaded = z.object({ content_uri: z.string().regex(/^mxc:\/\/[^\s/]{1,255}\/[^\s/]{1,255}$/) })

/** Servers before Matrix 1.11 have it at the second address. */
const configPaths = ['/_matrix/client/v1/media/config', '/_matrix/media/v3/config']

/**
 * How many bytes a file may have (Client-Server API, "Content repository": `m.upload.size`), or null when the server
 * does not say so: then the upload itself will tell.
 */
export async function readUploadMax(
  { baseUrl, headers }: MatrixMedia,
  { request, signal }: Pick<ChannelContext, 'request' | 'signal'>,
): Promise<number | null> {
  for (const path of configPaths) {
    let answer: HttpAnswer
    try {
      answer = await request({ url: `${baseUrl}${path}`, headers, signal })
    } catch (error) {
      if (error instanceof OutboundError) return null
      throw error
    }
    if (answer.status === 200) return mediaConfig.safeParse(parseJson(answer.text)).data?.['m.upload.size'] ?? null
    if (answer.status !== 404) return null
  }
  return null
}

/**
 * Uploads a file and gives the content of the event that shows it, or what was said instead. A file that is uploaded
 * once more, because an answer was lost, is another copy on the server; the event is the same.
 */
export async function uploadFile(
  file: AttachedFile,
  uploadMax: number | null,
  { baseUrl, headers, refuse }: MatrixMedia,
  context: ChannelContext,
  facts: OutcomeFacts,
): Promise<{ content: Record<string, unknown> } | { outcome: Outcome }> {
  const { filename, contentType, content: body } = file
  if (uploadMax !== null && body.length > uploadMax) {
    const text = `the server takes files up to ${formatSize(uploadMax)}`
    return { outcome: { kind: 'permanent', scope: 'message', statusCode: null, text } }
  }
  let uri: string | undefined
  const call = {
    url: `${baseUrl}/_matrix/media/v3/upload?filename=${encodeURIComponent(filename)}`,
    headers,
    bytes: { contentType, body },
  }
  const outcome = await callVendor(call, context, facts, (answer) => {
    if (answer.status !== 200) return refuse(answer)
    uri = uploaded.safeParse(parseJson(answer.text)).data?.content_uri
    return uri === undefined ? strangeAnswer('Matrix') : null
  })
  return uri === undefined ? { outcome } : { content: describeFile(file, uri) }
}

function describeFile({ filename, contentType, content }: AttachedFile, url: string): Record<string, unknown> {
  return {
    msgtype: /^image\/(?:png|jpeg|gif|webp)$/i.test(contentType) ? 'm.image' : 'm.file',
    body: filename,
    filename,
    url,
    info: { mimetype: contentType, size: content.length },
    'm.mentions': {},
  }
}
