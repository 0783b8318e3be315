import type { Config } from '../domain/config.js'
import type { Message } from '../domain/message.js'
import { wordNotification } from '../steps/word-deliveries.js'
import type { Store } from '../store/store.js'
import { planSystemNotice } from '../watch/plan-system-notice.js'
import { planNotice } from './plan-notice.js'

/**
 * Tells that a channel has sent as much as it may for a day: once a day, and not on that very channel where there is
 * another. Answers with the channels that have new work.
 */
export async function tellCapReached(
  store: Pick<Store, 'raise'>,
  { channel, max, config, now }: { channel: string; max: number; config: Config; now: number },
): Promise<string[]> {
  const day = new Date(now).toISOString().slice(0, 10)
  const others = config.otherwise.send.filter((name) => name !== channel)
  const message = describeCap(channel, max, now)
  const notice = planSystemNotice('cap', message, (_, said) => planNotice(others, said, config, now))
  const { notification } = await wordNotification(notice, config)
  const { channels } = await store.raise([notification], { source: 'system', key: `cap/${channel}/${day}` }, now)
  return channels
}

function describeCap(channel: string, max: number, now: number): Message {
  return {
    title: `channel ${channel} has sent its ${max} messages of today`,
    text: 'What is left for it waits until midnight UTC; nothing is lost. Its cap is `daily_cap` in the config.',
    severity: 'warning',
    from: 'mailtrigger',
    labels: { channel },
    links: [],
    attachments: [],
    notes: [],
    mailId: null,
    receivedAt: now,
  }
}
