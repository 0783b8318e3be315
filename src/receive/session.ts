import type { SMTPServerError, SMTPServerOptions, SMTPServerSession } from 'smtp-server'
import { MailRejected } from '../domain/errors.js'
import { verifiedNames } from './client-certificate.js'
import { refuseConnection, refuseUserConnection, tooManyFailures } from './connection-limits.js'
import { diskFull } from './kept-mail.js'
import { tooLarge } from './message.js'
import type { SmtpPolicy } from './policy.js'
import type { ConnectionRules } from './prompt-connection.js'
import { describeRejection, replyFor, type Seen, userOf } from './rejection.js'
import { reasonOf, receiveAndSave, type SessionContext, type SessionState } from './transaction.js'

export interface Sessions {
  handlers: Required<
    Pick<SMTPServerOptions, 'onConnect' | 'onSecure' | 'onAuth' | 'onMailFrom' | 'onRcptTo' | 'onData' | 'onClose'>
  >
  /** What the connections ask and tell below the handlers. */
  rules: Pick<ConnectionRules, 'withholdsAuth' | 'onTooLarge' | 'onEnded' | 'onNewClient'>
  /** Is this session between DATA and its reply? */
  isReceiving: (session: SMTPServerSession) => boolean
}

/** Commands of no use here: jokes, address probing, and one of the ways a proxy may impersonate a client. */
const neverOffered = ['WIZ', 'SHELL', 'KILL', 'VRFY', 'XFORWARD']

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
      sender: null,
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
  // smtp-server asks the first two outside of any command, where nothing catches: a fault there would end the process.
  const begin = (session: SMTPServerSession, callback: (error: Error) => void, step: () => void): void => {
    try {
      step()
    } catch (error) {
      context.log('error', 'a session could not begin', { client: session.remoteAddress, error: reasonOf(error) })
      callback(refuse(session, new MailRejected(421, 'internal', '4.3.0 internal error, try again later')))
    }
  }

  const handlers: Sessions['handlers'] = {
    onConnect(session, callback) {
      begin(session, callback, () => {
        const state = stateOf(session)
        const stopping = new MailRejected(421, 'stopping', '4.3.2 shutting down')
        const rejection = context.isStopping() ? stopping : refuseConnection(context, session, state.policy)
        if (rejection) {
          callback(refuse(session, rejection))
          context.connectionOf(session)?.leave()
          return
        }
        session.disabledCommands = disabledCommands(session, state.policy)
        callback()
      })
    },
    onSecure(socket, session, callback) {
      begin(session, callback, () => {
        const { policy } = stateOf(session)
        session.disabledCommands = disabledCommands(session, policy)
        // After XCLIENT it is the proxy's certificate, and the client's mails.
        const user = session.xClient?.has('ADDR') ? null : policy.certificateUser(verifiedNames(socket))
        const rejection = user === null ? null : refuseUserConnection(context, session, policy, user)
        if (user !== null && rejection === null) session.user = user
        callback(rejection ? refuse(session, rejection, { user: user ?? '' }) : null)
      })
    },
    onAuth(auth, session, callback) {
      const name = auth.username ?? ''
      const login = judgeLogin(context, session, stateOf(session), { name, password: auth.password ?? '' })
      if (login === null) return callback(null, { user: name })
      const error = refuse(session, login.rejection, { user: name })
      if (login.delayMs === 0) return callback(error)
      setTimeout(() => callback(error), login.delayMs)
    },
    onMailFrom(address, session, callback) {
      const rejection = refuseMail(context, session, stateOf(session), address.address)
      callback(rejection ? refuse(session, rejection, { from: address.address }) : null)
    },
    onRcptTo(address, session, callback) {
      const { policy } = stateOf(session)
      const known = session.envelope.rcptTo
      const rejection =
        policy.refuseRecipient(address.address, userOf(session)) ??
        (known.length >= policy.recipientsMax && !known.some((one) => isSameAddress(one.address, address.address))
          ? new MailRejected(452, 'too_many_recipients', `4.5.3 at most ${policy.recipientsMax} recipients a mail`)
          : null)
      callback(rejection ? refuse(session, rejection, { rcpt: address.address }) : null)
    },
    onData(stream, session, callback) {
      const state = stateOf(session)
      receiveAndSave(countingFor(context, state), stream, session, state).then(
        (outcome) => {
          state.phase = 'commands'
          endTransaction(context, state)
          if (outcome.kind === 'stored') callback(null, `2.6.0 stored as ${outcome.id}`)
          else if (outcome.kind === 'refused') callback(refuse(session, outcome.rejection))
          else if (outcome.kind === 'overrun') cutOverrun(context, session, refuse(session, outcome.rejection))
          if (context.isStopping() || state.isOverdue) closeAfterReply(context, session)
        },
        (error: unknown) => {
          state.phase = 'commands'
          endTransaction(context, state)
          context.log('error', 'receiving a mail failed', { client: session.remoteAddress, error: reasonOf(error) })
          callback(refuse(session, new MailRejected(451, 'internal', '4.3.0 internal error, try again later')))
        },
      )
    },
    onClose(session) {
      const state = states.get(session)
      if (!state) return
      clearTimeout(state.deadline)
      endTransaction(context, state)
    },
  }

  return {
    handlers,
    rules: {
      withholdsAuth: (session) => stateOf(session).policy.hasUsers && !session.secure,
      onTooLarge: (session) => {
        refuse(session, tooLarge(stateOf(session).policy.sizeBytesMax))
      },
      onEnded: (session, rejection) => {
        refuse(session, rejection)
      },
      onNewClient: (session) => {
        const { policy } = stateOf(session)
        session.disabledCommands = disabledCommands(session, policy)
        const rejection = refuseConnection(context, session, policy)
        if (rejection) refuse(session, rejection)
        return rejection
      },
    },
    isReceiving: (session) => (states.get(session)?.phase ?? 'commands') !== 'commands',
  }
}

