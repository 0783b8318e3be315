import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Registry } from 'prom-client'
import type { DiskRoom } from '../domain/disk-room.js'
import { ApiError } from '../domain/errors.js'
import type { Identity } from '../domain/identity.js'
import type { RawMail } from '../domain/mail.js'
import { formatSize } from '../domain/units.js'
import type { EngineCalls } from '../engine/engine-calls.js'
import type { Logger } from '../log/logger.js'
import { answerUnchanged } from './answer-unchanged.js'
import { createRoutes } from './api/operation.js'
import { checkAddress } from './check-address.js'
import { addErrorAnswers } from './error-answers.js'
import type { EventLog } from './event-log.js'
import { type CallerEnv, forbidStoring } from './identity/require-identity.js'
import { metricsRoutes } from './metrics/metrics-routes.js'
import { mountApi } from './mount-api.js'
import type { IsTrustedProxy } from './open/client-address.js'
import { openRoutes } from './open/open-routes.js'
import { openapiRoutes } from './openapi/openapi-routes.js'
import type { ServerStatus } from './schema/server.js'
import { securityHeaders } from './security-headers.js'

/** What the API stands on. It reads and changes nothing by any other way. */
export interface ApiParts {
  calls: EngineCalls
  events: EventLog
  /** Who asks, by what the request carries; null when it carries nothing that is known. */
  identify: (c: Context) => Identity | null | Promise<Identity | null>
  isTrustedProxy: IsTrustedProxy
  /** The pages by which people sign in and out, and those of their own account. */
  identityRoutes: Hono<CallerEnv>
  /** Everything else that people look at. */
  consoleRoutes: Hono<CallerEnv>
  /** Counters of what happens, for Prometheus. */
  counted: Registry
  /** How people reach this server: what links start with. No slash at its end. */
  url: () => string
  /**
   * The same path as a mail takes that comes by SMTP: resolves when it is durable and there is room for more, rejects
   * with `MailRejected` when it is refused.
   */
  saveMail: (mail: RawMail) => Promise<void>
  newId: () => string
  diskRoom: () => DiskRoom
  mailLimits: () => { sizeBytesMax: number; recipientsMax: number }
  status: () => Promise<ServerStatus>
  reload: (actor: string) => Promise<{ hash: string; routes: number }>
  isReady: () => boolean
  log: Logger
}

const bodyBytesMax = 30_000_000
/** A job comes with its module and its database, which may have 50 MB. */
const jobBytesMax = 64_000_000

/**
 * The JSON API under /api/v1, the two probes, and what is open to whoever knows its address. Every answer of the API
 * but success is `{ error: { code, message, hint } }`.
 */
export function createApi(parts: ApiParts): Hono {
  const app = new Hono()
  app.use(securityHeaders)
  app.get('/livez', (c) => c.text('ok\n'))
  app.get('/readyz', (c) => (parts.isReady() ? c.text('ok\n') : c.text('starting or stopping\n', 503)))

  app.route('/', metricsRoutes({ ...parts, readStats: parts.calls.readStats, now: Date.now }))

  const api = createRoutes()
  api.use(async (c, next) => {
    const identity = await parts.identify(c)
    if (!identity) {
      throw new ApiError(401, 'unauthorized', 'a bearer token is needed', 'mailtrigger token prints it on the server')
    }
    c.set('identity', identity)
    await next()
    forbidStoring(c)
  })
  const limits = { jobs: limitBody(jobBytesMax), others: limitBody(bodyBytesMax) }
  api.use((c, next) => (c.req.path.startsWith('/api/v1/jobs/') ? limits.jobs(c, next) : limits.others(c, next)))
  mountApi(api, parts)
  app.use('/api/*', checkAddress)
  app.use('/api/*', answerUnchanged)
  app.route('/api', openapiRoutes(parts))
  app.route('/api/v1', api)
  app.route('/', parts.identityRoutes)
  app.route('/', openRoutes({ ...parts, now: Date.now }))
  app.route('/', parts.consoleRoutes)

  addErrorAnswers(app, parts.log)
  return app
}

function limitBody(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new ApiError(413, 'too_large', `the body is larger than ${formatSize(maxSize)}`)
    },
  })
}
