import type { PropsWithChildren } from 'hono/jsx'
import { Icon } from './icon.js'

/** What narrows a listing, as a GET form: its address can be kept and sent around. */
export function FilterForm({
  action,
  label,
  kept = {},
  isFiltered,
  children,
}: PropsWithChildren<{
  action: string
  label: string
  /** What is chosen elsewhere on the page (chips) and is to stay. */
  kept?: Record<string, string | undefined>
  isFiltered: boolean
}>) {
  return (
    <search>
      <form class="filters" method="get" action={action} aria-label={label}>
        {Object.entries(kept).map(([name, value]) =>
          value === undefined || value === '' ? null : <input type="hidden" name={name} value={value} />,
        )}
        {children}
        <div class="filter-buttons">
          <button type="submit" class="button">
            <Icon name="search" />
            Filter
          </button>
          {isFiltered ? <a href={action}>Show all</a> : null}
        </div>
      </form>
    </search>
  )
}

/** One of a few values each, as links; the chosen one leads back to all. */
export function FilterChips({
  label,
  url,
  name,
  values,
}: {
  label: string
  url: URL
  name: string
  values: readonly { value: string; label: string }[]
}) {
  const chosen = url.searchParams.get(name)
  return (
    <nav class="chips" aria-label={label}>
      {values.map(({ value, label: word }) => (
        <a
          href={withParam(url, name, value === chosen ? null : value)}
          aria-current={value === chosen ? 'true' : undefined}
        >
          {word}
        </a>
      ))}
    </nav>
  )
}

/** The same listing with another choice, from its first page. */
export function withParam(url: URL, name: string, value: string | null): string {
  const search = new URLSearchParams(url.searchParams)
  search.delete('cursor')
  search.delete('from')
  if (value === null) search.delete(name)
  else search.set(name, value)
  return search.size > 0 ? `${url.pathname}?${search}` : url.pathname
}
