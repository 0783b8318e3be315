import type { Role } from '../../domain/identity.js'
import type { SessionLine } from '../../engine/session-calls.js'
import { CredentialField, Problem } from './sign-in-forms.js'

/** Who one is here, and the way out. `formToken` is null for whom a proxy or a token signs in with each request. */
export function WhoAmI({ name, role, formToken }: { name: string; role: Role; formToken: string | null }) {
  return (
    <section class="card">
      <p>
        You are <strong>{name}</strong>, with the role <strong>{role}</strong>.
      </p>
      {formToken === null ? (
        <p class="hint">You are signed in by what stands in front of this server; there you sign out as well.</p>
      ) : (
        <form method="post" action="/sign-out">
          <input type="hidden" name="form_token" value={formToken} />
          <button type="submit" class="button">
            Sign out
          </button>
        </form>
      )}
    </section>
  )
}

export function PasswordForm({
  name,
  problem,
  formToken,
}: {
  name: string
  problem: string | null
  formToken: string
}) {
  return (
    <section class="card">
      <h2>Change the password</h2>
      <Problem words={problem} />
      <form method="post" action="/account/password">
        <input type="hidden" name="form_token" value={formToken} />
        <input type="text" name="username" value={name} autocomplete="username" hidden readonly />
        <CredentialField name="old" label="Password now" autocomplete="current-password" />
        <CredentialField
          name="password"
          label="New password"
          autocomplete="new-password"
          hint="At least ten characters. All your other sessions end."
        />
        <CredentialField name="repeated" label="The same again" autocomplete="new-password" />
        <button type="submit" class="button primary">
          Change it
        </button>
      </form>
    </section>
  )
}

export function SessionList({
  sessions,
  ownId,
  formToken,
}: {
  sessions: SessionLine[]
  ownId: string
  formToken: string
}) {
  return (
    <section class="card">
      <h2>Where you are signed in</h2>
      <table>
        <thead>
          <tr>
            {['Browser', 'From', 'Since', 'Last seen', 'Until'].map((title) => (
              <th scope="col">{title}</th>
            ))}
            <th scope="col">
              <span class="hidden">End it</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <SessionRow session={session} isOwn={session.id === ownId} formToken={formToken} />
          ))}
        </tbody>
      </table>
      {sessions.length > 1 ? (
        <form method="post" action="/account/sessions/end-others">
          <input type="hidden" name="form_token" value={formToken} />
          <button type="submit" class="button danger">
            End all others
          </button>
        </form>
      ) : null}
    </section>
  )
}

function SessionRow({ session, isOwn, formToken }: { session: SessionLine; isOwn: boolean; formToken: string }) {
  return (
    <tr>
      <td>{session.user_agent || 'unknown'}</td>
      <td>{session.client}</td>
      {[session.created_at, session.last_seen_at, session.ends_at].map((at) => (
        <td>
          <time datetime={at}>{at.replace('T', ' ').replace(/\..*$/, ' UTC')}</time>
        </td>
      ))}
      <td>
        {isOwn ? (
          'this one'
        ) : (
          <form method="post" action={`/account/sessions/${session.id}/end`}>
            <input type="hidden" name="form_token" value={formToken} />
            <button type="submit" class="button">
              End
            </button>
          </form>
        )}
      </td>
    </tr>
  )
}
