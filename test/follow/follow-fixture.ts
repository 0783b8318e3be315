import type { NewNotification } from '#src/domain/delivery.js'
import type { Store } from '#src/store/store.js'
import { mailClaim, makeRaw, makeRouting } from '../store/store-fixture.js'

/** Each notification is what was made of a mail of its own. */
export async function routeMails(store: Store, notifications: NewNotification[], now: number): Promise<void> {
  const mails = notifications.map((_, at) => makeRaw(`m${now}-${String(at).padStart(5, '0')}`, { receivedAt: now }))
  await store.saveMails(mails)
  const waiting = [...notifications]
  while (waiting.length > 0) {
    const claimed = await store.claimMails({ ...mailClaim, now, limit: 100, leaseMs: 60_000 })
    if (claimed.length === 0) throw new Error('fewer mails are due than were saved')
    const routings = claimed.map((mail) => {
      const notification = waiting.shift()
      return makeRouting(mail, { now, notifications: notification ? [notification] : [] })
    })
    await Promise.all(routings.map((routing) => store.commitRouting(routing)))
  }
}
