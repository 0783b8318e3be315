/** A refusal as the rejected log keeps it. `message` is what the client heard, with its enhanced status code. */
export interface Rejection {
  at: number
  client: string
  from: string | null
  rcpt: string | null
  user: string | null
  reason: string
  code: number
  message: string
}

/** What was refused of one client for one reason within an hour. */
export interface RejectionSummary {
  last_at: string
  client: string
  reason: string
  code: number
  message: string
  from: string | null
  rcpt: string | null
  count: number
}
