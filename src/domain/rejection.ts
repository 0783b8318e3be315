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
