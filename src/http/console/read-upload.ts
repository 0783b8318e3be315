import type { Context } from 'hono'
import { ApiError } from '../../domain/errors.js'

export interface UploadedFile {
  /** As the browser gave it. */
  filename: string
  bytes: Uint8Array
}

/** A form with files. Throws `ApiError` 400 when it cannot be read. */
export async function readUpload(c: Context): Promise<FormData> {
  return c.req.formData().catch(() => {
    throw new ApiError(400, 'bad_request', 'The form cannot be read.', 'Try again.')
  })
}

/** A field of files; null when none was chosen: browsers then send one without name and content. */
export async function takeFile(form: FormData, field: string): Promise<UploadedFile | null> {
  const file = form.get(field)
  if (file === null || typeof file === 'string' || (file.name === '' && file.size === 0)) return null
  return { filename: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }
}

/** A field of text, trimmed; empty when it is not there. */
export function takeText(form: FormData, field: string, lengthMax = 1_000): string {
  const value = form.get(field)
  const text = typeof value === 'string' ? value.trim() : ''
  if (text.length <= lengthMax) return text
  throw new ApiError(400, 'bad_request', `${field} has more than ${lengthMax} characters.`)
}
