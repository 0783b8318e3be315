import { expect, it } from 'vitest'
import { offerDeliveryCalls } from '#src/engine/delivery-calls.js'
import { offerMailCalls } from '#src/engine/mail-calls.js'
import { makeRaw } from '../store/store-fixture.js'
import { makeEngine, raiseSent, readAudit } from './engine-fixture.js'

it('what is cancelled and retried is recorded with its selection and reason', async () => {
  const { engine, store, woken } = await makeEngine()
  await raiseSent(store, [{}, { channel: 'desk' }])
  const calls = offerDeliveryCalls(engine)
  expect(await calls.cancelDeliveries({ channel: 'desk', since: 0 }, ' wrong people ', 'cli:root')).toBe(1)
  expect((await store.listDeliveries({ channel: 'desk', limit: 1 })).items[0]?.last_error).toBe('wrong people')
  expect(await calls.retryDeliveries({ channel: 'desk', status: 'cancelled' }, 'api')).toBe(1)
  expect(woken).toEqual(['all'])
  const { items } = await store.listAudit({ limit: 10 })
  expect(items.map(({ actor, action, subjects, detail }) => ({ actor, action, subjects, detail }))).toEqual([
    {
      actor: 'api',
      action: 'delivery.retry',
      subjects: ['desk'],
      detail: { status: 'cancelled', channel: 'desk', count: 1 },
    },
    {
      actor: 'cli:root',
      action: 'delivery.cancel',
      subjects: ['desk'],
      detail: { channel: 'desk', since: '1970-01-01T00:00:00.000Z', count: 1, reason: 'wrong people' },
    },
  ])
})

it('what changes nothing leaves no record, and a reason has an end', async () => {
  const { engine, store } = await makeEngine()
  const calls = offerDeliveryCalls(engine)
  expect(await calls.retryDeliveries({ channel: 'ops' }, 'api')).toBe(0)
  expect(await calls.cancelDeliveries({ channel: 'ops' }, null, 'api')).toBe(0)
  await expect(calls.cancelDeliveries({}, 'x'.repeat(501), 'api')).rejects.toMatchObject({ status: 400 })
  expect(await readAudit(store)).toEqual([])
})

it('mails that are replayed and deleted are recorded; of long lists the first hundred, and how many', async () => {
  const { engine, store } = await makeEngine()
  const ids = Array.from({ length: 120 }, (_, at) => `m${String(at).padStart(3, '0')}`)
  await store.saveMails(ids.map((id) => makeRaw(id)))
  const calls = offerMailCalls(engine)
  expect(await calls.replayMails([...ids, 'gone'], 'cli:root')).toBe(120)
  expect(await calls.deleteMails(ids.slice(0, 2), 'api')).toBe(2)
  expect(await calls.deleteMails(['gone'], 'api')).toBe(0)
  const { items } = await store.listAudit({ limit: 10 })
  expect(items.map(({ action }) => action)).toEqual(['mail.delete', 'mail.replay'])
  expect(items[1]?.subjects).toHaveLength(100)
  expect(items[1]?.detail).toEqual({ subjects: 120 })
})
