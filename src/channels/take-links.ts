import { cutText } from './cut-text.js'
import type { Outline } from './outline-message.js'

/** The first links, as many as a vendor shows as buttons and has room for, with labels that fit on one. */
export function takeLinks(
  links: Outline['links'],
  room: { countMax: number; urlBytesMax: number; labelMax: number },
): Outline['links'] {
  let used = 0
  return links
    .filter(({ url }) => {
      const length = Buffer.byteLength(url, 'utf8')
      if (used + length > room.urlBytesMax) return false
      used += length
      return true
    })
    .slice(0, room.countMax)
    .map(({ label, url }) => ({ label: cutText(label, room.labelMax, 'code_points'), url }))
}
