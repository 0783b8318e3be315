import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ApiError } from '../../domain/errors.js'
import { readActor } from '../api/actor.js'
import type { Caller } from './access.js'
import { readFields } from './read-fields.js'
import { type CallerEnv, requireIdentity } from './require-identity.js'
import { begin, placeOf, requireFormToken, requireSession, type SignInParts } from './sign-in.js'
import { DeadLink, FirstUserForm, OnceForm } from './sign-in-forms.js'
import { signInByPassword } from './sign-in-routes.js'

const codeLengthMax = 200

/** The link that signs in once, and how the first user is made. Fetching the link changes nothing: its button does. */
export function onceRoutes({ access, calls, guard, show }: SignInParts): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>()
  const showDeadLink = (c: Context) =>
    show(c, { title: 'This link does not sign in', identity: null, status: 410 }, <DeadLink />)

  app.get('/sign-in/once', async (c) => {
    const code = (c.req.query('code') ?? '').slice(0, codeLengthMax)
    if (!(await calls.isSignInCode(code))) return showDeadLink(c)
    return show(c, { title: 'Sign in', identity: null }, <OnceForm code={code} />)
  })
  app.post('/sign-in/once', async (c) => {
    access.requireOwnPage(c)
    const place = placeOf(c, access)
    const code = (await readFields(c))('code').slice(0, codeLengthMax)
    const session = await guard(c, { client: place.client, name: null }, () =>
      calls.signInByCode(code, access.ownerDigest(), place),
    )
    if (session === null) return showDeadLink(c)
    return begin(c, access, session, (await calls.countUsers()) === 0 ? '/sign-in/first-user' : '/')
  })
  return app
}

export function firstUserRoutes(parts: SignInParts): Hono<CallerEnv> {
  const { access, calls, show } = parts
  const app = new Hono<CallerEnv>()
  const ask = (c: Context<CallerEnv>, form: { name: string; problem: string | null }, status: number) =>
    show(
      c,
      { title: 'Welcome to MailTrigger', identity: null, status: status as ContentfulStatusCode },
      <FirstUserForm {...form} formToken={requireOwner(c.get('caller')).formToken} />,
    )

  app.use('/sign-in/first-user', requireIdentity(access))
  app.get('/sign-in/first-user', async (c) => {
    if ((await calls.countUsers()) > 0) return c.redirect('/account', 303)
    return ask(c, { name: '', problem: null }, 200)
  })
  app.post('/sign-in/first-user', async (c) => {
    const owner = requireOwner(c.get('caller'))
    const field = await readFields(c)
    requireFormToken(owner, field('form_token'))
    const [name, password] = [field('name'), field('password')]
    if (password !== field('repeated')) return ask(c, { name, problem: 'The two passwords are not the same.' }, 400)
    try {
      await calls.addFirstUser({ name, password }, readActor(c))
    } catch (error) {
      if (error instanceof ApiError) return ask(c, { name, problem: `${error.message}.` }, error.status)
      throw error
    }
    const session = await signInByPassword(parts, c, name, password)
    if (session === null) throw new ApiError(409, 'changed', 'somebody changed the user meanwhile', 'sign in')
    await calls.endSession(owner.id, owner.holder, readActor(c))
    return begin(c, access, session, '/')
  })
  return app
}

/** Only whoever came by the link, or by the token in the data folder, makes the first user. */
function requireOwner(caller: Caller): NonNullable<Caller['session']> {
  const session = requireSession(caller)
  if (session.holder.type === 'owner') return session
  throw new ApiError(403, 'forbidden', 'only whoever runs the server makes the first user')
}
