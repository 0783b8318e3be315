import type { Config } from '../domain/config.js'
import type { Message } from '../domain/message.js'
import { wordMessage } from '../template/word-message.js'
import { passOver } from './pass-over.js'
import { templateScope } from './scope.js'
import type { Draft } from './step.js'

export interface ChannelMessages {
  draft: Draft
  /** By the channel's name; the others say `draft.message`. */
  messages: Map<string, Message>
  problems: string[]
}

/**
 * What those of the channels say that have a template of their own. Where one cannot be rendered, its channel says what
 * the others say, and all of them that the template failed: it may have been what redacts.
 */
export async function renderForChannels(
  channels: Iterable<string>,
  given: Draft,
  config: Config,
): Promise<ChannelMessages> {
  let draft = given
  const own = new Map<string, Pick<Message, 'title' | 'text'>>()
  const problems: string[] = []
  for (const name of channels) {
    const channel = config.channels[name]
    if (!channel?.template) continue
    const { message, problem } = await wordMessage(channel, given.message, () => templateScope(given))
    if (problem === null) own.set(name, { title: message.title, text: message.text })
    else {
      problems.push(problem)
      draft = passOver(draft, problem)
    }
  }
  const messages = new Map([...own].map(([name, texts]) => [name, { ...draft.message, ...texts }]))
  return { draft, messages, problems }
}
