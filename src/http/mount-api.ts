import type { OpenAPIHono } from '@hono/zod-openapi'
import { actionRoutes } from './api/actions.js'
import { auditRoutes } from './api/audit.js'
import { channelRoutes } from './api/channels.js'
import { configRoutes } from './api/config.js'
import { deliveryRoutes } from './api/deliveries.js'
import { doctorRoutes } from './api/doctor.js'
import { eventRoutes } from './api/events.js'
import { injectRoutes } from './api/inject-mail.js'
import { jobRoutes } from './api/jobs.js'
import { mailRoutes } from './api/mails.js'
import { monitorRoutes } from './api/monitors.js'
import { nearMissRoutes } from './api/near-misses.js'
import { notificationRoutes } from './api/notifications.js'
import type { ApiEnv } from './api/operation.js'
import { peopleRoutes } from './api/people.js'
import { routeRoutes } from './api/routes.js'
import { ruleRoutes } from './api/rules.js'
import { savedSearchRoutes } from './api/saved-searches.js'
import { seriesRoutes } from './api/series.js'
import { serverRoutes } from './api/server.js'
import { silenceRoutes } from './api/silences.js'
import { tokenRoutes } from './api/tokens.js'
import { tryDraftRoutes } from './api/try-draft.js'
import { meRoutes, userRoutes } from './api/users.js'
import type { ApiParts } from './api.js'

/** Every resource of the API at its place. Fixed paths come before those that take any name. */
export function mountApi(api: OpenAPIHono<ApiEnv>, parts: ApiParts): void {
  api.route('/mails', mailRoutes(parts))
  api.route('/mails', injectRoutes(parts))
  api.route('/mails', nearMissRoutes(parts))
  api.route('/routes', tryDraftRoutes(parts))
  api.route('/routes', routeRoutes(parts))
  api.route('/saved-searches', savedSearchRoutes(parts))
  api.route('/stats', seriesRoutes(parts))
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
  api.route('/doctor', doctorRoutes(parts))
  api.route('/tokens', tokenRoutes(parts))
  api.route('/users', userRoutes(parts))
  api.route('/', meRoutes())
  api.route('/', serverRoutes(parts))
}
