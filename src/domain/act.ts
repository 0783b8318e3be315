import type { GuestLog } from './errors.js'

/** What an action made of a mail. */
export interface ActResult {
  recipientsBefore: string[]
  /** Plain mail addresses, lower case, each once. The same as before when the action named none. */
  recipients: string[]
  /** The action says nobody shall hear of this mail. */
  dropped: boolean
  title: string | null
  text: string | null
  severity: string | null
  labels: Record<string, string>
  reason: string | null
  logs: GuestLog[]
  durationMs: number
  /** Which version ran: SHA-256 of the module. */
  sha256: string
}
