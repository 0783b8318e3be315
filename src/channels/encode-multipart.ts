import type { AttachedFile } from './read-attachments.js'

/**
 * A form with one JSON field, or none, and files (RFC 7578). The boundary is nothing a mail can hold, because it is made of
 * `secret`, which nobody who writes mails knows.
 */
export function encodeMultipart(
  json: { name: string; value: unknown } | null,
  files: { name: string; file: AttachedFile }[],
  secret: string,
): { contentType: string; body: Buffer } {
  const boundary = `mailtrigger-${Buffer.from(secret).toString('hex').slice(0, 50)}`
  const head = (disposition: string, type: string): Buffer =>
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\ncontent-type: ${type}\r\n\r\n`)
  const end = Buffer.from('\r\n')
  const parts = [
    ...(json === null
      ? []
      : [head(`name="${json.name}"`, 'application/json'), Buffer.from(JSON.stringify(json.value)), end]),
    ...files.flatMap(({ name, file }) => [
      head(`name="${name}"; filename="${quoteFilename(file.filename)}"`, file.contentType),
      file.content,
      end,
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(parts) }
}

/** As browsers write it (WHATWG HTML, "Multipart form data"): the name is UTF-8, what would end it is encoded. */
function quoteFilename(filename: string): string {
  return filename.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
