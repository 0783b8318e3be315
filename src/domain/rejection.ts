/**
 * Every reason for which the door refuses, with what to do about it: the rejected log, the API, the console, the metrics
 * and the docs have these and no others. A new refusal gets its line here first.
 */
export const rejectionReasons = {
  not_allowed: 'Allow its network (server.smtp.allow), or give it a name and a password (server.smtp.users).',
  auth_required:
    'Give it the name and password of a user (server.smtp.users), or allow its network (server.smtp.allow).',
  bad_credentials: 'Correct the name or the password at the sender; where nobody knows this client, somebody guesses.',
  login_throttled:
    'Correct the password at the sender and wait ten minutes; where nobody knows this client, do nothing.',
  sender_not_allowed: 'Add the address to the senders of the user (server.smtp.users), or correct it at the sender.',
  unknown_recipient: 'Accept the recipient (server.smtp.recipients), or correct the address at the sender.',
  recipient_not_allowed:
    'Add the address to the recipients of the user (server.smtp.users), or correct it at the sender.',
  too_many_recipients: 'Raise server.smtp.max_recipients, or have it send to a group.',
  too_many_connections:
    'Have it use fewer connections, or raise server.smtp.max_connections, client_limits.connections or that of the user.',
  too_many_mails:
    'Have it send less often, or raise the rate of server.smtp.client_limits, user_limits or of the user.',
  daily_quota: 'Have it send less, or raise per_day of server.smtp.client_limits, user_limits or of the user.',
  too_large: 'Raise server.smtp.max_size, or have it send less.',
  no_memory:
    'Too many large mails came at once; the sender tries again. Lower server.smtp.max_connections if it goes on.',
  sender_auth:
    'Where the sender is honest, mend the SPF, DKIM or DMARC records of its domain, or allow its network (server.smtp.allow).',
  no_route: 'Write a route that matches such mails, or take otherwise.reject out of the config.',
  disk_full:
    'Make room on the disk of the data folder, keep less (server.retention), or lower server.min_free; the sender tries again.',
  bad_line_ends:
    'Have it write CR LF at every line end, and CR LF . CR LF after the mail. Where a mail server sends it on, somebody may be smuggling mails through that server.',
  not_smtp: 'Where nobody knows this client, a browser or a scanner tries the port, and nothing is to be done.',
  too_many_commands:
    'Have it hang up after its mails, and send only what was offered; where nobody knows this client, somebody scans.',
  too_slow: 'Look at the network between the sender and the gateway; where nobody knows this client, do nothing.',
  no_proxy_header:
    'Have the proxy send the PROXY protocol (send-proxy or send-proxy-v2), or take it out of server.smtp.proxy_protocol.',
  loop: 'Two servers forward to each other: find the rule that sends the mails of one to the other.',
  not_stored: 'Look at the log and at the disk of the data folder; the sender keeps the mail and tries again.',
  stopping: 'The gateway was being stopped; the sender tries again.',
  internal: 'Look at the log, and report what it says; the sender keeps the mail and tries again.',
} as const

export type RejectionReason = keyof typeof rejectionReasons

/** A refusal as the rejected log keeps it. `message` is what the client heard, with its enhanced status code. */
export interface Rejection {
  at: number
  client: string
  from: string | null
  rcpt: string | null
  user: string | null
  reason: RejectionReason
  code: number
  message: string
}

/** Refusals alike, the last of them in words. */
export interface CountedRejection {
  rejection: Rejection
  count: number
}

/** What was refused of one client for one reason within an hour. Rows of other releases may have other reasons. */
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
