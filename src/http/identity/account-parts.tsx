import type { Role } from '../../domain/identity.js'
import type { SessionLine } from '../../engine/session-calls.js'
import { cutText } from '../console/cut-text.js'
import { Card } from '../console/elements/card.js'
import { DataTable } from '../console/elements/data-table.js'
import { Time } from '../console/elements/time.js'
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
    <Card title="Change the password">
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
    </Card>
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
    <Card title="Where you are signed in">
      <DataTable
        caption="Where you are signed in"
        columns={[
          { title: 'Browser', look: 'wide', cell: ({ user_agent }) => <Browser userAgent={user_agent} /> },
          { title: 'From', look: 'narrow', cell: ({ client }) => client },
          { title: 'Since', look: 'narrow', cell: ({ created_at }) => <Time at={created_at} /> },
          { title: 'Last seen', look: 'narrow', cell: ({ last_seen_at }) => <Time at={last_seen_at} /> },
          { title: 'Until', look: 'narrow', cell: ({ ends_at }) => <Time at={ends_at} /> },
          {
            title: 'End it',
            look: 'narrow',
            cell: ({ id }) => <EndSession id={id} isOwn={id === ownId} formToken={formToken} />,
          },
        ]}
        rows={sessions}
      />
      {sessions.length > 1 ? (
        <form method="post" action="/account/sessions/end-others" class="bulk">
          <input type="hidden" name="form_token" value={formToken} />
          <button type="submit" class="button danger">
            End all others
          </button>
        </form>
      ) : null}
    </Card>
  )
}

function Browser({ userAgent }: { userAgent: string }) {
  return <span title={userAgent || undefined}>{nameBrowser(userAgent)}</span>
}

/** `Firefox 142 on Linux`, as far as it says so; else its own words. */
export function nameBrowser(userAgent: string): string {
  const known = browsers.find(([mark]) => userAgent.includes(`${mark}/`))
  if (!known) return cutText(userAgent || 'unknown', userAgentMax)
  const [mark, name] = known
  const major = new RegExp(`(?:Version|${mark})/(\\d+)`).exec(userAgent)?.[1] ?? ''
  const system = systems.find(([sign]) => userAgent.includes(sign))?.[1]
  return `${name} ${major}${system ? ` on ${system}` : ''}`
}

const userAgentMax = 80
/** In this order: most of them say they are those after them, too. */
const browsers = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['Firefox', 'Firefox'],
  ['Chrome', 'Chrome'],
  ['Safari', 'Safari'],
] as const
const systems = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
] as const

function EndSession({ id, isOwn, formToken }: { id: string; isOwn: boolean; formToken: string }) {
  if (isOwn) return 'this one'
  return (
    <form method="post" action={`/account/sessions/${id}/end`}>
      <input type="hidden" name="form_token" value={formToken} />
      <button type="submit" class="button">
        End
      </button>
    </form>
  )
}
