import type { SMTPServerDataStream, SMTPServerError, SMTPServerOptions, SMTPServerSession } from 'smtp-server'
import { MailRejected } from '../domain/errors.js'
import type { Envelope, RawMail } from '../domain/mail.js'
import { countHops } from './headers.js'
import type { SmtpLimits } from './limits.js'
import { type ByteBudget, noRoom, receiveMessage } from './message.js'
import type { SmtpPolicy } from './policy.js'
import type { PromptConnection } from './prompt-server.js'

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

/** What the sessions of one listener group share. */
export interface SessionContext {
  limits: SmtpLimits
  budget: ByteBudget
  /** The policy for sessions that begin now. */
  policy: () => SmtpPolicy
  connectionOf: (session: SMTPServerSession) => PromptConnection | undefined
  /** Open connections over all listeners, the asking one included. */
  countConnections: (client: string | null) => number
  isStopping: () => boolean
  save: (mail: RawMail) => Promise<void>
  onRejected: (rejection: Rejection) => void
  newId: () => string
  now: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

export interface Sessions {
  handlers: Required<
    Pick<SMTPServerOptions, 'onConnect' | 'onSecure' | 'onAuth' | 'onMailFrom' | 'onRcptTo' | 'onData' | 'onClose'>
  >
  /** For mails refused by their declared SIZE. */
  onTooLarge: (session: SMTPServerSession) => void
  /** Is this session between DATA and its reply? */
  isReceiving: (session: SMTPServerSession) => boolean
}

interface State {
  /** The policy the session began with; a reload is for the next one. */
  policy: SmtpPolicy
  authFailures: number
  /** `receiving` and `saving` last from DATA to its reply. */
  phase: 'commands' | 'receiving' | 'saving'
  deadline: NodeJS.Timeout
  isOverdue: boolean
}

/** Commands of no use here: jokes, address probing, and the ways a proxy may impersonate a client. */
const neverOffered = ['WIZ', 'SHELL', 'KILL', 'VRFY', 'XCLIENT', 'XFORWARD']

/** The story of an SMTP session, as the handlers smtp-server asks at each step. */
export function createSessions(context: SessionContext): Sessions {
  const states = new WeakMap<SMTPServerSession, State>()

  const stateOf = (session: SMTPServerSession): State => {
    const known = states.get(session)
    if (known) return known
    const deadline = setTimeout(() => endOverdue(context, session, state), context.limits.sessionMs)
    const state: State = { policy: context.policy(), authFailures: 0, phase: 'commands', deadline, isOverdue: false }
    states.set(session, state)
    return state
  }
  const refuse = (session: SMTPServerSession, rejection: MailRejected, seen: Seen = {}): SMTPServerError => {
    context.onRejected(describe(context.now(), session, rejection, seen))
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
      const { sizeBytesMax } = stateOf(session).policy
      refuse(session, new MailRejected(552, 'too_large', `5.3.4 the mail is larger than ${sizeBytesMax} bytes`))
    },
    isReceiving: (session) => (states.get(session)?.phase ?? 'commands') !== 'commands',
  }
}

type Outcome =
  | { kind: 'stored'; id: string }
  | { kind: 'refused' | 'overrun'; rejection: MailRejected }
  | { kind: 'gone' }

/** From 354 to the commit. Nothing here calls the network or looks into the mail. */
async function receiveAndSave(
  context: SessionContext,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  state: State,
): Promise<Outcome> {
  const { budget, limits } = context
  const envelope = envelopeOf(session)
  state.phase = 'receiving'
  const deadline = setTimeout(() => {
    const message = `4.4.2 DATA took longer than ${Math.round(limits.dataMs / 1_000)} s`
    context.connectionOf(session)?.cut(421, message, limits.lingerMs)
  }, limits.dataMs)
  const bounds = { budget, sizeBytesMax: state.policy.sizeBytesMax, overrunBytesMax: limits.overrunBytesMax }
  const received = await receiveMessage(stream, bounds).finally(() => clearTimeout(deadline))
  if (received.kind !== 'whole') return received

  if (countHops(received.bytes) > limits.hopsMax) {
    budget.give(received.bytes.length)
    return { kind: 'refused', rejection: new MailRejected(554, 'loop', `5.4.6 more than ${limits.hopsMax} hops`) }
  }
  state.phase = 'saving'
  const mail: RawMail = { id: context.newId(), receivedAt: context.now(), envelope, raw: received.bytes }
  const saving = context.save(mail).finally(() => budget.give(mail.raw.length))
  const failure = await outcomeWithin(saving, limits.saveMs)
  if (failure === null) return { kind: 'stored', id: mail.id }
  if (failure instanceof MailRejected) return { kind: 'refused', rejection: failure }
  context.log('error', 'a mail could not be stored, its sender keeps it', { mail: mail.id, error: reasonOf(failure) })
  return {
    kind: 'refused',
    rejection: new MailRejected(451, 'not_stored', '4.3.0 cannot store the mail now, try again later'),
  }
}

/** Null when the promise resolved in time, else why not. A save that ends later still counts for the store. */
function outcomeWithin(saving: Promise<void>, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(new Error(`the store did not answer within ${timeoutMs} ms`)), timeoutMs)
    const settle = (failure: unknown): void => {
      clearTimeout(timer)
      resolve(failure)
    }
    saving.then(
      () => settle(null),
      (error: unknown) => settle(error ?? new Error('the store failed without a reason')),
    )
  })
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
function endOverdue(context: SessionContext, session: SMTPServerSession, state: State): void {
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

interface Seen {
  from?: string
  rcpt?: string
  user?: string
}

function describe(at: number, session: SMTPServerSession, rejection: MailRejected, seen: Seen): Rejection {
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

function replyFor(rejection: MailRejected): SMTPServerError {
  return Object.assign(new Error(rejection.message), { responseCode: rejection.smtpCode })
}

function envelopeOf(session: SMTPServerSession): Envelope {
  const { mailFrom, rcptTo } = session.envelope
  return {
    from: mailFrom ? mailFrom.address : '',
    to: rcptTo.map((recipient) => recipient.address),
    client: session.remoteAddress,
    helo: session.hostNameAppearsAs || '',
    tls: session.secure,
    user: userOf(session),
  }
}

function userOf(session: SMTPServerSession): string | null {
  const user: unknown = session.user
  return typeof user === 'string' ? user : null
}

function isSameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
