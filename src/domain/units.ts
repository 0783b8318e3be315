const durationUnitsMs: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
const sizeUnits: Record<string, number> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
}

/** Reads `90s`, `5m`, `24h`, `7d` or a sum like `1h30m`; milliseconds, or null when it is none. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim()
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(trimmed)) return null
  let totalMs = 0
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    totalMs += Number(amount) * (durationUnitsMs[unit ?? ''] ?? Number.NaN)
  }
  return Number.isSafeInteger(Math.round(totalMs)) ? Math.round(totalMs) : null
}

/** Reads `25MB`, `64 KiB`, `512B` or a plain number of bytes; bytes, or null when it is none. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?i?B)?$/i.exec(text.trim())
  if (!match) return null
  const bytes = Number(match[1]) * (sizeUnits[(match[2] ?? 'B').toUpperCase()] ?? Number.NaN)
  return Number.isFinite(bytes) ? Math.round(bytes) : null
}

/** `1h 30m`, `45s`, `120 ms`: the largest two units, for people. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const parts: string[] = []
  let rest = Math.round(ms / 1_000)
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const amount = Math.floor(rest / seconds)
    rest -= amount * seconds
    if (amount > 0) parts.push(`${amount}${unit}`)
  }
  return parts.slice(0, 2).join(' ')
}

/** `214 B`, `2.1 KB`, `25 MB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  const units = ['KB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = -1
  do {
    value /= 1_000
    unit++
  } while (value >= 1_000 && unit < units.length - 1)
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
