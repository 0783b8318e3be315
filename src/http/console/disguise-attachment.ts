import type { Attachment } from '../../domain/mail.js'

/**
 * Headers under which a browser saves an attachment and never shows it, whatever it says it is: as bytes, with its name
 * (RFC 6266 section 4.3; RFC 8187 for names beyond ASCII).
 */
export function disguise({ filename }: Pick<Attachment, 'filename'>): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename*=UTF-8''${encodeExtended(filename || 'attachment')}`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
  }
}

function encodeExtended(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
