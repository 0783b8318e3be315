import type { CountedRejection } from '../domain/rejection.js'
import type { RejectionFilter } from '../store/door-store.js'
import type { Engine } from './engine.js'
import { tellQuotaSpent } from './quota-notice.js'

/** What the SMTP door leaves behind beside the mails: refusals, and what its senders have sent today. */
export function offerDoorCalls(engine: Engine) {
  const { store, emit, now, deliveries } = engine
  return {
    /** Resolves when the rejected log is durable. */
    async saveRejections(batch: CountedRejection[]): Promise<void> {
      await store.saveRejections(batch)
      for (const { rejection, count } of batch) {
        const { client, reason, message } = rejection
        emit({ type: 'mail.rejected', client, reason, message, count })
      }
    },
    listRejections: (filter: RejectionFilter) => store.listRejections(filter),
    /** How many mails each counted sender has stored on the day of UTC that it is. */
    listMailsOfToday: () => store.listDailyMailCounts(new Date(now()).toISOString().slice(0, 10)),
    /** @param sender as in `RawMail.countedAs` */
    async tellQuotaSpent(sender: string, max: number): Promise<void> {
      const { config } = engine.current()
      deliveries.wake(await tellQuotaSpent(store, { sender, max, config, now: now() }))
    },
  }
}
