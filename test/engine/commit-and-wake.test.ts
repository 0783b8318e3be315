import { describe, expect, it } from 'vitest'
import type { EngineEvent } from '#src/domain/events.js'
import { commitAndWake } from '#src/engine/commit-and-wake.js'
import type { RoutedMailCommit, Routing } from '#src/store/store.js'
import { makeDelivery, makeNotification, makeRaw, makeRouting, noon } from '../store/store-fixture.js'

const nothing: RoutedMailCommit = { deliveries: 0, channels: [], fates: [], closed: [] }

describe('a commit', () => {
  it('wakes the channels before it is durable, so that their claim shares it', async () => {
    const { commit, told } = start(async () => ({ ...nothing, channels: ['ops'] }))
    await commit(makeCommit({ notifications: [makeNotification([makeDelivery(), makeDelivery()])] }))
    expect(told).toEqual(['deliveries ops', 'durable'])
  })

  it('wakes the channels that hear that something is over, and tells what the mail closed', async () => {
    const { commit, told, events } = start(async () => ({ ...nothing, channels: ['desk'], closed: ['n1', 'n2'] }))
    await commit(makeCommit({}))
    expect(told).toEqual(['deliveries ', 'durable', 'deliveries desk'])
    expect(events).toEqual([
      { type: 'notification.resolved', notification_id: 'n1', by: 'mail m1' },
      { type: 'notification.resolved', notification_id: 'n2', by: 'mail m1' },
    ])
  })

  it('says when the first of what waits is due', async () => {
    const { commit, told } = start(async () => nothing)
    const hold = { key: 'a', happenedAt: noon, forMs: 9, until: noon + 9 }
    const notifications = [
      makeNotification([], { control: { dedupe: null, hold, digest: null } }),
      makeNotification([], { control: { dedupe: null, hold: null, digest: { key: '', dueAt: noon + 5 } } }),
    ]
    await commit(makeCommit({ notifications }))
    expect(told).toEqual(['deliveries ', 'durable', `follow ${noon + 5}`])
  })

  it('tells the monitors that were expecting the mail', async () => {
    const { commit, told } = start(async () => nothing)
    await commit(makeCommit({ monitorsSeen: [{ monitor: 'backup', at: noon }] }))
    expect(told).toEqual(['deliveries ', 'durable', 'watch backup'])
  })

  it('that came too late tells nobody anything', async () => {
    const { commit, told, events } = start(async () => false)
    expect(await commit(makeCommit({ monitorsSeen: [{ monitor: 'backup', at: noon }] }))).toBe(false)
    expect(told).toEqual(['deliveries ', 'durable'])
    expect(events).toEqual([])
  })
})

function start(commitRouting: () => Promise<RoutedMailCommit | false>) {
  const told: string[] = []
  const events: EngineEvent[] = []
  const commit = commitAndWake({
    store: {
      async commitRouting() {
        const committed = await commitRouting()
        told.push('durable')
        return committed
      },
    },
    deliveries: { wake: (channels) => void told.push(`deliveries ${channels?.join()}`) },
    follow: { expect: (at) => void told.push(`follow ${at}`) },
    watch: { seen: (monitors) => void told.push(`watch ${monitors.join()}`) },
    emit: (event) => void events.push(event),
  })
  return { commit, told, events }
}

function makeCommit(changes: Partial<Routing>): Routing {
  const claimed = {
    ...makeRaw('m1'),
    owner: 'me',
    epoch: 1,
    attempts: 1,
    generation: 0,
    pendingRoutes: null,
    trace: null,
  }
  return makeRouting(claimed, changes)
}
