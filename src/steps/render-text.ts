import { compileTemplate, renderTemplate } from '../template/liquid.js'
import { templateScope } from './scope.js'
import type { Draft } from './step.js'

/** Renders a Liquid text over what the route knows of the mail. Texts without markup are returned as they are. */
export async function renderText(text: string, draft: Draft): Promise<string> {
  if (!text.includes('{{') && !text.includes('{%')) return text
  return renderTemplate(compileTemplate(text), templateScope(draft))
}
