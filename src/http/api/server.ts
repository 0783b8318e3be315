import { Hono } from 'hono'
import { ulid } from 'ulid'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.js'
import type { ApiParts } from '../api.js'
import { pageQuery, readQuery } from './query.js'

const inboxQuery = z.object({ ...pageQuery, recipient: z.string().max(320).optional() })
const rejectionQuery = z.object({ limit: pageQuery.limit })
const explainQuery = z.object({ from: z.string().max(320).default(''), to: z.string().max(2_000).default('') })

/** Status, config, inbox, rejected log, and `explain` for a mail that was never received. */
export function serverRoutes({ calls, status, reload }: Pick<ApiParts, 'calls' | 'status' | 'reload'>): Hono {
  const routes = new Hono()
  routes.get('/status', async (c) => c.json(await status()))
  routes.post('/config/reload', async (c) => c.json(await reload()))
  routes.get('/inbox', async (c) => c.json(await calls.listInbox(readQuery(c, inboxQuery))))
  routes.get('/rejections', async (c) => {
    const { limit } = readQuery(c, rejectionQuery)
    return c.json({ items: await calls.listRejections(limit), next_cursor: null })
  })
  routes.post('/routes/explain', async (c) => {
    const { from, to } = readQuery(c, explainQuery)
    const raw = new Uint8Array(await c.req.arrayBuffer())
    if (raw.byteLength === 0) throw new ApiError(400, 'bad_request', 'the body is the raw mail, and it is empty')
    const envelope = {
      from,
      to: to.split(',').filter(Boolean),
      client: '127.0.0.1',
      helo: 'api',
      tls: false,
      user: null,
    }
    return c.json(await calls.explainRaw({ id: ulid(), receivedAt: Date.now(), envelope, raw }))
  })
  return routes
}
