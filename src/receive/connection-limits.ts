import type { SMTPServerSession } from 'smtp-server'
import { MailRejected } from '../domain/errors.js'
import { clientKeyOf } from './client-ranges.js'
import type { LoginLimits } from './login-limits.js'
import type { SmtpPolicy } from './policy.js'
import { userOf } from './rejection.js'
import { describeWait } from './sender-limits.js'

/** What is looked at when somebody connects or logs in. */
export interface Doorway {
  /** Of the open connections over all listeners, the asking one included. */
  sessions: () => SMTPServerSession[]
  logins: Pick<LoginLimits, 'waitFor'>
}

/** Null when the connection may stay. Only clients outside `allow` are counted, and none of those who logged in. */
export function refuseConnection(
  { sessions, logins }: Doorway,
  session: SMTPServerSession,
  policy: SmtpPolicy,
): MailRejected | null {
  const client = session.remoteAddress
  const isTrusted = policy.trustsClient(client)
  const throttledMs = isTrusted ? 0 : logins.waitFor(client, null)
  if (throttledMs > 0) return tooManyFailures(client, throttledMs)
  const open = sessions()
  const room = policy.connectionsMax - (isTrusted ? 0 : policy.connectionsReserved)
  if (open.length > room) {
    return new MailRejected(421, 'too_many_connections', '4.7.0 too many connections, try again later')
  }
  const limited = policy.limitedSender({ client, user: null })
  const most = limited?.limits.connectionsMax ?? null
  if (most === null || countStrangers(open, client) <= most) return null
  return new MailRejected(421, 'too_many_connections', `4.7.0 too many connections from ${client}, try again later`)
}

/** Null when the user, whose login is right, may have one more connection. */
export function refuseUserConnection(
  { sessions }: Pick<Doorway, 'sessions'>,
  session: SMTPServerSession,
  policy: SmtpPolicy,
  user: string,
): MailRejected | null {
  const most = policy.limitedSender({ client: session.remoteAddress, user })?.limits.connectionsMax ?? null
  if (most === null) return null
  const others = sessions().filter((one) => one !== session && userOf(one) === user).length
  if (others < most) return null
  return new MailRejected(421, 'too_many_connections', `4.7.0 too many connections of user ${user}, try again later`)
}

export function tooManyFailures(client: string, waitMs: number, code: 421 | 454 = 421): MailRejected {
  const words = `4.7.0 too many failed logins from ${client}, come again in ${describeWait(waitMs)}`
  return new MailRejected(code, 'login_throttled', words)
}

function countStrangers(open: SMTPServerSession[], client: string): number {
  const key = clientKeyOf(client)
  return open.filter((one) => userOf(one) === null && clientKeyOf(one.remoteAddress) === key).length
}
