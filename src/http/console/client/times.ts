const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })
const near = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const far = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })
const minuteMs = 60_000
const hourMs = 3_600_000

/** Turns moments into the reader's own time: near ones as "3 min. ago", the exact one on hover. */
export function showLocalTimes(root: ParentNode): void {
  for (const element of root.querySelectorAll('time[datetime]:not([data-countdown])')) {
    const at = new Date(element.getAttribute('datetime') ?? '')
    if (Number.isNaN(at.getTime())) continue
    const shown = describe(at)
    if (element.textContent !== shown) element.textContent = shown
    element.setAttribute('title', exact.format(at))
  }
}

function describe(at: Date): string {
  const untilMs = at.getTime() - Date.now()
  const distanceMs = Math.abs(untilMs)
  if (distanceMs < minuteMs) return relative.format(Math.round(untilMs / 1_000), 'second')
  if (distanceMs < hourMs) return relative.format(Math.round(untilMs / minuteMs), 'minute')
  return at.toDateString() === new Date().toDateString() ? near.format(at) : far.format(at)
}

setInterval(() => {
  if (!document.hidden) showLocalTimes(document)
}, 10_000)
