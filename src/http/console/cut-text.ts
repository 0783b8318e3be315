/** A page has at most 60 KB with its frame: this much is for what it is about. */
export const partBytesMax = 32_000

/** Never through the middle of a character of two UTF-16 units. */
export function cutText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text
  const isTorn = /[\ud800-\udbff]/.test(text[lengthMax - 1] ?? '')
  return `${text.slice(0, isTorn ? lengthMax - 1 : lengthMax)}…`
}

/** Bytes that a text takes in a page: as UTF-8, its signs written as entities. */
export function sizeInPage(text: string): number {
  let bytes = 0
  for (const character of text) bytes += sizeOf(character)
  return bytes
}

/** The part of a long text from `start` on that fits, and where the next one starts; null for the last. */
export function sliceText(
  text: string,
  start: number,
  bytesMax: number = partBytesMax,
): { part: string; next: number | null } {
  let end = Math.min(Math.max(0, start), text.length)
  const from = end
  let bytes = 0
  while (end < text.length) {
    const character = String.fromCodePoint(text.codePointAt(end) ?? 0)
    bytes += sizeOf(character)
    if (bytes > bytesMax) break
    end += character.length
  }
  return { part: text.slice(from, end), next: end < text.length ? end : null }
}

/** As many of a list, from `start` on, as fit; at least one, so that there is an end to it. */
export function sliceList<Item>(
  items: readonly Item[],
  start: number,
  measure: (item: Item) => number,
  { bytesMax = partBytesMax, countMax = 100 }: { bytesMax?: number; countMax?: number } = {},
): { shown: Item[]; next: number | null } {
  const from = Math.min(Math.max(0, start), items.length)
  let end = from
  let bytes = 0
  while (end < items.length && end - from < countMax) {
    bytes += measure(items[end] as Item)
    if (bytes > bytesMax && end > from) break
    end++
  }
  return { shown: items.slice(from, end), next: end < items.length ? end : null }
}

const entityBytes: Record<string, number> = { '<': 4, '>': 4, '&': 5, '"': 6, "'": 5 }

function sizeOf(character: string): number {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return entityBytes[character] ?? 1
  return code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
}
