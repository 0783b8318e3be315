import type { Context } from 'hono'
import { ApiError } from '../../domain/errors.js'
import { mayActAs, type Role } from '../../domain/identity.js'
import type { ConsoleEnv } from './console-env.js'

/** Who changes something, for the record. Throws `ApiError` 403 when they may not. */
export function actAs(c: Context<ConsoleEnv>, role: Role): string {
  const identity = c.get('identity')
  if (mayActAs(identity, role)) return identity.by === 'token' ? `token:${identity.name}` : `user:${identity.name}`
  throw new ApiError(
    403,
    'forbidden',
    `this takes the role ${role}`,
    `you are signed in with the role ${identity.role}`,
  )
}
