import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ApiError } from '../../domain/errors.js'
import { type AckPage, ackPageStyle, printAckPage } from './ack-page.js'
import { describeView } from './describe-view.js'
import { limitCalls } from './limit-calls.js'
import type { OpenParts } from './open-routes.js'
import type { RateLimit } from './rate-limit.js'

/** People, their mail scanners, and the previews of their chat programs. */
const ackRate: RateLimit = { callsMax: 60, windowMs: 60_000 }
const formBytesMax = 10_000
const tokenLengthMax = 200

/**
 * The page behind the link of a message. Fetching it changes nothing, because mail scanners and chat programs fetch
 * links by themselves; only its button, a POST, acknowledges.
 */
export function ackRoutes({ calls, log, now, isTrustedProxy }: OpenParts): Hono {
  const headers = pageHeaders()
  const show = (c: Context, status: number, page: AckPage): Response | Promise<Response> =>
    c.html(printAckPage(page), status as ContentfulStatusCode, headers)

  const routes = new Hono()
  routes.use(limitCalls(ackRate, now, isTrustedProxy))
  routes.get('/:token', async (c) => {
    const view = await calls.readAckToken(readToken(c))
    const { status, page } = describeView(view, now())
    return show(c, status, page)
  })
  routes.post('/:token', limitForm(), async (c) => {
    const token = readToken(c)
    // Our form is sent so (HTML, section 4.10.21.7), and what is not reads as one without a note.
    const note = new URLSearchParams(await c.req.text()).get('note')?.replaceAll('\r\n', '\n') ?? null
    const { outcome } = await calls.ackByToken(token, note)
    const { page } = describeView(await calls.readAckToken(token), now())
    if (outcome !== 'acknowledged') return show(c, 410, page)
    const words = 'The alert is acknowledged: its repeats stop, and nobody else is asked.'
    return show(c, 200, { ...page, headline: 'Thank you', words })
  })
  routes.onError((error, c) => {
    if (error instanceof ApiError) return show(c, error.status, describeProblem(error))
    log.error({ path: '/ack', error: error.stack }, 'the page of a link failed')
    return show(c, 500, failed)
  })
  return routes
}

function readToken(c: Context): string {
  const token = c.req.param('token') ?? ''
  if (token.length <= tokenLengthMax) return token
  throw new ApiError(404, 'not_found', 'this link is not one of ours')
}

function describeProblem({ status, message, code }: ApiError): AckPage {
  if (status === 404) {
    const words = 'It may have been cut off on its way to you, or the alert is no longer kept.'
    return { headline: 'This link does not lead to an alert', words, alert: null, offersForm: false }
  }
  if (code === 'expired') {
    const words = 'Links count for seven days. Whoever runs MailTrigger can still acknowledge the alert.'
    return { headline: 'This link has expired', words, alert: null, offersForm: false }
  }
  const words = status === 429 ? 'There were too many calls from your address. Try again in a minute.' : `${message}.`
  return { headline: 'That did not work', words, alert: null, offersForm: false }
}

const failed: AckPage = {
  headline: 'The server failed at this',
  words: 'Its log says why. The alert is as it was before.',
  alert: null,
  offersForm: false,
}

function limitForm() {
  return bodyLimit({
    maxSize: formBytesMax,
    onError: () => {
      throw new ApiError(413, 'too_large', 'The note is too long')
    },
  })
}

/** Nothing is loaded from anywhere, nobody frames it, and no log or cache on the way learns or keeps the link. */
function pageHeaders(): Record<string, string> {
  const style = createHash('sha256').update(ackPageStyle).digest('base64')
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${style}'`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex, nofollow, noarchive',
    'cache-control': 'no-store',
  }
}
