import type { Severity } from '../domain/message.js'

/** For vendors that paint a stripe beside a message. */
export const severityColours: Record<Severity, number> = {
  critical: 0xd32f2f,
  error: 0xf57c00,
  warning: 0xfbc02d,
  info: 0x1976d2,
  resolved: 0x388e3c,
}

/** `#d32f2f` */
export function severityColour(severity: Severity): string {
  return `#${severityColours[severity].toString(16).padStart(6, '0')}`
}
