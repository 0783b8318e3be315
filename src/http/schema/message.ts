import { z } from '@hono/zod-openapi'
import { type Message as MessageValue, severities } from '../../domain/message.js'

export const Severity = z.enum(severities).openapi('Severity')

export const Message = z
  .object({
    title: z.string(),
    text: z.string(),
    severity: Severity,
    from: z.string().describe('Who sent the mail, for the foot of the message.'),
    labels: z.record(z.string(), z.string()),
    links: z.array(z.object({ label: z.string(), url: z.string() })),
    attachments: z
      .array(z.object({ filename: z.string(), contentType: z.string(), sizeBytes: z.number().int() }))
      .describe('Names only: the bytes stay with the mail.'),
    notes: z.array(z.string()).describe('What went wrong on the way, said in the message itself.'),
    mailId: z.string().nullable().describe('Null when a run of a job raised it.'),
    receivedAt: z.number().describe('Milliseconds since the epoch.'),
    origin: z
      .object({
        gateways: z.array(z.string()).describe('The ids of the gateways it passed before this one, in order.'),
        isBackscatter: z.boolean().describe('A bounce or an automatic answer.'),
        replyTo: z.string().nullable().describe('Where its sender wants answers.'),
      })
      .optional()
      .describe('Of the mail it was made of, for channels that mail it on.'),
  })
  .openapi('Message') satisfies z.ZodType<MessageValue>
