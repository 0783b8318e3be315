import type { MailOrigin } from './mail-loop.js'

export const severities = ['critical', 'error', 'warning', 'info', 'resolved'] as const
export type Severity = (typeof severities)[number]

/** What an action, the design's examples and old habits call a severity, in our five words. */
const severityAliases: Record<string, Severity> = {
  critical: 'critical',
  fatal: 'critical',
  emergency: 'critical',
  high: 'critical',
  error: 'error',
  warning: 'warning',
  warn: 'warning',
  medium: 'warning',
  info: 'info',
  low: 'info',
  notice: 'info',
  debug: 'info',
  resolved: 'resolved',
  ok: 'resolved',
}

/** Reads a severity leniently; null when the word is unknown. */
export function readSeverity(word: string): Severity | null {
  return severityAliases[word.trim().toLowerCase()] ?? null
}

export interface MessageAttachment {
  filename: string
  contentType: string
  sizeBytes: number
}

/** What goes out. Channels render it in their dialect and cut it to their length; nobody else does. */
export interface Message {
  title: string
  text: string
  severity: Severity
  /** Who sent the mail, for the foot of the message. */
  from: string
  labels: Record<string, string>
  links: { label: string; url: string }[]
  /** Names only: the bytes stay with the mail, and a channel asks for them by `ChannelContext.loadMail`. */
  attachments: MessageAttachment[]
  /** Said in the message itself when something went wrong on the way ("owners are from yesterday's copy"). */
  notes: string[]
  /** The mail it was made of; null when a job's run raised it. */
  mailId: string | null
  receivedAt: number
  /** Of the mail it was made of, for channels that mail it on; absent where there was none. */
  origin?: MailOrigin | undefined
}
