const secondMs = 1_000
const units: [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
]
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })

/** Moments that say `data-countdown` tick, while the page is looked at; the exact one stands on hover. */
export function runCountdowns(): void {
  setInterval(() => {
    if (!document.hidden) tick()
  }, secondMs)
}

function tick(): void {
  for (const element of document.querySelectorAll('time[data-countdown]')) {
    const at = new Date(element.getAttribute('datetime') ?? '')
    if (Number.isNaN(at.getTime())) continue
    const shown = describeLeft(at.getTime() - Date.now())
    if (element.textContent !== shown) element.textContent = shown
    element.setAttribute('title', exact.format(at))
  }
}

/** `in 4m 20s`, as the server writes it: the two largest units. */
function describeLeft(ms: number): string {
  let left = Math.round(ms / secondMs)
  if (left <= 0) return 'any moment'
  const parts: string[] = []
  for (const [unit, seconds] of units) {
    const amount = Math.floor(left / seconds)
    left -= amount * seconds
    if (amount > 0) parts.push(`${amount}${unit}`)
  }
  return `in ${parts.slice(0, 2).join(' ')}`
}
