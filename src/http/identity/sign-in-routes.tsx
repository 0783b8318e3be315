import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ApiError } from '../../domain/errors.js'
import { digestSecret } from '../../engine/new-secret.js'
import type { StartedSession } from '../../engine/session-calls.js'
import { readActor } from '../api/actor.js'
import { limitForm, readFields } from './read-fields.js'
import { type CallerEnv, ownPath, requireIdentity } from './require-identity.js'
import { dropSessionCookie } from './session-cookie.js'
import { begin, placeOf, requireFormToken, type SignInParts } from './sign-in.js'
import { SignInForms } from './sign-in-forms.js'

const secretLengthMax = 200
const passwordLengthMax = 4_096

interface SignInForm {
  to: string
  name: string
  problem: string | null
}

/** Signing in by name and password or by a token, and signing out. */
export function signInRoutes(parts: SignInParts): Hono<CallerEnv> {
  const { access, calls, show } = parts
  const app = new Hono<CallerEnv>()
  const ask = async (c: Context, form: SignInForm, status: number) =>
    show(
      c,
      { title: 'Sign in', identity: null, status: status as ContentfulStatusCode },
      <SignInForms {...form} hasUsers={(await calls.countUsers()) > 0} />,
    )

  app.get('/sign-in', async (c) => {
    const to = ownPath(c.req.query('to'))
    if ((await access.recognise(c)) !== null) return c.redirect(to, 303)
    return ask(c, { to, name: '', problem: null }, 200)
  })
  app.post('/sign-in', async (c) => {
    access.requireOwnPage(c)
    const field = await readFields(c)
    const form = { to: ownPath(field('to')), name: field('name').slice(0, secretLengthMax) }
    const token = field('token').trim().slice(0, secretLengthMax)
    try {
      const session =
        token === '' ? await signInByPassword(parts, c, form.name, field('password')) : await byToken(parts, c, token)
      if (session !== null) return begin(c, access, session, form.to)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return ask(c, { ...form, problem: `${error.message}.` }, error.status)
    }
    const problem = token === '' ? 'The name or the password is wrong.' : 'This token does not count.'
    return ask(c, { ...form, problem }, 401)
  })

  app.use('/sign-out', limitForm(), requireIdentity(access))
  app.post('/sign-out', async (c) => {
    const { session } = c.get('caller')
    if (session !== null) {
      requireFormToken(session, (await readFields(c))('form_token'))
      await calls.endSession(session.id, session.holder, readActor(c))
    }
    dropSessionCookie(c, access.isSecure(c))
    return c.redirect('/sign-in', 303)
  })
  return app
}

/** Null when name or password are wrong. Rejects with `ApiError` 429 after too many tries. */
export function signInByPassword(
  { access, calls, guard }: SignInParts,
  c: Context,
  name: string,
  password: string,
): Promise<StartedSession | null> {
  const place = placeOf(c, access)
  const given = password.slice(0, passwordLengthMax)
  return guard(c, { client: place.client, name }, () => calls.signInByPassword(name, given, place))
}

function byToken({ access, calls, guard }: SignInParts, c: Context, token: string): Promise<StartedSession | null> {
  const place = placeOf(c, access)
  return guard(c, { client: place.client, name: null }, () =>
    access.isLocalToken(token)
      ? calls.signInAsOwner(access.ownerDigest(), place)
      : calls.signInByToken(digestSecret(token), place),
  )
}
