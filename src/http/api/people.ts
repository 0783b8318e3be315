import { createRoute, z } from '@hono/zod-openapi'
import { parseDuration } from '../../domain/units.js'
import type { ApiParts } from '../api.js'
import { Person, PersonLink } from '../schema/person.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'
import { pageQuery } from './query.js'

const addressMax = 320
const listQuery = z.object({
  ...pageQuery,
  cursor: z.string().max(addressMax).optional().describe('`next_cursor` of the page before.'),
  search: z.string().max(200).optional().describe('Part of the address, the name, the manager or a group.'),
})
const params = z.object({ address: z.string().min(1).max(addressMax).describe('The mail address.') })
const changeBody = z.strictObject({
  name: z.string().max(500).nullable().optional(),
  manager: z.string().max(addressMax).nullable().optional().describe('The mail address of another person.'),
  channels: z
    .record(z.string().min(1).max(64), z.string().min(1).max(4_000).nullable())
    .optional()
    .describe('By channel: the address there, or null to take it away.'),
})
const linkBody = z.strictObject({
  channel: z.string().min(1).max(64),
  valid_for: z
    .string()
    .max(20)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== null && ms > 0) return ms
      context.addIssue({ code: 'custom', message: 'a duration like 10m' })
      return z.NEVER
    })
    .optional()
    .describe('From 1s to 24h; an hour when nothing is said.'),
})

const listPeople = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'people', 'Lists people by address: of the config, of its groups, and those entered here', {
    request: { query: listQuery },
  }),
  responses: answer(pageOf(Person), 'The people'),
})
const readPerson = createRoute({
  method: 'get',
  path: '/{address}',
  ...operation('viewer', 'people', 'Shows a person', { request: { params } }),
  responses: answer(Person, 'The person'),
})
const setPerson = createRoute({
  method: 'patch',
  path: '/{address}',
  ...operation('operator', 'people', 'Changes what is named of a person; null takes it away', {
    description: 'Enters somebody nobody knows yet. What the config says of a person cannot be changed here: 409.',
    request: { params, body: jsonBody(changeBody) },
  }),
  responses: answer(Person, 'The person as they are now'),
})
const replacePerson = createRoute({
  method: 'put',
  path: '/{address}',
  ...operation('operator', 'people', 'Enters a person; what is not named is taken away', {
    description: 'What the config says of a person stays, and cannot be changed here: 409.',
    request: { params, body: jsonBody(changeBody) },
  }),
  responses: answer(Person, 'The person as they are now'),
})
const deletePerson = createRoute({
  method: 'delete',
  path: '/{address}',
  ...operation('admin', 'people', 'Deletes what was entered of a person, who is in no file', { request: { params } }),
  responses: answer(z.object({ deleted: z.literal(1) }), 'They are gone'),
})
const linkPerson = createRoute({
  method: 'post',
  path: '/{address}/link',
  ...operation('operator', 'people', 'Makes a link by which a person links an address of their own', {
    description:
      'It works once. Whoever opens it gets the alerts of the person on the channel; a new one ends the one before.',
    request: { params, body: jsonBody(linkBody) },
  }),
  responses: answer(PersonLink, 'The link', 201),
})

export function peopleRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listPeople, async (c) => c.json(await calls.listPeople(c.req.valid('query')), 200))
  routes.openapi(readPerson, async (c) => c.json(await calls.readPerson(c.req.valid('param').address), 200))
  routes.openapi(setPerson, async (c) => {
    const { address } = c.req.valid('param')
    return c.json(await calls.setPerson(address, c.req.valid('json'), readActor(c)), 200)
  })
  routes.openapi(replacePerson, async (c) => {
    const { address } = c.req.valid('param')
    return c.json(await calls.replacePerson(address, c.req.valid('json'), readActor(c)), 200)
  })
  routes.openapi(deletePerson, async (c) => {
    await calls.deletePerson(c.req.valid('param').address, readActor(c))
    return c.json({ deleted: 1 as const }, 200)
  })
  routes.openapi(linkPerson, async (c) => {
    const { address } = c.req.valid('param')
    const { channel, valid_for: validMs } = c.req.valid('json')
    return c.json(await calls.linkPerson(address, channel, validMs ?? null, readActor(c)), 201)
  })
  return routes
}
