import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { roles } from '../../../domain/identity.js'
import { parseDuration } from '../../../domain/units.js'
import type { TokenLine } from '../../../engine/token-calls.js'
import type { UserLine } from '../../../engine/user-calls.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { ActionButton } from '../elements/action-button.js'
import { Card } from '../elements/card.js'
import { done } from '../flash.js'
import { filledIn, readForm } from '../read-form.js'
import type { RenderPage } from '../render-page.js'
import type { MountPage } from './page.js'
import { TokenForm, TokenTable, UserForm, UserTable } from './system-access-parts.js'
import { aboveSystem, SystemTabs } from './system-tabs.js'

const name = z.string().min(1).max(200)
const role = z.enum(roles)
const password = z.string().max(4_096)
const lifeSpan = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== null && ms > 0) return ms
  context.addIssue({ code: 'custom', message: 'takes a duration like 90d' })
  return z.NEVER
})
const newToken = z.object({ name, role, expires_in: filledIn(lifeSpan) })
const place = '/system/access'

/** Who may use the gateway: users, and tokens of programs. Only admins see it. */
export const accessPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  const show = async (c: Context<ConsoleEnv>, made: (TokenLine & { token: string }) | null) =>
    showAccess(render, c, { users: await calls.listUsers(), tokens: await calls.listTokens(), made })

  app.get(place, (c) => {
    actAs(c, 'admin')
    return show(c, null)
  })
  app.post(`${place}/tokens`, async (c) => {
    const actor = actAs(c, 'admin')
    const { name, role, expires_in = null } = await readForm(c, newToken)
    // Shown in this answer and nowhere else: on its way through a redirect it would be kept in a cookie.
    return show(c, await calls.createToken({ name, role, expiresInMs: expires_in }, actor))
  })
  app.post(`${place}/tokens/revoke`, async (c) => {
    const actor = actAs(c, 'admin')
    const { token } = await readForm(c, z.object({ token: z.string().max(64) }))
    const revoked = await calls.revokeToken(token, actor)
    return done(c, place, `The token ${revoked.name} does not count any more.`)
  })
  app.post(`${place}/users`, async (c) => {
    const actor = actAs(c, 'admin')
    const user = await calls.addUser(await readForm(c, z.object({ name, role, password })), actor)
    return done(c, place, `${user.name} may sign in, with the role ${user.role}.`)
  })
  app.post(`${place}/users/role`, async (c) => {
    const actor = actAs(c, 'admin')
    const form = await readForm(c, z.object({ name, role }))
    await calls.setUserRole(form.name, form.role, actor)
    return done(c, place, `${form.name} has the role ${form.role} now.`)
  })
  app.post(`${place}/users/password`, async (c) => {
    const actor = actAs(c, 'admin')
    const form = await readForm(c, z.object({ name, password }))
    await calls.setUserPassword(form.name, form.password, null, actor)
    return done(c, place, `${form.name} has a new password, and is signed out everywhere.`)
  })
  app.post(`${place}/users/delete`, async (c) => {
    const actor = actAs(c, 'admin')
    const form = await readForm(c, z.object({ name }))
    await calls.deleteUser(form.name, actor)
    return done(c, place, `${form.name} cannot sign in any more.`)
  })
  return app
}

function showAccess(
  render: RenderPage,
  c: Context<ConsoleEnv>,
  { users, tokens, made }: { users: UserLine[]; tokens: TokenLine[]; made: (TokenLine & { token: string }) | null },
) {
  return render(
    c,
    { title: 'Users and tokens', section: 'system', above: aboveSystem, styles: ['system.css'] },
    <>
      <SystemTabs current="access" />
      {made ? <NewToken made={made} /> : null}
      <Card title="Users">
        <UserTable c={c} users={users} />
        <UserForm c={c} />
      </Card>
      <Card title="Tokens">
        <TokenTable
          tokens={tokens}
          revoke={({ id, name }) => (
            <ActionButton
              c={c}
              action={`${place}/tokens/revoke`}
              label="Revoke"
              needs="admin"
              look="danger"
              confirm={`Revoke the token ${name}? What uses it is out at once.`}
            >
              <input type="hidden" name="token" value={id} />
            </ActionButton>
          )}
          url={new URL(c.req.url)}
        />
        <TokenForm c={c} />
      </Card>
    </>,
  )
}

function NewToken({ made: { name, token } }: { made: TokenLine & { token: string } }) {
  return (
    <div class="flash done" role="status">
      <div>
        <p>The token {name}, which is shown this once: copy it now.</p>
        <pre class="new-token" tabindex={0}>
          {token}
        </pre>
      </div>
    </div>
  )
}
