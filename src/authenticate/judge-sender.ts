import type { SenderAuth } from '../domain/mail.js'
import type { SenderAuthSettings } from '../domain/smtp-settings.js'

/** What is done with a mail from outside because of who sent it. */
export interface SenderJudgement {
  action: 'quarantine' | 'reject'
  /** Which check failed, for the reply's code. */
  check: 'dmarc' | 'spf'
  /** One line for people. */
  reason: string
}

const steps = ['none', 'quarantine', 'reject'] as const

/**
 * Our policy says what is done at most, and the author's domain what it asks for: the milder of the two is done. A mail
 * fails by DMARC; where the domain has none, by a hard fail of SPF, for which the domain can ask nothing milder.
 * `temperror` never tells against a mail: an alert too many beats a lost one. Null lets the mail in.
 */
export function judgeSender(auth: SenderAuth, ours: SenderAuthSettings['policy']): SenderJudgement | null {
  if (auth.dmarc === 'fail') {
    const asked = auth.policy ?? 'none'
    const done = steps[Math.min(steps.indexOf(ours), steps.indexOf(asked))] ?? 'none'
    return done === 'none' ? null : { action: done, check: 'dmarc', reason: `DMARC fail: ${auth.reasons.dmarc}` }
  }
  const isForged = auth.dmarc === 'none' && auth.spf === 'fail'
  if (!isForged || ours === 'none') return null
  return { action: ours, check: 'spf', reason: `SPF fail: ${auth.reasons.spf}` }
}
