import { createRoute, z } from '@hono/zod-openapi'
import { parseDuration } from '../../domain/units.js'
import type { ApiParts } from '../api.js'
import { NewTokenAnswer, RoleName, SignInLink, Token } from '../schema/identity.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'

const lifeSpan = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== null && ms > 0) return ms
  context.addIssue({ code: 'custom', message: 'a duration like 90d' })
  return z.NEVER
})
const newToken = z.strictObject({
  name: z.string().max(200).describe('What it is for. No two that count have the same.'),
  role: RoleName,
  expires_in: lifeSpan.optional().describe('How long it counts, like 90d. Default: until it is revoked.'),
})

const listTokens = createRoute({
  method: 'get',
  path: '/',
  ...operation('admin', 'tokens', 'Lists the tokens, newest first'),
  responses: answer(pageOf(Token), 'The tokens'),
})
const createToken = createRoute({
  method: 'post',
  path: '/',
  ...operation('admin', 'tokens', 'Makes a token, which is shown this once', { request: { body: jsonBody(newToken) } }),
  responses: answer(NewTokenAnswer, 'The token', 201),
})
const createLink = createRoute({
  method: 'post',
  path: '/sign-in-link',
  ...operation('admin', 'tokens', 'Makes a link that signs in to the console once, as admin, within an hour'),
  responses: answer(SignInLink, 'The link', 201),
})
const revokeToken = createRoute({
  method: 'delete',
  path: '/{token}',
  ...operation('admin', 'tokens', 'Revokes a token at once, and ends the sessions that were begun with it', {
    request: { params: z.object({ token: z.string().max(200).describe('Its id, or its name.') }) },
  }),
  responses: answer(Token, 'The token as it is now'),
})

/** Bearer tokens, and links that sign in once. */
export function tokenRoutes({ calls, url }: Pick<ApiParts, 'calls' | 'url'>) {
  const routes = createRoutes()
  routes.openapi(listTokens, async (c) => c.json({ items: await calls.listTokens(), next_cursor: null }, 200))
  routes.openapi(createToken, async (c) => {
    const { name, role, expires_in } = c.req.valid('json')
    c.header('cache-control', 'no-store')
    return c.json(await calls.createToken({ name, role, expiresInMs: expires_in ?? null }, readActor(c)), 201)
  })
  routes.openapi(createLink, async (c) => {
    const { code, expires_at } = await calls.createSignInCode(readActor(c))
    return c.json({ url: `${url()}/sign-in/once?code=${code}`, expires_at }, 201)
  })
  routes.openapi(revokeToken, async (c) =>
    c.json(await calls.revokeToken(c.req.valid('param').token, readActor(c)), 200),
  )
  return routes
}
