import type { Config } from '../domain/config.js'
import type { Message } from '../domain/message.js'
import { TemplateError } from '../template/liquid.js'
import { passOver } from './pass-over.js'
import { renderText } from './render-text.js'
import type { Draft } from './step.js'

export interface ChannelMessages {
  draft: Draft
  /** By the channel's name; the others say `draft.message`. */
  messages: Map<string, Message>
  problems: string[]
}

/**
 * What those of the channels say that have a template of their own. One that cannot be rendered must not lose the
 * alert: its channel says what the others say, and that the template failed.
 */
export async function renderForChannels(channels: Set<string>, given: Draft, config: Config): Promise<ChannelMessages> {
  let draft = given
  const own = new Map<string, Pick<Message, 'title' | 'text'>>()
  const problems: string[] = []
  for (const name of channels) {
    const template = config.channels[name]?.template ?? null
    if (template === null) continue
    const { message } = given
    try {
      const title = template.title === null ? '' : (await renderText(template.title, given)).trim()
      const text = template.text === null ? message.text : await renderText(template.text, given)
      // Without a title nobody can tell messages apart.
      own.set(name, { title: title || message.title, text })
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      const problem = `the template of the channel ${name} failed: ${error.message}`
      problems.push(problem)
      draft = passOver(draft, problem)
    }
  }
  const messages = new Map([...own].map(([name, texts]) => [name, { ...draft.message, ...texts }]))
  return { draft, messages, problems }
}
