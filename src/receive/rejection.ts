import type { SMTPServerError, SMTPServerSession } from 'smtp-server'
import type { MailRejected } from '../domain/errors.js'
import type { Rejection } from '../domain/rejection.js'

/** What a handler knows and the session does not yet. */
export interface Seen {
  from?: string
  rcpt?: string
  user?: string
}

/** Everything about a refused step that a person will ask for later. */
export function describeRejection(
  at: number,
  session: SMTPServerSession,
  rejection: MailRejected,
  seen: Seen,
): Rejection {
  const envelope = session.envelope
  return {
    at,
    client: session.remoteAddress,
    from: seen.from ?? (envelope?.mailFrom ? envelope.mailFrom.address : null),
    rcpt: seen.rcpt ?? envelope?.rcptTo[0]?.address ?? null,
    user: seen.user ?? userOf(session),
    reason: rejection.reason,
    code: rejection.smtpCode,
    message: rejection.message,
  }
}

/** The form in which smtp-server wants an answer other than yes. */
export function replyFor(rejection: MailRejected): SMTPServerError {
  return Object.assign(new Error(rejection.message), { responseCode: rejection.smtpCode })
}

/** The AUTH name; the library types it as anything. */
export function userOf(session: SMTPServerSession): string | null {
  const user: unknown = session.user
  return typeof user === 'string' ? user : null
}
