import type { SenderJudgement } from '../authenticate/judge-sender.js'
import type { Mail, RawMail, SenderAuth } from '../domain/mail.js'
import type { RejectionReason } from '../domain/rejection.js'
import type { AssembledParts } from './assemble.js'
import type { Engine } from './engine.js'

/** What is said of a mail between its final dot and its commit. */
export interface Admission {
  /** Kept with the mail; left out where nobody asked. */
  auth?: SenderAuth | null
  /** Null takes the mail in. */
  refusal: Refusal | null
}

export interface Refusal {
  code: number
  reason: RejectionReason
  /** With its enhanced status code (RFC 3463). */
  message: string
}

/** A sender waits for the answer, and the store's share of its patience comes after this. */
const admitMs = 10_000

/** What is asked before a mail is stored, where the config wants it. */
export function offerAdmission({ current, log }: Pick<Engine, 'current' | 'log'>) {
  return {
    /** Never rejects, and takes the mail in when it does not know in time: an alert too many beats a lost one. */
    async admitMail(raw: RawMail): Promise<Admission> {
      try {
        return await admit(current().parts, raw, AbortSignal.timeout(admitMs))
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        log('warn', 'a mail is taken in, as it could not be looked at before', { mail: raw.id, error: reason })
        return { refusal: null }
      }
    },
  }
}

/** Must anything be asked before a mail is stored? */
export function asksBeforeSaving({ config }: Pick<AssembledParts, 'config'>): boolean {
  return config.otherwise.reject !== null || config.server.smtp.senderAuth?.policy === 'reject'
}

async function admit(parts: AssembledParts, raw: RawMail, signal: AbortSignal): Promise<Admission> {
  const { auth, judgement } = await parts.checkSender(raw, signal)
  if (judgement?.action === 'reject') return { auth, refusal: refuseSender(judgement) }
  // It is held for a person, who has to find it.
  if (judgement !== null || parts.config.otherwise.reject === null) return { auth, refusal: null }
  const mail = await parts.parse({ ...raw, auth }, signal)
  return { auth, refusal: refuseUnrouted(parts, mail) }
}

/** RFC 7372, 3.2 and 3.3: 5.7.23 for SPF, and 5.7.26 where several checks failed, as DMARC does. */
function refuseSender({ check, reason }: SenderJudgement): Refusal {
  const status = check === 'spf' ? '5.7.23' : '5.7.26'
  return { code: 550, reason: 'sender_auth', message: `${status} ${reason}` }
}

/** What a mail that nothing takes hears, or null. Of a malformed one nobody knows what it is: it is never refused. */
function refuseUnrouted({ config, couldTake }: AssembledParts, mail: Mail): Refusal | null {
  const { reject } = config.otherwise
  if (reject === null || mail.malformed !== null || couldTake(mail)) return null
  return { code: reject.code, reason: 'no_route', message: reject.text }
}

/** What became of a mail at the door, in words. */
export interface Admissibility {
  verdict: 'held' | 'refused'
  reason: string
}

/** What `admitMail` and the pipeline would say of a mail. Asks nobody: of who sent it, what was found counts. */
export async function explainAdmission(
  parts: AssembledParts,
  raw: RawMail,
  mail: Mail,
  signal: AbortSignal,
): Promise<Admissibility | null> {
  const { judgement } = await parts.checkSender({ ...raw, auth: raw.auth ?? null }, signal)
  if (judgement?.action === 'quarantine') return { verdict: 'held', reason: judgement.reason }
  const refusal = judgement ? refuseSender(judgement) : refuseUnrouted(parts, mail)
  return refusal && { verdict: 'refused', reason: `${refusal.code} ${refusal.message}` }
}
