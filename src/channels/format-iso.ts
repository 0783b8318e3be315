/** `2026-08-01T12:00:00.000Z`; null when it is no time, or one with a year that ISO 8601 has no four digits for. */
export function formatIso(ms: number): string | null {
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return null
  const text = date.toISOString()
  return /^\d{4}-/.test(text) ? text : null
}
