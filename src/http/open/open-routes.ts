import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ApiError } from '../../domain/errors.js'
import type { PingKind } from '../../domain/monitor.js'
import { formatSize } from '../../domain/units.js'
import type { ApiParts } from '../api.js'
import { ackRoutes } from './ack-routes.js'
import { limitCalls } from './limit-calls.js'
import type { RateLimit } from './rate-limit.js'

export type OpenParts = Pick<ApiParts, 'calls' | 'log' | 'isTrustedProxy'> & { now: () => number }

/** A cron job pings once a minute, and hundreds of them may share the address of one firewall. */
const pingRate: RateLimit = { callsMax: 600, windowMs: 60_000 }
/** A vendor calls from a few addresses for everybody. */
const hookRate: RateLimit = { callsMax: 1_200, windowMs: 60_000 }
/** The largest call there is: Meta gathers what it has to tell up to 3 MB (WhatsApp, "Webhooks"). */
const hookBytesMax = 3_000_000

/**
 * What needs no API token, because the address itself is the secret: pings of monitors, links that acknowledge, and the
 * hooks of vendors, which bring a secret of their own.
 */
export function openRoutes(parts: OpenParts): Hono {
  const { calls, now, isTrustedProxy } = parts
  const app = new Hono()

  app.use('/ping/*', limitCalls(pingRate, now, isTrustedProxy))
  for (const [path, kind] of Object.entries(pingPaths)) app.on(['GET', 'POST'], path, (c) => takePing(c, kind))
  app.route('/ack', ackRoutes(parts))
  app.use('/hooks/*', limitCalls(hookRate, now, isTrustedProxy))
  app.on(['GET', 'POST'], '/hooks/:channel', limitHook(), async (c) => {
    const call = { headers: c.req.header(), query: new URL(c.req.url).search, body: await c.req.text() }
    const { status, text } = await calls.takeChannelHook(c.req.param('channel'), call)
    // Meta compares the answer to a GET as it is.
    return c.text(c.req.method === 'GET' ? text : `${text}\n`, status as ContentfulStatusCode)
  })
  return app

  /** The body is not read, however long it is: the log of a job must not keep its sign of life from counting. */
  async function takePing(c: Context, kind: PingKind): Promise<Response> {
    c.header('cache-control', 'no-store')
    const pinged = await calls.ping(c.req.param('token') ?? '', kind)
    return pinged === null ? c.text('there is no such monitor\n', 404) : c.text('OK\n')
  }
}

/** GET counts as well, as cron jobs ping with a plain `curl`. */
const pingPaths: Record<string, PingKind> = {
  '/ping/:token': 'seen',
  '/ping/:token/start': 'start',
  '/ping/:token/fail': 'fail',
}

function limitHook() {
  return bodyLimit({
    maxSize: hookBytesMax,
    onError: () => {
      throw new ApiError(413, 'too_large', `the body is larger than ${formatSize(hookBytesMax)}`)
    },
  })
}
