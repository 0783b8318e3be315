import type { Child } from 'hono/jsx'

/** What came of the last try, above a form. */
export function Problem({ words }: { words: string | null }) {
  return words === null ? null : (
    <p class="error" role="alert">
      {words}
    </p>
  )
}

/** `autocomplete` tells password managers what belongs into it (HTML, section 4.10.18.7). */
export function CredentialField({
  name,
  label,
  type = 'password',
  autocomplete,
  value,
  hint,
}: {
  name: string
  label: string
  type?: 'password' | 'text'
  autocomplete: 'username' | 'current-password' | 'new-password' | 'off'
  value?: string
  hint?: Child
}) {
  const hintId = `hint-${name}`
  return (
    <div class="field">
      <label for={`field-${name}`}>{label}</label>
      <input
        id={`field-${name}`}
        name={name}
        type={type}
        value={value}
        autocomplete={autocomplete}
        autocapitalize="none"
        spellcheck={false}
        required
        aria-describedby={hint ? hintId : undefined}
      />
      {hint ? (
        <p class="hint" id={hintId}>
          {hint}
        </p>
      ) : null}
    </div>
  )
}

/** Name and password, or a token. `to` is where to go on afterwards. */
export function SignInForms({
  to,
  name,
  problem,
  hasUsers,
}: {
  to: string
  name: string
  problem: string | null
  hasUsers: boolean
}) {
  return (
    <>
      <Problem words={problem} />
      {hasUsers ? (
        <form method="post" action="/sign-in">
          <input type="hidden" name="to" value={to} />
          <CredentialField name="name" label="Name" type="text" autocomplete="username" value={name} />
          <CredentialField name="password" label="Password" autocomplete="current-password" />
          <button type="submit" class="button primary">
            Sign in
          </button>
        </form>
      ) : (
        <p>
          Nobody has a password yet. <code>mailtrigger token --link</code> on the server prints a link that signs in
          once, and there you choose one.
        </p>
      )}
      <details open={!hasUsers}>
        <summary>Sign in with a token</summary>
        <form method="post" action="/sign-in">
          <input type="hidden" name="to" value={to} />
          <CredentialField
            name="token"
            label="Token"
            autocomplete="off"
            hint={
              <>
                A token for the API, or what <code>mailtrigger token</code> prints on the server.
              </>
            }
          />
          <button type="submit" class={hasUsers ? 'button' : 'button primary'}>
            Sign in
          </button>
        </form>
      </details>
    </>
  )
}

/** Opening the link uses nothing up: previews and scanners open links as well. Only the button does. */
export function OnceForm({ code }: { code: string }) {
  return (
    <form method="post" action="/sign-in/once">
      <p>This link signs you in once, as whoever runs this server.</p>
      <input type="hidden" name="code" value={code} />
      <button type="submit" class="button primary">
        Sign in
      </button>
    </form>
  )
}

export function DeadLink() {
  return (
    <>
      <p>
        It was used, it is older than an hour, or it was cut off on its way. <code>mailtrigger token --link</code> on
        the server prints another.
      </p>
      <p>
        <a href="/sign-in">Sign in another way</a>
      </p>
    </>
  )
}

/** The first user, an admin. Whoever came by the link may go on without. */
export function FirstUserForm({
  name,
  problem,
  formToken,
}: {
  name: string
  problem: string | null
  formToken: string
}) {
  return (
    <>
      <p>You are signed in. Choose how you sign in from now on; whoever you add later has a name of their own.</p>
      <Problem words={problem} />
      <form method="post" action="/sign-in/first-user">
        <input type="hidden" name="form_token" value={formToken} />
        <CredentialField name="name" label="Name" type="text" autocomplete="username" value={name} />
        <CredentialField
          name="password"
          label="Password"
          autocomplete="new-password"
          hint="At least ten characters; several words are good."
        />
        <CredentialField name="repeated" label="The same again" autocomplete="new-password" />
        <button type="submit" class="button primary">
          Save and go on
        </button>
      </form>
      <p>
        <a href="/">Not now</a>
      </p>
    </>
  )
}
