import type { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ApiError, ConfigError, StoreError } from '../domain/errors.js'
import type { Logger } from '../log/logger.js'

/** Every answer but success is `{ error: { code, message, hint } }`. Added last: it goes by the routes there are. */
export function addErrorAnswers(app: Hono, log: Logger): void {
  app.notFound((c) => {
    const allowed = listMethods(app, c.req.path)
    if (allowed.length === 0) return c.json(errorBody('not_found', `there is nothing at ${c.req.path}`, null), 404)
    // RFC 9110 section 15.5.6: the answer says which methods there are.
    c.header('allow', allowed.join(', '))
    return c.json(errorBody('method_not_allowed', `${c.req.method} is not done here`, allowed.join(', ')), 405)
  })
  app.onError((error, c) => {
    if (error instanceof ApiError) {
      return c.json(errorBody(error.code, error.message, error.hint), error.status as ContentfulStatusCode)
    }
    if (error instanceof ConfigError) {
      const { message, issues } = error
      return c.json({ error: { code: 'config_invalid', message, hint: null, issues } }, 422)
    }
    if (error instanceof HTTPException && error.status < 500) {
      return c.json(errorBody('bad_request', error.message || 'the request is not understood', null), error.status)
    }
    log.error({ path: describePath(c.req.path), error: error.stack }, 'an API call failed')
    if (error instanceof StoreError) {
      const message = 'the store cannot be used at the moment'
      return c.json(errorBody('store_unavailable', message, 'the log of the server says why; try again later'), 503)
    }
    return c.json(errorBody('internal', 'the server failed at this; its log says why', null), 500)
  })
}

function errorBody(code: string, message: string, hint: string | null) {
  return { error: { code, message, hint } }
}

/** Outside the API the rest of a path is a secret. */
function describePath(path: string): string {
  return path.startsWith('/api/') ? path : path.replace(/^(\/[^/]*)\/.*$/s, '$1/…')
}

function listMethods(app: Hono, path: string): string[] {
  const methods = app.routes
    .filter((route) => route.method !== 'ALL' && !route.path.includes('*') && matchesPath(route.path, path))
    .map(({ method }) => method)
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))].sort()
}

/** `/mails/:id` matches `/mails/01J…`. */
function matchesPath(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => (part.startsWith(':') ? given[index] !== '' : part === given[index]))
  )
}
