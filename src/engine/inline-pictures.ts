import type { Attachment } from '../domain/mail.js'

/** What browsers show in an <img>. SVG is left out: it is a document of its own. */
const pictureTypes = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp'])
const pictureBytesMax = 2_000_000
const addedLengthMax = 12_000_000

/**
 * Puts the pictures that a mail brought along into its HTML, in the place of `cid:` links to them (RFC 2392). A mail may
 * name one picture a thousand times: what is added is bounded, and the links behind that stay as they are. Pure.
 */
export function inlinePictures(html: string, attachments: readonly Attachment[]): string {
  const pictures = new Map<string, Attachment>()
  for (const attachment of attachments) {
    const { contentId, contentType, sizeBytes } = attachment
    const isShown = pictureTypes.has(contentType) && sizeBytes <= pictureBytesMax
    if (contentId !== undefined && isShown && !pictures.has(contentId)) pictures.set(contentId, attachment)
  }
  if (pictures.size === 0) return html
  const urls = new Map<string, string>()
  let lengthLeft = addedLengthMax
  return html.replace(/\bcid:([^\s"'<>()]{1,255})/gi, (link, name: string) => {
    const id = decodeId(name)
    const picture = pictures.get(id)
    if (!picture) return link
    const url = urls.get(id) ?? `data:${picture.contentType};base64,${Buffer.from(picture.content).toString('base64')}`
    if (url.length > lengthLeft) return link
    lengthLeft -= url.length
    urls.set(id, url)
    return url
  })
}

/** A link is written with %-signs where an id has odd ones. */
function decodeId(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    // A lone % is part of the name.
    return name
  }
}
