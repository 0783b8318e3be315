import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import { roles } from '../../../domain/identity.js'
import type { TokenLine } from '../../../engine/token-calls.js'
import type { UserLine } from '../../../engine/user-calls.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText, sliceList } from '../cut-text.js'
import { ActionButton } from '../elements/action-button.js'
import { Badge } from '../elements/badge.js'
import { EmptyState, Fold } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Select, TextField } from '../elements/field.js'
import { More } from '../elements/more.js'
import { Time } from '../elements/time.js'

const place = '/system/access'
const nameMax = 80
const tokensPerPage = 30
const usersPerPage = 25
const roleOptions = roles.map((role) => ({ value: role, label: role }))

export function UserTable({ c, users }: { c: Context<ConsoleEnv>; users: UserLine[] }) {
  const from = readFrom(c, 'users')
  const { shown, next } = sliceList(users, from, () => 1, { countMax: usersPerPage })
  if (users.length === 0) {
    return (
      <EmptyState title="Nobody has a name and a password yet">
        <p>Whoever reads the token in the data folder can sign in. Add yourself, so that changes carry your name.</p>
      </EmptyState>
    )
  }
  return (
    <>
      <DataTable
        caption="Users"
        columns={[
          { title: 'Name', look: 'wide', cell: ({ name }) => cutText(name, nameMax) },
          { title: 'Role', cell: ({ role }) => role },
          { title: 'Changed', look: 'narrow', cell: ({ changed_at }) => <Time at={changed_at} /> },
          { title: 'Change', cell: (user) => <UserChange c={c} user={user} /> },
        ]}
        rows={shown}
      />
      <More href={`${place}?list=users`} from={from} next={next} label="Pages of users" />
    </>
  )
}

function UserChange({ c, user: { name, role } }: { c: Context<ConsoleEnv>; user: UserLine }) {
  const id = `user-${encodeURIComponent(name)}`
  const who = <input type="hidden" name="name" value={name} />
  return (
    <Fold title="Change">
      <ActionButton c={c} action={`${place}/users/role`} label="Give this role" needs="admin">
        {who}
        <label for={`${id}-role`}>Role</label>
        <select id={`${id}-role`} name="role">
          {roles.map((one) => (
            <option value={one} selected={one === role}>
              {one}
            </option>
          ))}
        </select>
      </ActionButton>
      <ActionButton c={c} action={`${place}/users/password`} label="Set this password" needs="admin">
        {who}
        <label for={`${id}-password`}>New password</label>
        <input
          id={`${id}-password`}
          type="password"
          name="password"
          autocomplete="new-password"
          minlength={10}
          required
        />
      </ActionButton>
      <ActionButton
        c={c}
        action={`${place}/users/delete`}
        label="Remove"
        needs="admin"
        look="danger"
        confirm={`Remove ${name}? They are signed out everywhere.`}
      >
        {who}
      </ActionButton>
    </Fold>
  )
}

export function UserForm({ c }: { c: Context<ConsoleEnv> }) {
  return (
    <Fold title="Add a user">
      <ActionButton c={c} action={`${place}/users`} label="Add" needs="admin" look="primary">
        <TextField name="name" label="Name" required />
        <Select
          name="role"
          label="Role"
          value="operator"
          options={roleOptions}
          hint="A viewer looks, an operator acts on what is there, an admin changes how the gateway works."
        />
        <TextField name="password" label="Password" type="password" required hint="At least ten characters." />
      </ActionButton>
    </Fold>
  )
}

/** @param revoke the button of a token that counts */
export function TokenTable({
  tokens,
  revoke,
  url,
}: {
  tokens: TokenLine[]
  revoke: (token: TokenLine) => Child
  url: URL
}) {
  const from = url.searchParams.get('list') === 'tokens' ? readNumber(url.searchParams.get('from')) : 0
  const { shown, next } = sliceList(tokens, from, () => 1, { countMax: tokensPerPage })
  if (tokens.length === 0) {
    return (
      <EmptyState title="No program has a token yet">
        <p>A program that uses the API carries a token, with a role and a name of its own.</p>
      </EmptyState>
    )
  }
  return (
    <>
      <DataTable
        caption="Tokens, newest first"
        columns={[
          {
            title: 'Name',
            look: 'wide',
            cell: ({ name, created_by }) => (
              <>
                {cutText(name, nameMax)}
                <p class="sub">by {cutText(created_by, nameMax)}</p>
              </>
            ),
          },
          { title: 'Role', cell: ({ role }) => role },
          { title: 'State', look: 'narrow', cell: ({ state }) => <TokenBadge state={state} /> },
          { title: 'Last used', look: 'narrow', cell: ({ last_used_at }) => <Time at={last_used_at} /> },
          { title: 'Until', look: 'narrow', cell: ({ expires_at }) => <Time at={expires_at} far="revoked" /> },
          { title: 'Revoke', cell: (token) => (token.state === 'active' ? revoke(token) : null) },
        ]}
        rows={shown}
      />
      <More href={`${place}?list=tokens`} from={from} next={next} label="Pages of tokens" />
    </>
  )
}

function TokenBadge({ state }: { state: TokenLine['state'] }) {
  if (state === 'active') {
    return (
      <Badge tone="good" icon="check">
        counts
      </Badge>
    )
  }
  return (
    <Badge tone="quiet" icon={state === 'expired' ? 'clock' : 'cross'}>
      {state}
    </Badge>
  )
}

export function TokenForm({ c }: { c: Context<ConsoleEnv> }) {
  return (
    <Fold title="Make a token">
      <ActionButton c={c} action={`${place}/tokens`} label="Make it" needs="admin" look="primary">
        <TextField name="name" label="Name" required hint="What it is for." />
        <Select name="role" label="Role" value="viewer" options={roleOptions} />
        <TextField name="expires_in" label="Counts for" placeholder="90d" hint="Empty: until it is revoked." />
      </ActionButton>
    </Fold>
  )
}

function readFrom(c: Context<ConsoleEnv>, list: string): number {
  return c.req.query('list') === list ? readNumber(c.req.query('from') ?? null) : 0
}

function readNumber(text: string | null): number {
  const number = Number(text)
  return Number.isSafeInteger(number) && number > 0 ? number : 0
}