/** Null when the user may come in. */
function judgeLogin(
  { logins, limits, sessions }: SessionContext,
  session: SMTPServerSession,
  state: SessionState,
  { name, password }: { name: string; password: string },
): { rejection: MailRejected; delayMs: number } | null {
  const client = session.remoteAddress
  const throttledMs = logins.waitFor(client, name)
  if (throttledMs === 0 && state.policy.acceptsPassword(name, password)) {
    logins.succeeded(client, name)
    const rejection = refuseUserConnection({ sessions }, session, state.policy, name)
    return rejection && { rejection, delayMs: 0 }
  }
  const isLast = ++state.authFailures >= limits.authFailuresMax
  if (throttledMs > 0) return { rejection: tooManyFailures(client, throttledMs, isLast ? 421 : 454), delayMs: 0 }
  logins.failed(client, name)
  return { rejection: badCredentials(isLast), delayMs: limits.authFailureDelayMs }
}

/** Null when the mail may begin, which counts for its sender until the transaction ends. */
function refuseMail(
  context: SessionContext,
  session: SMTPServerSession,
  state: SessionState,
  from: string,
): MailRejected | null {
  // RSET and EHLO end a transaction as well, and no handler hears of them.
  endTransaction(context, state)
  const speaker = { client: session.remoteAddress, user: userOf(session), encrypted: session.secure }
  const rejection = state.policy.refuseSender(from, speaker)
  if (rejection) return rejection
  // Said before the client sends the whole mail for nothing.
  if (context.room.isDiskFull()) return diskFull()
  const sender = state.policy.limitedSender(speaker)
  const limited = sender && context.counts.admit(sender)
  if (limited === null) state.sender = sender
  return limited
}

function endTransaction({ counts }: SessionContext, state: SessionState): void {
  if (state.sender) counts.release(state.sender)
  state.sender = null
}

/** What this transaction stores counts for its sender, in the very commit that stores it. */
function countingFor(context: SessionContext, { sender }: SessionState): SessionContext {
  if (sender === null) return context
  return {
    ...context,
    save: async (mail) => {
      await context.save({ ...mail, countedAs: sender.key })
      context.counts.stored(sender, mail.receivedAt)
    },
  }
}

/** AUTH is offered where a password cannot be overheard, or where the operator already trusts the client's network. */
function disabledCommands(session: SMTPServerSession, policy: SmtpPolicy): string[] {
  const isSafe = session.secure || policy.takesPlainPasswords || policy.trustsClient(session.remoteAddress)
  const isAuthOffered = policy.hasUsers && isSafe
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
