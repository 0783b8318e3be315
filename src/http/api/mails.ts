import { createRoute, z } from '@hono/zod-openapi'
import { mailStatuses } from '../../domain/delivery.js'
import { ApiError } from '../../domain/errors.js'
import type { MailDetail } from '../../store/store.js'
import type { ApiParts } from '../api.js'
import { Mail, MailContent, MailSummary } from '../schema/mail.js'
import { ReplayAnswer } from '../schema/replay.js'
import { Trace } from '../schema/trace.js'
import { readActor } from './actor.js'
import { answer, binaryAnswer, createRoutes, jsonBody, operation, pageOf } from './operation.js'
import { idParam, pageQuery, timeQuery } from './query.js'
import { replay, replayBody } from './replay.js'
import { readSearch, searchQuery } from './search.js'

const listQuery = z.object({
  ...pageQuery,
  status: z.enum(mailStatuses).optional(),
  search: searchQuery.optional(),
  route: z.string().max(200).optional(),
  channel: z.string().max(200).optional(),
  since: timeQuery.optional(),
  until: timeQuery.optional(),
  order: z.enum(['newest', 'oldest']).default('newest'),
})

const listMails = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'mails', 'Lists and finds mails', { request: { query: listQuery } }),
  responses: answer(pageOf(MailSummary), 'A page of mails'),
})
const replayMails = createRoute({
  method: 'post',
  path: '/replay',
  ...operation('operator', 'mails', 'Routes mails again with the config of now, the oldest first', {
    description: 'With `dry_run` nothing is kept or sent: it says for each mail what would be different.',
    request: { body: jsonBody(replayBody) },
  }),
  responses: answer(ReplayAnswer, 'How many, or the differences'),
})
const readMail = createRoute({
  method: 'get',
  path: '/{id}',
  ...operation('viewer', 'mails', 'Shows one mail with its traces, notifications and deliveries', {
    request: { params: idParam },
  }),
  responses: answer(Mail, 'The mail'),
})
const readTrace = createRoute({
  method: 'get',
  path: '/{id}/trace',
  ...operation('viewer', 'mails', 'Says why its last routing came out as it did', { request: { params: idParam } }),
  responses: answer(Trace, 'The trace'),
})
const readContent = createRoute({
  method: 'get',
  path: '/{id}/content',
  ...operation('viewer', 'mails', 'Shows what is in a mail: its text, HTML, headers and the names of its attachments', {
    request: { params: idParam },
  }),
  responses: answer(MailContent, 'What is in it'),
})
const readRaw = createRoute({
  method: 'get',
  path: '/{id}/raw',
  ...operation('viewer', 'mails', 'Gives the mail as it came in', { request: { params: idParam } }),
  responses: binaryAnswer('message/rfc822', 'The bytes, as a file to keep'),
})
const deleteMail = createRoute({
  method: 'delete',
  path: '/{id}',
  ...operation('admin', 'mails', 'Deletes a mail with all that was made of it', { request: { params: idParam } }),
  responses: answer(z.object({ deleted: z.number().int() }), 'It is gone'),
})

export function mailRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  const find = async (id: string): Promise<MailDetail> => {
    const mail = await calls.readMail(id)
    if (!mail)
      throw new ApiError(404, 'not_found', `there is no mail ${id}`, 'mailtrigger mails list shows what there is')
    return mail
  }

  routes.openapi(listMails, async (c) => {
    const { search, order, ...filter } = c.req.valid('query')
    return c.json(await calls.listMails({ ...filter, query: readSearch(search), oldestFirst: order === 'oldest' }), 200)
  })
  routes.openapi(replayMails, async (c) => c.json(await replay(calls, c.req.valid('json'), readActor(c)), 200))
  routes.openapi(readMail, async (c) => c.json(await find(c.req.valid('param').id), 200))
  routes.openapi(readTrace, async (c) => {
    const mail = await find(c.req.valid('param').id)
    const trace = mail.traces.at(-1)
    if (!trace) throw new ApiError(409, 'not_routed_yet', 'the mail has not been routed yet')
    return c.json(trace, 200)
  })
  routes.openapi(readContent, async (c) => c.json(await calls.readMailContent(c.req.valid('param').id), 200))
  routes.openapi(readRaw, async (c) => {
    const { id } = c.req.valid('param')
    const raw = await calls.readRawMail(id)
    if (!raw) throw new ApiError(404, 'not_found', `there is no mail ${id}`)
    return c.body(new Uint8Array(raw.raw), 200, {
      'content-type': 'message/rfc822',
      'content-disposition': `attachment; filename="${raw.id}.eml"`,
      'x-content-type-options': 'nosniff',
    })
  })
  routes.openapi(deleteMail, async (c) => {
    const { id } = c.req.valid('param')
    const deleted = await calls.deleteMails([id], readActor(c))
    if (deleted === 0) throw new ApiError(404, 'not_found', `there is no mail ${id}`)
    return c.json({ deleted }, 200)
  })
  return routes
}
