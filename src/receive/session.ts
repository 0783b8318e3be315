import type { SMTPServerError, SMTPServerOptions, SMTPServerSession } from 'smtp-server'
import { MailRejected } from '../domain/errors.js'
import { noRoom, tooLarge } from './message.js'
import type { SmtpPolicy } from './policy.js'
import { describeRejection, replyFor, type Seen, userOf } from './rejection.js'
import { reasonOf, receiveAndSave, type SessionContext, type SessionState } from './transaction.js'

export interface Sessions {
  handlers: Required<
    Pick<SMTPServerOptions, 'onConnect' | 'onSecure' | 'onAuth' | 'onMailFrom' | 'onRcptTo' | 'onData' | 'onClose'>
  >
  /** For mails refused by their declared SIZE. */
  onTooLarge: (session: SMTPServerSession) => void
  /** Is this session between DATA and its reply? */
  isReceiving: (session: SMTPServerSession) => boolean
}

/** Commands of no use here: jokes, address probing, and the ways a proxy may impersonate a client. */
const neverOffered = ['WIZ', 'SHELL', 'KILL', 'VRFY', 'XCLIENT', 'XFORWARD']

/** The story of an SMTP session, as the handlers smtp-server asks at each step. */
export function createSessions(context: SessionContext): Sessions {
  const states = new WeakMap<SMTPServerSession, SessionState>()

  const stateOf = (session: SMTPServerSession): SessionState => {
    const known = states.get(session)
    if (known) return known
    const deadline = setTimeout(() => endOverdue(context, session, state), context.limits.sessionMs)
    const state: SessionState = {
      policy: context.policy(),
      authFailures: 0,
      phase: 'commands',
      deadline,
      isOverdue: false,
    }
    states.set(session, state)
    return state
  }
  const refuse = (session: SMTPServerSession, rejection: MailRejected, seen: Seen = {}): SMTPServerError => {
    context.onRejected(describeRejection(context.now(), session, rejection, seen))
    return replyFor(rejection)
  }

  const handlers: Sessions['handlers'] = {
    onConnect(session, callback) {
      const state = stateOf(session)
      const rejection = refuseConnection(context, session, state.policy)
      if (rejection) return callback(refuse(session, rejection))
      session.disabledCommands = disabledCommands(session, state.policy)
      callback()
    },
    onSecure(_socket, session, callback) {
      session.disabledCommands = disabledCommands(session, stateOf(session).policy)
      callback()
    },
    onAuth(auth, session, callback) {
      const state = stateOf(session)
      const name = auth.username ?? ''
      if (state.policy.acceptsPassword(name, auth.password ?? '')) return callback(null, { user: name })
      state.authFailures++
      const error = refuse(session, badCredentials(state.authFailures >= context.limits.authFailuresMax), {
        user: name,
      })
      setTimeout(() => callback(error), context.limits.authFailureDelayMs)
    },
    onMailFrom(address, session, callback) {
      const seen = { from: address.address }
      const facts = { authenticated: userOf(session) !== null, encrypted: session.secure }
      const rejection = stateOf(session).policy.refuseSender(session.remoteAddress, facts)
      if (rejection) return callback(refuse(session, rejection, seen))
      // Said before the client sends the whole mail for nothing.
      if (context.budget.isFull()) return callback(refuse(session, noRoom(), seen))
      callback()
    },
    onRcptTo(address, session, callback) {
      const { policy } = stateOf(session)
      const known = session.envelope.rcptTo
      const rejection =
        policy.refuseRecipient(address.address) ??
        (known.length >= policy.recipientsMax && !known.some((one) => isSameAddress(one.address, address.address))
          ? new MailRejected(452, 'too_many_recipients', `4.5.3 at most ${policy.recipientsMax} recipients a mail`)
          : null)
      callback(rejection ? refuse(session, rejection, { rcpt: address.address }) : null)
    },
    onData(stream, session, callback) {
      const state = stateOf(session)
      receiveAndSave(context, stream, session, state).then(
        (outcome) => {
          state.phase = 'commands'
          if (outcome.kind === 'stored') callback(null, `2.6.0 stored as ${outcome.id}`)
          else if (outcome.kind === 'refused') callback(refuse(session, outcome.rejection))
          else if (outcome.kind === 'overrun') cutOverrun(context, session, refuse(session, outcome.rejection))
          if (context.isStopping() || state.isOverdue) closeAfterReply(context, session)
        },
        (error: unknown) => {
          state.phase = 'commands'
          context.log('error', 'receiving a mail failed', { client: session.remoteAddress, error: reasonOf(error) })
          callback(refuse(session, new MailRejected(451, 'internal', '4.3.0 internal error, try again later')))
        },
      )
    },
    onClose(session) {
      const state = states.get(session)
      if (state) clearTimeout(state.deadline)
    },
  }

  return {
    handlers,
    onTooLarge: (session) => {
      refuse(session, tooLarge(stateOf(session).policy.sizeBytesMax))
    },
    isReceiving: (session) => (states.get(session)?.phase ?? 'commands') !== 'commands',
  }
}

function refuseConnection(
  context: SessionContext,
  session: SMTPServerSession,
  policy: SmtpPolicy,
): MailRejected | null {
  if (context.isStopping()) return new MailRejected(421, 'stopping', '4.3.2 shutting down')
  if (context.countConnections(null) > policy.connectionsMax) {
    return new MailRejected(421, 'too_many_connections', '4.7.0 too many connections, try again later')
  }
  const client = session.remoteAddress
  if (policy.allowsClient(client) || context.countConnections(client) <= context.limits.connectionsPerStrangerMax) {
    return null
  }
  return new MailRejected(421, 'too_many_connections', `4.7.0 too many connections from ${client}, try again later`)
}

/** AUTH is offered where a password cannot be overheard, or where the operator already trusts the client's network. */
function disabledCommands(session: SMTPServerSession, policy: SmtpPolicy): string[] {
  const isAuthOffered = policy.hasUsers && (session.secure || policy.allowsClient(session.remoteAddress))
  return isAuthOffered ? neverOffered : [...neverOffered, 'AUTH']
}

function badCredentials(isLast: boolean): MailRejected {
  return isLast
    ? new MailRejected(421, 'bad_credentials', '4.7.0 too many failed logins')
    : new MailRejected(535, 'bad_credentials', '5.7.8 user name or password is wrong')
}

/** The session is over its total time. A mail being saved gets its reply first; anything else ends here. */
function endOverdue(context: SessionContext, session: SMTPServerSession, state: SessionState): void {
  state.isOverdue = true
  if (state.phase === 'saving') return
  context.connectionOf(session)?.dismiss('4.4.2 the session took too long', context.limits.lingerMs)
}

function cutOverrun(context: SessionContext, session: SMTPServerSession, reply: SMTPServerError): void {
  context.connectionOf(session)?.cut(reply.responseCode ?? 552, reply.message, context.limits.lingerMs)
}

/** The reply goes out first; the client learns with its next command that this connection has no future. */
function closeAfterReply(context: SessionContext, session: SMTPServerSession): void {
  setImmediate(() => context.connectionOf(session)?.dismiss('4.3.2 closing the connection', context.limits.lingerMs))
}

function isSameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
