import { z } from 'zod'
import { webhookBase, webhookUrl } from './webhook-url.js'

const chatPlace = z
  .string()
  .max(100)
  .regex(/^[@#]?[\p{L}\p{N}][\p{L}\p{N}._-]*$/u, 'must be @name or the name of a channel')

/** What the webhooks of self-hosted chat servers have in common. One that is not told where posts to its own channel. */
export const chatWebhookSettings = {
  webhook_url: webhookUrl,
  channel: chatPlace.optional().describe('Posts to this channel or @name instead of the webhook’s own.'),
  direct: z
    .boolean()
    .default(false)
    .describe('Posts to each recipient’s own address instead: the server has to let webhooks choose the channel.'),
  username: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('The name to post under, where the server lets webhooks choose it.'),
  base_url: webhookBase,
}

export const chatAddress = { schema: chatPlace, hint: '@name, or the name of a channel; needs direct: true' }

/** The webhook's own place; none when it posts to people. */
export function chatDestination(settings: { webhook_url: string; channel?: string | undefined; direct: boolean }) {
  return settings.direct ? null : (settings.channel ?? new URL(settings.webhook_url).host)
}
