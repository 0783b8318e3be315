import { Hono } from 'hono'
import { z } from 'zod'
import { mailStatuses } from '../../domain/delivery.js'
import { ApiError } from '../../domain/errors.js'
import type { MailDetail } from '../../store/store.js'
import type { ApiParts } from '../api.js'
import { readActor } from './actor.js'
import { pageQuery, readJson, readQuery, timeQuery } from './query.js'
import { replay, replayBody } from './replay.js'

const listQuery = z.object({
  ...pageQuery,
  status: z.enum(mailStatuses).optional(),
  search: z.string().max(500).optional(),
  route: z.string().max(200).optional(),
  since: timeQuery.optional(),
  until: timeQuery.optional(),
  order: z.enum(['newest', 'oldest']).default('newest'),
})

export function mailRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  const find = async (id: string): Promise<MailDetail> => {
    const mail = await calls.readMail(id)
    if (!mail)
      throw new ApiError(404, 'not_found', `there is no mail ${id}`, 'mailtrigger mails list shows what there is')
    return mail
  }

  routes.get('/', async (c) => {
    const { search, order, ...filter } = readQuery(c, listQuery)
    return c.json(await calls.listMails({ ...filter, text: search, oldestFirst: order === 'oldest' }))
  })
  routes.post('/replay', async (c) => c.json(await replay(calls, await readJson(c, replayBody), readActor(c))))
  routes.get('/:id', async (c) => c.json(await find(c.req.param('id'))))
  routes.get('/:id/trace', async (c) => {
    const mail = await find(c.req.param('id'))
    const trace = mail.traces.at(-1)
    if (!trace) throw new ApiError(409, 'not_routed_yet', 'the mail has not been routed yet')
    return c.json(trace)
  })
  routes.get('/:id/raw', async (c) => {
    const raw = await calls.readRawMail(c.req.param('id'))
    if (!raw) throw new ApiError(404, 'not_found', `there is no mail ${c.req.param('id')}`)
    return c.body(new Uint8Array(raw.raw), 200, {
      'content-type': 'message/rfc822',
      'content-disposition': `attachment; filename="${raw.id}.eml"`,
      'x-content-type-options': 'nosniff',
    })
  })
  routes.delete('/:id', async (c) => {
    const deleted = await calls.deleteMails([c.req.param('id')], readActor(c))
    if (deleted === 0) throw new ApiError(404, 'not_found', `there is no mail ${c.req.param('id')}`)
    return c.json({ deleted })
  })
  return routes
}
