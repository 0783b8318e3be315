import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ApiError, ConfigError } from '../domain/errors.js'
import type { Identity } from '../domain/identity.js'
import type { RawMail } from '../domain/mail.js'
import { formatSize } from '../domain/units.js'
import type { EngineCalls } from '../engine/engine-calls.js'
import type { Logger } from '../log/logger.js'
import { actionRoutes } from './api/actions.js'
import { auditRoutes } from './api/audit.js'
import { channelRoutes } from './api/channels.js'
import { configRoutes } from './api/config.js'
import { deliveryRoutes } from './api/deliveries.js'
import { eventRoutes } from './api/events.js'
import { injectRoutes } from './api/inject-mail.js'
import { jobRoutes } from './api/jobs.js'
import { mailRoutes } from './api/mails.js'
import { monitorRoutes } from './api/monitors.js'
import { nearMissRoutes } from './api/near-misses.js'
import { notificationRoutes } from './api/notifications.js'
import { createRoutes } from './api/operation.js'
import { peopleRoutes } from './api/people.js'
import { ruleRoutes } from './api/rules.js'
import { serverRoutes } from './api/server.js'
import { silenceRoutes } from './api/silences.js'
import { tokenRoutes } from './api/tokens.js'
import { meRoutes, userRoutes } from './api/users.js'
import type { EventLog } from './event-log.js'
import { type CallerEnv, forbidStoring } from './identity/require-identity.js'
import type { IsTrustedProxy } from './open/client-address.js'
import { openRoutes } from './open/open-routes.js'
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
  /** How people reach this server: what links start with. No slash at its end. */
  url: () => string
  /** The same path as a mail takes that comes by SMTP: resolves when it is durable and there is room for more. */
  saveMail: (mail: RawMail) => Promise<void>
  newId: () => string
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
  api.route('/mails', mailRoutes(parts))
  api.route('/mails', injectRoutes(parts))
  api.route('/mails', nearMissRoutes(parts))
  api.route('/notifications', notificationRoutes(parts))
  api.route('/deliveries', deliveryRoutes(parts))
  api.route('/actions', actionRoutes(parts))
  api.route('/channels', channelRoutes(parts))
  api.route('/jobs', jobRoutes(parts))
  api.route('/people', peopleRoutes(parts))
  api.route('/silences', silenceRoutes(parts))
  api.route('/monitors', monitorRoutes(parts))
  api.route('/rules', ruleRoutes(parts))
  api.route('/audit', auditRoutes(parts))
  api.route('/events', eventRoutes(parts))
  api.route('/config', configRoutes(parts))
  api.route('/tokens', tokenRoutes(parts))
  api.route('/users', userRoutes(parts))
  api.route('/', meRoutes())
  api.route('/', serverRoutes(parts))
  app.route('/api/v1', api)
  app.route('/', parts.identityRoutes)
  app.route('/', openRoutes({ ...parts, now: Date.now }))

  app.notFound((c) => c.json(errorBody('not_found', `there is nothing at ${c.req.path}`, null), 404))
  app.onError((error, c) => {
    if (error instanceof ApiError) {
      return c.json(errorBody(error.code, error.message, error.hint), error.status as ContentfulStatusCode)
    }
    if (error instanceof ConfigError) {
      return c.json(
        { error: { code: 'config_invalid', message: error.message, hint: null, issues: error.issues } },
        422,
      )
    }
    parts.log.error({ path: describePath(c.req.path), error: error.stack }, 'an API call failed')
    return c.json(errorBody('internal', 'the server failed at this; its log says why', null), 500)
  })
  return app
}

/** Outside the API the rest of a path is a secret. */
function describePath(path: string): string {
  return path.startsWith('/api/') ? path : path.replace(/^(\/[^/]*)\/.*$/s, '$1/…')
}

function limitBody(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new ApiError(413, 'too_large', `the body is larger than ${formatSize(maxSize)}`)
    },
  })
}

function errorBody(code: string, message: string, hint: string | null) {
  return { error: { code, message, hint } }
}
