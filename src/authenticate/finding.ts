import type { AuthVerdict } from '../domain/mail.js'

/** What one check found. */
export interface Finding {
  verdict: AuthVerdict
  /** One line for people. */
  reason: string
}

const reasonLengthMax = 300

/** Strangers write most of what a reason quotes: it stays on one line, printable and short. */
export function found(verdict: AuthVerdict, reason: string): Finding {
  const line = reason.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ')
  return { verdict, reason: line.length > reasonLengthMax ? `${line.slice(0, reasonLengthMax - 1)}…` : line }
}
