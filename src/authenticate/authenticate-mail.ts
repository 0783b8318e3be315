import type { Envelope, SenderAuth } from '../domain/mail.js'
import { checkDkim, type DkimFinding } from './check-dkim.js'
import { askAhead, checkDmarc } from './check-dmarc.js'
import { checkSpf, type SpfFinding } from './check-spf.js'
import { type Finding, found } from './finding.js'
import type { HeaderCut } from './header-cut.js'
import { limitQuestions, type ResolveRecords } from './resolver.js'

export interface SenderCheck {
  /** Asks DNS; see `ResolveRecords` for its errors. */
  resolve: ResolveRecords
  /** For all questions together. */
  timeoutMs: number
  signal: AbortSignal
  /** Ours, for SPF macros. */
  hostname: string
}

/** More than an honest mail leads to: SPF at its limits, ten keys, and a few policies. */
const questionsMax = 150

/**
 * What DNS and the mail's signatures say about who sent it: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489). Never
 * rejects: trouble is the verdict `temperror`, which proves nothing.
 */
export async function authenticateMail(
  { envelope, ...mail }: HeaderCut & { envelope: Envelope },
  { resolve, timeoutMs, signal, hostname }: SenderCheck,
): Promise<SenderAuth> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const ask = limitQuestions(resolve, questionsMax, deadline)
  const [spf, dkim] = await Promise.all([
    checkSpf(envelope, ask, hostname).catch((error: unknown): SpfFinding => ({ ...failed(error), domain: '' })),
    checkDkim(mail, { resolve: ask, onAuthors: (from) => askAhead(from, ask) }).catch(
      (error: unknown): DkimFinding => ({ ...failed(error), from: [], isCut: false, passed: [], unsure: [] }),
    ),
  ])
  const dmarc = await checkDmarc(spf, dkim, ask).catch((error: unknown) => ({ ...failed(error), policy: null }))
  return {
    spf: spf.verdict,
    dkim: dkim.verdict,
    dmarc: dmarc.verdict,
    policy: dmarc.policy,
    reasons: { spf: spf.reason, dkim: dkim.reason, dmarc: dmarc.reason },
  }
}

/** What nobody foresaw of a stranger's mail is no verdict on it. */
function failed(error: unknown): Finding {
  return found('temperror', `the check failed: ${error instanceof Error ? error.message : String(error)}`)
}
