import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ApiError } from '../../domain/errors.js'
import { readActor } from '../api/actor.js'
import { PasswordForm, SessionList, WhoAmI } from './account-parts.js'
import { limitForm, readFields } from './read-fields.js'
import { type CallerEnv, requireIdentity } from './require-identity.js'
import { placeOf, requireFormToken, requireSession, type SignInParts } from './sign-in.js'

/** What everybody may do with their own account: see who they are, change their password, end their sessions. */
export function accountRoutes(parts: SignInParts): Hono<CallerEnv> {
  const { access, calls } = parts
  const app = new Hono<CallerEnv>()
  app.use('/account', requireIdentity(access))
  app.use('/account/*', limitForm(), requireIdentity(access))
  app.get('/account', (c) => showAccount(parts, c, null, 200))
  app.post('/account/password', async (c) => {
    const problem = await changePassword(parts, c)
    return problem ? showAccount(parts, c, problem.words, problem.status) : c.redirect('/account', 303)
  })
  app.post('/account/sessions/end-others', async (c) => {
    const session = requireSession(c.get('caller'))
    requireFormToken(session, (await readFields(c))('form_token'))
    await calls.endSessionsOf(session.holder, session.id, readActor(c))
    return c.redirect('/account', 303)
  })
  app.post('/account/sessions/:id/end', async (c) => {
    const session = requireSession(c.get('caller'))
    requireFormToken(session, (await readFields(c))('form_token'))
    // One that is over already is as it should be.
    await calls.endSession(c.req.param('id'), session.holder, readActor(c))
    return c.redirect('/account', 303)
  })
  return app
}

async function showAccount(
  { calls, show }: SignInParts,
  c: Context<CallerEnv>,
  problem: string | null,
  status: number,
): Promise<Response> {
  const { identity, session } = c.get('caller')
  const formToken = session?.formToken ?? null
  const sessions = session === null ? [] : await calls.listSessions(session.holder)
  return show(
    c,
    { title: 'Your account', identity, status: status as ContentfulStatusCode },
    <>
      <WhoAmI name={identity.name} role={identity.role} formToken={formToken} />
      {session?.holder.type === 'user' ? (
        <PasswordForm name={identity.name} problem={problem} formToken={session.formToken} />
      ) : null}
      {session ? <SessionList sessions={sessions} ownId={session.id} formToken={session.formToken} /> : null}
    </>,
  )
}

/** What is wrong with it, or null when it was changed. */
async function changePassword(
  { access, calls, guard }: SignInParts,
  c: Context<CallerEnv>,
): Promise<{ words: string; status: number } | null> {
  const session = requireSession(c.get('caller'))
  const field = await readFields(c)
  requireFormToken(session, field('form_token'))
  const { holder } = session
  if (holder.type !== 'user') throw new ApiError(403, 'forbidden', 'only users have a password')
  const password = field('password')
  if (password !== field('repeated')) return { words: 'The two new passwords are not the same.', status: 400 }
  const { client } = placeOf(c, access)
  try {
    const isRight = await guard(c, { client, name: holder.user }, async () =>
      (await calls.checkPassword(holder.user, field('old'))) ? true : null,
    )
    if (!isRight) return { words: 'The password now is not right.', status: 400 }
    await calls.setUserPassword(holder.user, password, session.id, readActor(c))
    return null
  } catch (error) {
    if (error instanceof ApiError) return { words: `${error.message}.`, status: error.status }
    throw error
  }
}
