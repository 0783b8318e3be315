import type { Child, PropsWithChildren } from 'hono/jsx'

/** A part of a page under its own heading; `actions` stand at the heading's right. */
export function Card({
  title,
  id,
  actions,
  children,
}: PropsWithChildren<{ title: string; id?: string; actions?: Child }>) {
  return (
    <section class="card" id={id}>
      <header>
        <h2>{title}</h2>
        {actions ? <div class="actions">{actions}</div> : null}
      </header>
      {children}
    </section>
  )
}

/** Shown where there is nothing yet: says what would be here, and the next thing to do. */
export function EmptyState({ title, children }: PropsWithChildren<{ title: string }>) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  )
}

/** Name and value pairs; those without a value are left out. */
export function Facts({ facts }: { facts: [string, Child][] }) {
  const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== '')
  return (
    <dl class="facts">
      {known.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What few people need: there when asked for. */
export function Fold({ title, isOpen = false, children }: PropsWithChildren<{ title: string; isOpen?: boolean }>) {
  return (
    <details class="fold" open={isOpen}>
      <summary>{title}</summary>
      {children}
    </details>
  )
}
