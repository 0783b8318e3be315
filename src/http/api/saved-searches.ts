import { createRoute, z } from '@hono/zod-openapi'
import { savedNameLengthMax } from '../../engine/saved-search-calls.js'
import type { ApiParts } from '../api.js'
import { SavedSearch } from '../schema/saved-search.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'
import { searchQuery } from './search.js'

const named = z.object({ name: z.string().min(1).max(savedNameLengthMax) })

const listSaved = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'mails', 'Lists the searches that the caller keeps'),
  responses: answer(pageOf(SavedSearch), 'By name'),
})
const saveSearch = createRoute({
  method: 'put',
  path: '/{name}',
  ...operation('viewer', 'mails', 'Keeps a search for the caller, or changes it', {
    request: { params: named, body: jsonBody(z.object({ search: searchQuery })) },
  }),
  responses: answer(SavedSearch, 'It is kept'),
})
const deleteSaved = createRoute({
  method: 'delete',
  path: '/{name}',
  ...operation('viewer', 'mails', 'Forgets a search of the caller', { request: { params: named } }),
  responses: answer(z.object({ deleted: z.literal(1) }), 'It is gone'),
})

export function savedSearchRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listSaved, async (c) =>
    c.json({ items: await calls.listSavedSearches(readActor(c)), next_cursor: null }, 200),
  )
  routes.openapi(saveSearch, async (c) => {
    const { name } = c.req.valid('param')
    return c.json(await calls.saveSearch({ name, search: c.req.valid('json').search }, readActor(c)), 200)
  })
  routes.openapi(deleteSaved, async (c) => {
    await calls.deleteSavedSearch(c.req.valid('param').name, readActor(c))
    return c.json({ deleted: 1 as const }, 200)
  })
  return routes
}
