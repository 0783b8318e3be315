export interface MailClaim {
  owner: string
  now: number
  leaseMs: number
  limit: number
  /** Raw bytes to take along at most; one mail is taken whatever its size. */
  bytesMax: number
  /**
   * A mail claimed this often without coming to an end is a suspect: it may be what ends the process. Of suspects at
   * most one is taken, and none when `suspect` is false, so that the innocent are not counted guilty with the guilty.
   */
  suspectAttempts: number
  suspect: boolean
}

export interface MailRelease {
  mailId: string
  owner: string
  epoch: number
  dueAt: number
  /** Why it is held; null for a mail that is no worse off than before it was claimed: its attempt is given back. */
  reason: string | null
}
