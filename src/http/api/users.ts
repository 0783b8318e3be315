import { createRoute, z } from '@hono/zod-openapi'
import type { ApiParts } from '../api.js'
import { Me, RoleName, User } from '../schema/identity.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'

const password = z.string().max(4_096).describe('At least ten characters.')
const named = z.object({ name: z.string().max(200) })
const newUser = z.strictObject({ name: z.string().max(200), role: RoleName, password })
const userChange = z
  .strictObject({ role: RoleName.optional(), password: password.optional() })
  .refine((change) => change.role !== undefined || change.password !== undefined, { error: 'says nothing to change' })

const readMe = createRoute({
  method: 'get',
  path: '/me',
  ...operation('viewer', 'users', 'Says who asks, and what they may do'),
  responses: answer(Me, 'Who asks'),
})
const listUsers = createRoute({
  method: 'get',
  path: '/',
  ...operation('admin', 'users', 'Lists who may sign in to the console by name and password'),
  responses: answer(pageOf(User), 'The users'),
})
const addUser = createRoute({
  method: 'post',
  path: '/',
  ...operation('admin', 'users', 'Adds somebody who may sign in', { request: { body: jsonBody(newUser) } }),
  responses: answer(User, 'The user', 201),
})
const changeUser = createRoute({
  method: 'patch',
  path: '/{name}',
  ...operation('admin', 'users', 'Changes role or password; a new password ends all sessions of the user', {
    request: { params: named, body: jsonBody(userChange) },
  }),
  responses: answer(User, 'The user as they are now'),
})
const deleteUser = createRoute({
  method: 'delete',
  path: '/{name}',
  ...operation('admin', 'users', 'Removes a user and ends their sessions; the last admin stays', {
    request: { params: named },
  }),
  responses: answer(z.object({ deleted: z.literal(1) }), 'They are gone'),
})

export function meRoutes() {
  const routes = createRoutes()
  routes.openapi(readMe, (c) => {
    const { name, role, by } = c.get('identity')
    return c.json({ name, role, by }, 200)
  })
  return routes
}

/** Who may sign in to the console by name and password. */
export function userRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listUsers, async (c) => c.json({ items: await calls.listUsers(), next_cursor: null }, 200))
  routes.openapi(addUser, async (c) => c.json(await calls.addUser(c.req.valid('json'), readActor(c)), 201))
  routes.openapi(changeUser, async (c) => {
    const { name } = c.req.valid('param')
    return c.json(await calls.changeUser(name, c.req.valid('json'), readActor(c)), 200)
  })
  routes.openapi(deleteUser, async (c) => {
    await calls.deleteUser(c.req.valid('param').name, readActor(c))
    return c.json({ deleted: 1 as const }, 200)
  })
  return routes
}
