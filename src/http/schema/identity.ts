import { z } from '@hono/zod-openapi'
import { roles } from '../../domain/identity.js'

export const RoleName = z
  .enum(roles)
  .openapi('Role', { description: 'viewer reads; operator acts on what is there; admin changes how it works.' })

export const Token = z
  .object({
    id: z.string(),
    name: z.string(),
    role: RoleName,
    created_by: z.string(),
    created_at: z.string(),
    expires_at: z.string().nullable().describe('Null: it counts until it is revoked.'),
    last_used_at: z.string().nullable().describe('Exact to a minute.'),
    state: z.enum(['active', 'expired', 'revoked']),
  })
  .openapi('Token')

export const NewTokenAnswer = Token.extend({
  token: z.string().describe('The token itself, starting with `mt_`. It is shown here and nowhere else.'),
}).openapi('NewToken')

export const User = z
  .object({ name: z.string(), role: RoleName, created_at: z.string(), changed_at: z.string() })
  .openapi('User')

export const SignInLink = z
  .object({
    url: z.string().describe('Works once. Opening it uses nothing up, its button does.'),
    expires_at: z.string(),
  })
  .openapi('SignInLink')

export const Me = z
  .object({
    name: z.string(),
    role: RoleName,
    by: z
      .enum(['local', 'token', 'session', 'proxy'])
      .describe('`local`: the token in the data folder; `proxy`: a reverse proxy signed them in.'),
  })
  .openapi('Me')
