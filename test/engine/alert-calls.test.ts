import { describe, expect, it } from 'vitest'
import { offerAlertCalls } from '#src/engine/alert-calls.js'
import { ackLinkMs, signAckLink } from '#src/follow/ack-token.js'
import { noon } from '../store/store-fixture.js'
import { makeEngine, raiseSent, readAudit } from './engine-fixture.js'

const forged = { status: 404, code: 'not_found' }

describe('a link', () => {
  it('shows the alert without acknowledging it', async () => {
    const { calls, token, store, notificationId } = await start()
    const view = await calls.readAckToken(token)
    expect(view).toMatchObject({
      is_expired: false,
      recipient: 'tim@y.example',
      notification: { id: notificationId, status: 'sent', title: 'Disk full', message: { text: 'on sda1' } },
    })
    expect((await store.readNotification(notificationId))?.acked_by).toBeNull()
  })

  it('acknowledges once, in the name of whom it was sent to; used again it changes nothing', async () => {
    const { calls, token, store, notificationId } = await start()
    expect(await calls.ackByToken(token, ' on it ')).toMatchObject({
      outcome: 'acknowledged',
      notification_id: notificationId,
      acked_by: 'link:tim@y.example',
      acked_at: '2025-06-06T12:00:00.000Z',
      ack_note: 'on it',
    })
    expect(await calls.ackByToken(token, 'again')).toMatchObject({
      outcome: 'already',
      ack_note: 'on it',
      words: 'already acknowledged by tim@y.example at 12:00 UTC',
    })
    expect(await readAudit(store)).toEqual([`link:tim@y.example notification.acknowledge ${notificationId}`])
  })

  it('that is too old still shows, and does nothing', async () => {
    const { calls, token, store, clock, notificationId } = await start()
    clock.now += ackLinkMs + 1_000
    expect(await calls.readAckToken(token)).toMatchObject({ is_expired: true })
    await expect(calls.ackByToken(token, null)).rejects.toMatchObject({ status: 410, code: 'expired' })
    expect((await store.readNotification(notificationId))?.status).toBe('sent')
  })

  it('that is forged is as if there were nothing', async () => {
    const { calls, token, deliveryId, engine } = await start()
    const gone = signAckLink(engine.keys.ring().current.signing, '01J9ZZZZZZZZZZZZZZZZZZZZZZ', noon + 1_000_000)
    const others = signAckLink(Buffer.alloc(32, 9), deliveryId, noon + 1_000_000)
    for (const bad of [`${token}x`, others, gone, '', '../../etc/passwd']) {
      await expect(calls.readAckToken(bad)).rejects.toMatchObject(forged)
      await expect(calls.ackByToken(bad, null)).rejects.toMatchObject(forged)
    }
  })

  it('to a channel that names its own destination acknowledges in the name of the channel', async () => {
    const { calls, token } = await start({ recipient: null, address: null })
    expect(await calls.ackByToken(token, null)).toMatchObject({ acked_by: 'link:ops' })
  })
})

describe('an acknowledgement', () => {
  it('is made by the notification, or by one of its deliveries', async () => {
    const { calls, notificationId, deliveryId } = await start()
    expect(await calls.acknowledge({ notificationId, note: '' }, 'cli:root')).toMatchObject({
      outcome: 'acknowledged',
      acked_by: 'cli:root',
      ack_note: null,
      words: 'acknowledged',
    })
    expect(await calls.acknowledge({ deliveryId }, 'api')).toMatchObject({ outcome: 'already', acked_by: 'cli:root' })
  })

  it.each([
    ['nothing that is there', { notificationId: '01J9ZZZZZZZZZZZZZZZZZZZZZZ' }, forged],
    ['nothing at all', {}, forged],
    ['a note without end', { note: 'x'.repeat(1_001) }, { status: 400, code: 'bad_request' }],
  ])('of %s is refused', async (_, request, error) => {
    const { calls } = await start()
    await expect(async () => calls.acknowledge(request, 'api')).rejects.toMatchObject(error)
  })

  it('of what is over says so', async () => {
    const { calls, notificationId } = await start()
    await calls.resolveNotifications([notificationId], 'cli:root')
    expect(await calls.acknowledge({ notificationId }, 'api')).toMatchObject({
      outcome: 'over',
      acked_by: null,
      words: 'this is over: resolved by cli:root at 12:00 UTC',
    })
  })
})

describe('resolved by hand', () => {
  it('is told to who was told, recorded, and once', async () => {
    const { calls, store, events, woken, notificationId } = await start()
    expect(await calls.resolveNotifications([notificationId, 'gone'], 'cli:root')).toBe(1)
    expect(await calls.resolveNotifications([notificationId], 'cli:root')).toBe(0)
    const { items } = await store.listDeliveries({ limit: 10 })
    expect(items.map(({ purpose, status }) => `${purpose} ${status}`).sort()).toEqual(['alert sent', 'resolve queued'])
    expect(woken).toEqual(['ops'])
    expect(events).toEqual([{ type: 'notification.resolved', notification_id: notificationId, by: 'cli:root' }])
    expect(await readAudit(store)).toEqual([`cli:root notification.resolve ${notificationId}`])
  })

  it('by thousands at a time is refused', async () => {
    const { calls } = await start()
    const many = Array.from({ length: 1_001 }, (_, at) => `${at}`)
    await expect(calls.resolveNotifications(many, 'api')).rejects.toMatchObject({ status: 400 })
  })
})

it('what is not there is not found', async () => {
  const { calls } = await start()
  await expect(calls.readNotification('gone')).rejects.toMatchObject(forged)
})

async function start(delivery: { recipient?: null; address?: null } = {}) {
  const made = await makeEngine()
  const sent = await raiseSent(made.store, [delivery])
  const token = signAckLink(made.engine.keys.ring().current.signing, sent.deliveryId, noon + ackLinkMs)
  return { ...made, ...sent, token, calls: offerAlertCalls(made.engine) }
}
