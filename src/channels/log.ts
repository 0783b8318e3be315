import { z } from 'zod'
import { cleanLine } from './clean-text.js'
import { cutText } from './cut-text.js'
import { defineChannel } from './define-channel.js'

const lineMax = 300

/** Writes one line to the program's log: for trying out routes, and for hosts whose log is watched anyway. */
export const log = defineChannel({
  kind: 'log',
  label: 'Log',
  description: "Writes a line to MailTrigger's own log.",
  guide: { steps: ['Nothing is to be set up: each notification is a line in this server’s log.'], note: null },
  settings: z.strictObject({}),
  address: null,
  destination: () => 'log',
  secrets: [],
  capabilities: { textMax: lineMax, textUnit: 'code_points', dialect: 'plain', attachments: false, idempotent: false },
  acknowledgedBy: 'nobody',
  concurrency: 16,
  rates: { channel: null, address: null },
  async send(message, _address, _settings, context) {
    context.log(cutText(cleanLine(message.title) || '(no subject)', lineMax, 'code_points'), {
      delivery: context.deliveryId,
      mail: message.mailId,
      severity: message.severity,
      from: cutText(cleanLine(message.from), lineMax, 'code_points'),
      text: cutText(cleanLine(message.text), lineMax, 'code_points'),
    })
    return { kind: 'delivered', remote: {}, statusCode: null, text: 'written to the log' }
  },
})
