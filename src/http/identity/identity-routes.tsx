import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ApiError } from '../../domain/errors.js'
import type { EngineCalls } from '../../engine/engine-calls.js'
import type { Logger } from '../../log/logger.js'
import { limitCalls } from '../open/limit-calls.js'
import type { RateLimit } from '../open/rate-limit.js'
import type { Access } from './access.js'
import { accountRoutes } from './account-routes.js'
import { firstUserRoutes, onceRoutes } from './once-routes.js'
import { limitForm } from './read-fields.js'
import { type CallerEnv, forbidStoring } from './require-identity.js'
import type { ShowPage } from './show-page.js'
import { createSignInGuard } from './sign-in-guard.js'
import { signInRoutes } from './sign-in-routes.js'

/** Behind one address may be a whole company, and each form is fetched before it is sent. */
const pageRate: RateLimit = { callsMax: 120, windowMs: 60_000 }

export interface IdentityRouteParts {
  access: Access
  calls: EngineCalls
  show: ShowPage
  log: Logger
  now: () => number
}

/** The pages by which people sign in and out, and those of their own account. All of them work without scripts. */
export function identityRoutes({ log, show, ...parts }: IdentityRouteParts): Hono<CallerEnv> {
  const signIn = { ...parts, show, guard: createSignInGuard(parts.now) }
  const app = new Hono<CallerEnv>()
  app.use('/sign-in/*', limitCalls(pageRate, parts.now, parts.access.isTrustedProxy), limitForm(), async (c, next) => {
    await next()
    forbidStoring(c)
  })
  for (const routes of [signInRoutes, onceRoutes, firstUserRoutes, accountRoutes]) app.route('/', routes(signIn))
  app.onError((error, c) => {
    const known = error instanceof ApiError ? error : null
    if (known === null) log.error({ path: c.req.path, error: error.stack }, 'a page to sign in failed')
    const words = known ? `${known.message}${known.hint ? `: ${known.hint}` : ''}.` : 'Its log says why.'
    const title = known ? 'That did not work' : 'The server failed at this'
    const status = (known?.status ?? 500) as ContentfulStatusCode
    return show(c, { title, identity: null, status }, <p>{words}</p>)
  })
  return app
}
