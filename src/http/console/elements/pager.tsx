/** The way to the next page of a listing; a cursor only goes on, so the way back is the browser's, or the first page. */
export function Pager({ url, nextCursor }: { url: URL; nextCursor: string | null }) {
  const isFirst = !url.searchParams.has('cursor')
  if (isFirst && nextCursor === null) return null
  return (
    <nav class="pager" aria-label="Pages">
      {isFirst ? null : <a href={withCursor(url, null)}>First page</a>}
      {nextCursor === null ? null : (
        <a href={withCursor(url, nextCursor)} rel="next">
          Next page
        </a>
      )}
    </nav>
  )
}

function withCursor(url: URL, cursor: string | null): string {
  const search = new URLSearchParams(url.searchParams)
  if (cursor === null) search.delete('cursor')
  else search.set('cursor', cursor)
  return `${url.pathname}${search.size > 0 ? `?${search}` : ''}`
}
