import { renderOver } from '../template/liquid.js'
import { templateScope } from './scope.js'
import type { Draft } from './step.js'

/** Renders a Liquid text over what the route knows of the mail. Throws `TemplateError`. */
export function renderText(text: string, draft: Draft): Promise<string> {
  return renderOver(text, () => templateScope(draft))
}
