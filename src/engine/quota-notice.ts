import type { Config } from '../domain/config.js'
import type { Message } from '../domain/message.js'
import { wordNotification } from '../steps/word-deliveries.js'
import type { Store } from '../store/store.js'
import { planSystemNotice } from '../watch/plan-system-notice.js'
import { planNotice } from './plan-notice.js'

/**
 * Tells `otherwise.send` that a sender has sent its mails of a day, so that what it sends now is refused: each user once
 * a day, and of clients that nobody knows only the first, as there may be any number of them. However often this is asked
 * and whatever was restarted in between, it is told once. Answers with the channels that have new work.
 */
export async function tellQuotaSpent(
  store: Pick<Store, 'raise'>,
  { sender, max, config, now }: { sender: string; max: number; config: Config; now: number },
): Promise<string[]> {
  const day = new Date(now).toISOString().slice(0, 10)
  const who = sender.startsWith('user/') ? sender : 'clients'
  const message = describeQuota(sender, max, now)
  const notice = planSystemNotice('quota', message, (channels, said) => planNotice(channels, said, config, now))
  // One sender's notice must not be taken for a repetition of another's.
  const { notification } = await wordNotification({ ...notice, fingerprint: `mailtrigger/quota/${who}` }, config)
  const { channels } = await store.raise([notification], { source: 'system', key: `quota/${who}/${day}` }, now)
  return channels
}

function describeQuota(sender: string, max: number, now: number): Message {
  const [kind = '', ...rest] = sender.split('/')
  const name = rest.join('/')
  const isUser = kind === 'user'
  return {
    title: `${kind} ${name} has sent its ${max} mails of today`,
    text: isUser
      ? 'What it sends until midnight UTC is refused with 451, so that it tries again; a device that does not try again loses it. The limit is `per_day` of the user, or of `user_limits`, under server.smtp.'
      : 'What it sends until midnight UTC is refused with 451. The limit is `client_limits.per_day` under server.smtp; further clients that spend theirs today are in the rejected log only.',
    severity: 'warning',
    from: 'mailtrigger',
    labels: { [kind]: name },
    links: [],
    attachments: [],
    notes: [],
    mailId: null,
    receivedAt: now,
  }
}
