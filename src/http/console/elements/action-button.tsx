import type { Context } from 'hono'
import type { Child, PropsWithChildren } from 'hono/jsx'
import { mayActAs, type Role } from '../../../domain/identity.js'
import type { ConsoleEnv } from '../console-env.js'
import { Icon, type IconName } from './icon.js'

interface ActionProps {
  c: Context<ConsoleEnv>
  /** Where the form goes; the answer is a redirect to a page that says what came of it. */
  action: string
  label: string
  icon?: IconName
  /** Who may; for others the button says whom it takes. */
  needs: Role
  look?: 'primary' | 'plain' | 'danger'
  /** Asked before it is done, by the browser where scripts run. */
  confirm?: string
  /** More fields of the form: hidden ones, a note, a reason. */
  children?: Child
}

/** A change is a form of its own with a button: it works without scripts, and a link never changes anything. */
export function ActionButton({ c, action, label, icon, needs, look = 'plain', confirm, children }: ActionProps) {
  const isAllowed = mayActAs(c.get('identity'), needs)
  return (
    <form method="post" action={action} class="action" data-confirm={confirm}>
      {children}
      <button
        type="submit"
        class={`button ${look}`}
        disabled={!isAllowed}
        title={isAllowed ? undefined : `takes the role ${needs}`}
      >
        {icon ? <Icon name={icon} /> : null}
        {label}
      </button>
    </form>
  )
}

export function ButtonLink({
  href,
  icon,
  look = 'plain',
  children,
}: PropsWithChildren<{ href: string; icon?: IconName; look?: 'primary' | 'plain' }>) {
  return (
    <a href={href} class={`button ${look}`}>
      {icon ? <Icon name={icon} /> : null}
      {children}
    </a>
  )
}
