import { createHash } from 'node:crypto'
import { TemplateError } from '../template/liquid.js'
import { renderText } from './render-text.js'
import type { Draft } from './step.js'

const keyLengthMax = 300
const separator = ' · '

export type RenderedKey = { key: string; problem: null } | { key: null; problem: string }

/**
 * Renders the parts of a key for `dedupe`, `hold` or `digest`. A key that lacks a part would throw together what does
 * not belong together, so an empty part, and one that cannot be rendered, is a problem and gives no key.
 */
export async function renderKey(parts: string[], draft: Draft): Promise<RenderedKey> {
  const rendered: string[] = []
  for (const [index, part] of parts.entries()) {
    const name = parts.length === 1 ? 'the key' : `part ${index + 1} of the key`
    try {
      const text = (await renderText(part, draft)).replace(/\s+/g, ' ').trim()
      if (text === '') return { key: null, problem: `${name} is empty` }
      rendered.push(text)
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      return { key: null, problem: `${name} failed: ${error.message}` }
    }
  }
  return rendered.length > 0
    ? { key: joinKey(rendered), problem: null }
    : { key: null, problem: 'the key has no parts' }
}

/**
 * One readable text for the parts, at most 300 characters. Where cutting or a separator within a part would make two
 * keys look the same, a hash of the parts stands at the end.
 */
export function joinKey(parts: string[]): string {
  const readable = parts.join(separator)
  const isUnambiguous = parts.length === 1 || !parts.some((part) => part.includes('·'))
  if (isUnambiguous && readable.length <= keyLengthMax) return readable
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
  // A cut in the middle of a surrogate pair would leave half a character.
  const start = readable.slice(0, keyLengthMax - digest.length - 1).replace(/[\uD800-\uDBFF]$/, '')
  return `${start} ${digest}`
}
