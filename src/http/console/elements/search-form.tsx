import type { PropsWithChildren } from 'hono/jsx'
import { Icon } from './icon.js'

/**
 * One field to search a list with: by its button, and while one types where scripts run. `listId` is the part of the
 * page that then changes; the address of the page keeps the search as `?search=`.
 */
export function SearchForm({
  action,
  label,
  search,
  placeholder,
  listId,
  lengthMax = 200,
  isRefused = false,
  children,
}: PropsWithChildren<{
  action: string
  label: string
  search: string
  placeholder: string
  listId: string
  lengthMax?: number
  /** What is wrong with the search stands in the element `search-error`. */
  isRefused?: boolean
}>) {
  return (
    <search>
      <form class="search" method="get" action={action}>
        <label for="search" class="hidden">
          {label}
        </label>
        <Icon name="search" />
        <input
          type="search"
          id="search"
          name="search"
          value={search}
          maxlength={lengthMax}
          placeholder={placeholder}
          autocomplete="off"
          aria-describedby={isRefused ? 'search-error' : undefined}
          aria-invalid={isRefused ? 'true' : undefined}
          hx-get={action}
          hx-trigger="input changed delay:300ms"
          hx-target={`#${listId}`}
          hx-select={`#${listId}`}
          hx-swap="outerHTML"
          hx-replace-url="true"
        />
        <button type="submit" class="button">
          Search
        </button>
        {children}
      </form>
    </search>
  )
}
