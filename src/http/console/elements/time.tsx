/**
 * A moment: the server writes it in UTC, the browser turns it into the reader's own time and shows the exact one on hover.
 * `far` is written where there is none.
 */
export function Time({ at, far = 'never' }: { at: string | number | null | undefined; far?: string }) {
  if (at === null || at === undefined) return <span class="dim">{far}</span>
  const iso = typeof at === 'number' ? new Date(at).toISOString() : at
  return (
    <time datetime={iso} title={iso}>
      {iso.slice(0, 16).replace('T', ' ')} UTC
    </time>
  )
}

/** A span of time as one reads it: `58 ms`, `1.2 s`, `3 m`, `2 h`. */
export function describeMs(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} m`
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`
}
