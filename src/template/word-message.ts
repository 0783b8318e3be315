import type { Channel } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { renderOver, TemplateError } from './liquid.js'

export interface WordedMessage {
  message: Message
  /** Why it is not in the channel's own words; null when it is, or when the channel has none. */
  problem: string | null
}

/**
 * What a channel says by its own template; without one, what it is given. A template that cannot be rendered must not
 * lose the alert: the message stays as it is, and says in a note that the template failed.
 */
export async function wordMessage(
  { name, template }: Pick<Channel, 'name' | 'template'>,
  message: Message,
  scope: () => Record<string, unknown>,
): Promise<WordedMessage> {
  if (template === null) return { message, problem: null }
  try {
    const title = template.title === null ? '' : (await renderOver(template.title, scope)).trim()
    const text = template.text === null ? message.text : await renderOver(template.text, scope)
    // Without a title nobody can tell messages apart.
    return { message: { ...message, title: title || message.title, text }, problem: null }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const problem = `the template of the channel ${name} failed: ${error.message}`
    return { message: { ...message, notes: [...message.notes, problem] }, problem }
  }
}
