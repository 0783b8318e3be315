/** The way on in something long, by where its next part starts; the way back is the browser's, or the first part. */
export function More({
  href,
  from,
  next,
  label,
}: {
  /** With `from` or without it. */
  href: string
  from: number
  next: number | null
  label: string
}) {
  if (from === 0 && next === null) return null
  const [path = '', query = ''] = href.split('?')
  const others = new URLSearchParams(query)
  const at = (start: number): string => {
    const search = new URLSearchParams(others)
    search.delete('from')
    if (start > 0) search.set('from', String(start))
    return search.size > 0 ? `${path}?${search}` : path
  }
  return (
    <nav class="pager" aria-label={label}>
      {from > 0 ? <a href={at(0)}>From the start</a> : null}
      {next === null ? null : (
        <a href={at(next)} rel="next">
          Next part
        </a>
      )}
    </nav>
  )
}
