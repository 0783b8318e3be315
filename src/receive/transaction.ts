import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server'
import { MailRejected } from '../domain/errors.js'
import type { Envelope, RawMail } from '../domain/mail.js'
import type { Rejection } from '../domain/rejection.js'
import type { KeptMail, MailRoom } from './kept-mail.js'
import type { SmtpLimits } from './limits.js'
import type { LoginLimits } from './login-limits.js'
import { explainFailure, noRoom, receiveMessage } from './message.js'
import { countHops } from './mime/headers.js'
import type { SmtpPolicy } from './policy.js'
import type { PromptConnection } from './prompt-connection.js'
import { userOf } from './rejection.js'
import type { LimitedSender, SenderCounts } from './sender-limits.js'

/** What the sessions of one listener group share. */
export interface SessionContext {
  limits: SmtpLimits
  room: MailRoom
  /** The policy for sessions that begin now. */
  policy: () => SmtpPolicy
  connectionOf: (session: SMTPServerSession) => PromptConnection | undefined
  /** Of the open connections over all listeners, the asking one included. */
  sessions: () => SMTPServerSession[]
  counts: SenderCounts
  logins: LoginLimits
  isStopping: () => boolean
  save: (mail: RawMail) => Promise<void>
  onRejected: (rejection: Rejection) => void
  newId: () => string
  now: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

/** What is remembered of one connection beside what smtp-server remembers. */
export interface SessionState {
  /** The policy the session began with; a reload is for the next one. */
  policy: SmtpPolicy
  authFailures: number
  /** Whose limits the transaction is counted in, from MAIL FROM to its end. */
  sender: LimitedSender | null
  /** `receiving` and `saving` last from DATA to its reply. */
  phase: 'commands' | 'receiving' | 'saving'
  deadline: NodeJS.Timeout
  isOverdue: boolean
}

/** What became of one DATA. */
export type Outcome =
  | { kind: 'stored'; id: string }
  | { kind: 'refused' | 'overrun'; rejection: MailRejected }
  | { kind: 'gone' }

/** From 354 to the commit. Nothing here calls the network, and of the mail only the Received lines are looked at. */
export async function receiveAndSave(
  context: SessionContext,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  state: SessionState,
): Promise<Outcome> {
  const { limits } = context
  const envelope = envelopeOf(session)
  state.phase = 'receiving'
  const deadline = setTimeout(() => {
    const message = `4.4.2 DATA took longer than ${Math.round(limits.dataMs / 1_000)} s`
    context.connectionOf(session)?.cut(421, message, limits.lingerMs)
  }, limits.dataMs)
  const received = await receiveMessage(stream, {
    room: context.room,
    sizeBytesMax: state.policy.sizeBytesMax,
    overrunBytesMax: limits.overrunBytesMax,
    onSpoolFailure: (error) => reportSpool(context, error),
  }).finally(() => clearTimeout(deadline))
  if (received.kind !== 'whole') return received
  const fault = context.connectionOf(session)?.lineFault ?? null
  if (fault !== null) {
    received.mail.discard()
    return { kind: 'refused', rejection: fault }
  }
  state.phase = 'saving'
  return saveReceived(context, received.mail, envelope)
}

/** From the final dot to the commit. What the mail takes of memory and disk is given back whatever becomes of it. */
async function saveReceived(context: SessionContext, kept: KeptMail, envelope: Envelope): Promise<Outcome> {
  const { limits } = context
  const raw = await loadRaw(context, kept)
  if (raw instanceof MailRejected) {
    kept.discard()
    return { kind: 'refused', rejection: raw }
  }
  const mail: RawMail = { id: context.newId(), receivedAt: context.now(), envelope, raw }
  const saving = Promise.resolve(mail)
    .then(context.save)
    .finally(() => kept.discard())
  const failure = await outcomeWithin(saving, limits.saveMs)
  if (failure === null) return { kind: 'stored', id: mail.id }
  if (failure instanceof MailRejected) return { kind: 'refused', rejection: failure }
  context.log('error', 'a mail could not be stored, its sender keeps it', { mail: mail.id, error: reasonOf(failure) })
  return {
    kind: 'refused',
    rejection: new MailRejected(451, 'not_stored', '4.3.0 cannot store the mail now, try again later'),
  }
}

/** The whole mail, or why it is refused after all. */
async function loadRaw(context: SessionContext, kept: KeptMail): Promise<Uint8Array | MailRejected> {
  const { saveMs, hopsMax } = context.limits
  const raw = await kept.load(saveMs).catch((error: unknown) => {
    return explainFailure(error, (failure) => reportSpool(context, failure))
  })
  if (raw === null) return noRoom()
  if (raw instanceof MailRejected || countHops(raw) <= hopsMax) return raw
  return new MailRejected(554, 'loop', `5.4.6 more than ${hopsMax} hops`)
}

function reportSpool(context: SessionContext, error: unknown): void {
  context.log('error', 'a mail could not be kept in the spool, its sender keeps it', { error: reasonOf(error) })
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

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
