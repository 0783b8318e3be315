import { z } from 'zod'
import { defineChannel } from './define-channel.js'
import { withAckLink } from './with-ack-link.js'

/** Keeps messages in the program itself, where the console shows them. It needs no address and cannot be misconfigured. */
export const inbox = defineChannel({
  kind: 'inbox',
  label: 'Inbox',
  description: 'The built-in inbox: every recipient has one, to read in the console.',
  guide: {
    steps: ['Nothing is to be set up: every recipient has an inbox, which the console shows under Channels, Inbox.'],
    note: null,
  },
  settings: z.strictObject({}),
  address: null,
  destination: () => null,
  secrets: [],
  capabilities: {
    textMax: 1_000_000,
    textUnit: 'code_points',
    dialect: 'plain',
    attachments: false,
    idempotent: false,
  },
  concurrency: 16,
  rates: { channel: null, address: null },
  async send(message, address, _settings, context) {
    const id = await context.saveToInbox({ recipient: address, message: withAckLink(message, context) })
    return { kind: 'delivered', remote: { inbox_id: id }, statusCode: null, text: 'saved to the inbox' }
  },
})
