import { joinKey, tidyKeyPart } from '../domain/join-key.js'
import { TemplateError } from '../template/liquid.js'
import { renderText } from './render-text.js'
import type { Draft } from './step.js'

export type RenderedKey = { key: string; problem: null } | { key: null; problem: string }

/**
 * Renders the parts of a key for `dedupe`, `hold` or `digest`. A key that lacks a part would throw together what does
 * not belong together, so an empty part, and one that cannot be rendered, is a problem and gives no key.
 */
export async function renderKey(parts: string[], draft: Draft): Promise<RenderedKey> {
  const rendered: string[] = []
  for (const part of parts) {
    try {
      const empty = await findEmpty(part, draft)
      if (empty !== null) return { key: null, problem: `"${empty}" is empty in the key` }
      const text = tidyKeyPart(await renderText(part, draft))
      if (text === '') return { key: null, problem: 'the key is empty' }
      rendered.push(text)
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      return { key: null, problem: `"${part.slice(0, 100)}" in the key failed: ${error.message}` }
    }
  }
  return rendered.length > 0
    ? { key: joinKey(rendered), problem: null }
    : { key: null, problem: 'the key has no parts' }
}

/**
 * The first `{{ … }}` of a text that comes to nothing: `{{ host }}/{{ service }}` is no key without the host. What may
 * be missing is written with a `default`; a text with tags decides by itself what it shows.
 */
async function findEmpty(part: string, draft: Draft): Promise<string | null> {
  if (part.includes('{%')) return null
  for (const [output] of part.matchAll(/\{\{.*?\}\}/gs)) {
    if ((await renderText(output, draft)).trim() === '') return output
  }
  return null
}
