import { createRoute, z } from '@hono/zod-openapi'
import { bodyLimit } from 'hono/body-limit'
import { ApiError, MailRejected } from '../../domain/errors.js'
import type { RawMail } from '../../domain/mail.js'
import { rejectionReasons } from '../../domain/rejection.js'
import { formatSize } from '../../domain/units.js'
import type { ApiParts } from '../api.js'
import { readActor } from './actor.js'
import { answer, createRoutes, errorAnswer, operation, rawBody } from './operation.js'
import { readMailBody, splitList } from './raw-mail.js'

/** Each holds its mail in memory until it is stored and the pipeline has room. */
const underWayMax = 20

const address = z
  .string()
  .max(320)
  .regex(/^[^\s<>,]*$/, 'a mail address')
const injectQuery = z.object({
  from: address.default('').describe('MAIL FROM; empty for the null sender.'),
  to: z.string().min(1).max(40_000).describe('RCPT TO, with commas between them.'),
})

const injectMail = createRoute({
  method: 'post',
  path: '/',
  ...operation('operator', 'mails', 'Takes a mail in, as if it had come by SMTP', {
    description:
      'It is stored before the answer, and routed afterwards. The sender policy and the list of accepted recipients are for SMTP, and do not hold here; the limits on size and on the number of recipients do, and a mail that goes round in a loop is refused.',
    request: { query: injectQuery, body: rawBody('message/rfc822', 'The mail (RFC 5322)') },
  }),
  responses: {
    ...answer(z.object({ id: z.string(), status: z.literal('stored') }).openapi('TakenMail'), 'It is stored', 201),
    ...errorAnswer(507, 'The disk is nearly full, and no mail is taken in.'),
  },
})

/** `POST /mails`: the durable path of SMTP, with its back-pressure, for senders that speak HTTP. */
export function injectRoutes(parts: Pick<ApiParts, 'calls' | 'saveMail' | 'newId' | 'mailLimits' | 'diskRoom'>) {
  const { newId, mailLimits, diskRoom } = parts
  const routes = createRoutes()
  let underWay = 0
  routes.post('/', (c, next) => {
    if (diskRoom().isNearlyFull) {
      const hint = 'make room on the disk of the data folder; it goes on by itself'
      throw new ApiError(507, 'disk_full', 'the disk is nearly full, and no mail is taken in', hint)
    }
    const { sizeBytesMax } = mailLimits()
    const onError = () => {
      throw new ApiError(413, 'too_large', `a mail may have ${formatSize(sizeBytesMax)}`, 'see server.smtp.max_size')
    }
    return bodyLimit({ maxSize: sizeBytesMax, onError })(c, next)
  })
  routes.openapi(injectMail, async (c) => {
    const { from, to } = c.req.valid('query')
    const recipients = readRecipients(to, mailLimits().recipientsMax)
    if (underWay >= underWayMax)
      throw new ApiError(503, 'busy', 'too many mails are being taken in', 'try again in a moment')
    underWay += 1
    try {
      const raw = await readMailBody(c)
      const envelope = { from, to: recipients, client: '127.0.0.1', helo: 'api', tls: false, user: readActor(c) }
      const id = newId()
      await takeIn({ id, receivedAt: Date.now(), envelope, raw, auth: null }, parts)
      return c.json({ id, status: 'stored' as const }, 201, { location: `/api/v1/mails/${id}` })
    } finally {
      underWay -= 1
    }
  })
  return routes
}

/** What is refused goes into the rejected log, like a refusal at the other door. */
async function takeIn(mail: RawMail, { saveMail, calls }: Pick<ApiParts, 'saveMail' | 'calls'>): Promise<void> {
  try {
    await saveMail(mail)
  } catch (error) {
    if (!(error instanceof MailRejected)) throw error
    const { client, from, to, user } = mail.envelope
    const { reason, smtpCode: code, message } = error
    const rejection = { at: mail.receivedAt, client, from, rcpt: to[0] ?? null, user, reason, code, message }
    await calls.saveRejections([{ rejection, count: 1 }])
    throw new ApiError(422, reason, `the mail is refused: ${message}`, rejectionReasons[reason])
  }
}

function readRecipients(list: string, recipientsMax: number): string[] {
  const recipients = [...new Set(splitList(list))]
  const wrong = recipients.find((one) => !address.safeParse(one).success || !one.includes('@'))
  if (wrong !== undefined || recipients.length === 0) {
    throw new ApiError(400, 'bad_request', `to: ${JSON.stringify(wrong ?? '')} is no mail address`)
  }
  if (recipients.length <= recipientsMax) return recipients
  throw new ApiError(
    400,
    'bad_request',
    `to: a mail may have ${recipientsMax} recipients`,
    'see server.smtp.max_recipients',
  )
}
