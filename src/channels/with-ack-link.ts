import type { ChannelContext } from '../domain/channel.js'
import type { Message } from '../domain/message.js'

/**
 * The message with the link by which its reader acknowledges it, where there is one. It comes first, because a message
 * shows a limited number of links and this one must not be among those left out.
 */
export function withAckLink(message: Message, { ack }: Pick<ChannelContext, 'ack'>): Message {
  if (ack === null || ack.url === null) return message
  return { ...message, links: [{ label: 'Acknowledge', url: ack.url }, ...message.links] }
}
