import { MailRejected } from '../domain/errors.js'
import type { SenderLimits } from '../domain/smtp-settings.js'
import { type DailyCount, DailyCounts } from './daily-counts.js'
import { SlidingWindows } from './sliding-windows.js'

/** Somebody whose mails are counted: a user, or a client that the operator does not know. */
export interface LimitedSender {
  /** `user/jenkins`, `client/192.0.2.7` or `client/2001:db8:0:0::/64`. */
  key: string
  limits: SenderLimits
}

/** The counts of all senders, over all connections and reloads. */
export interface SenderCounts {
  /**
   * Lets a mail begin, or says why not. The rate is spent here and not given back, so that neither refused recipients nor
   * broken transactions nor many connections at once get around it; what hears 451 here spends nothing, or a sender that
   * tries again would never get in. Of the daily quota one mail is set aside, until `release`.
   */
  admit: (sender: LimitedSender) => MailRejected | null
  /** After each transaction that was admitted. */
  release: (sender: LimitedSender) => void
  stored: (sender: LimitedSender, receivedAt: number) => void
}

export interface SenderCountsOptions {
  /** What the store has of today. */
  known: DailyCount[]
  /** Hears of each sender once a day when its quota is spent, once more after a restart, and again where it rejected. */
  onQuotaSpent: (key: string, max: number) => Promise<void>
  now: () => number
}

/** Of 20,000 senders at most, about 1 kB each; the one that was silent longest is forgotten first. */
const keysMax = 20_000
const dayMs = 86_400_000

export function createSenderCounts({ known, onQuotaSpent, now }: SenderCountsOptions): SenderCounts {
  const rates = new SlidingWindows(keysMax)
  const daily = new DailyCounts(known, now(), onQuotaSpent)
  return {
    admit: (sender) => {
      const { key, limits } = sender
      const at = now()
      if (!daily.reserve(key, limits.mailsPerDayMax, at)) return quotaSpent(sender, at)
      const waitMs = limits.mails === null ? 0 : rates.take(key, limits.mails, at)
      if (waitMs === 0) return null
      daily.release(key)
      return new MailRejected(
        451,
        'too_many_mails',
        `4.7.1 too many mails from ${nameOf(key)}, come again in ${describeWait(waitMs)}`,
      )
    },
    release: ({ key }) => daily.release(key),
    stored: ({ key, limits }, receivedAt) => daily.stored(key, limits.mailsPerDayMax, receivedAt),
  }
}

function quotaSpent({ key, limits }: LimitedSender, now: number): MailRejected {
  const waitMs = dayMs - (now % dayMs)
  const words = `the daily quota of ${nameOf(key)} is spent (${limits.mailsPerDayMax})`
  return new MailRejected(451, 'daily_quota', `4.7.1 ${words}, come again in ${describeWait(waitMs)}`)
}

/** `user jenkins`, `client 192.0.2.7`: how a sender's key is said in words. */
export function nameOf(key: string): string {
  return key.replace('/', ' ')
}

/** Rounded up: who comes after it is let in. */
export function describeWait(waitMs: number): string {
  const seconds = Math.ceil(waitMs / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`
}
