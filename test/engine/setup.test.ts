import { afterEach, expect, it } from 'vitest'
import { channelKinds } from '#src/channels/index.js'
import { readSetup, resealSetup, resumeMended, takeSetup } from '#src/engine/setup.js'
import { sealChannel } from '#src/engine/stored-channel.js'
import type { SetupStore } from '#src/store/setup-store.js'
import { makeConfig } from '../steps/step-fixture.js'
import { makeFolder, noon, openStore } from '../store/store-fixture.js'
import { makeFileKeys, makeKeys } from './key-fixture.js'

const removals: (() => void)[] = []
afterEach(() => {
  for (const remove of removals.splice(0)) remove()
})

const settings = { bot_token: '123456:CANARY', chat_id: '1' }

async function saveChannels(store: SetupStore, names: string[], keys = makeKeys()): Promise<void> {
  const channels = names.map((name) => {
    const facts = { name, kind: 'telegram', settings, createdAt: noon, changedAt: noon, changedBy: 'cli:root' }
    return { channel: sealChannel(facts, keys.ring(), channelKinds), before: null }
  })
  await store.saveStoredChannels(channels)
}

async function take(store: SetupStore, keys = makeKeys(), before: ReturnType<typeof takeSetup> | null = null) {
  const told: string[] = []
  const source = { inboxOnly: false }
  const setup = await readSetup(store)
  const log = (_: string, message: string): void => void told.push(message)
  return { merged: takeSetup(makeConfig(), setup, { ring: keys.ring(), source, log, before }), told }
}

it('all is sealed anew under a new key, once, and opens under that key alone', async () => {
  const { keys, remove } = makeFileKeys()
  removals.push(remove)
  const store = openStore(makeFolder())
  await saveChannels(store, ['a', 'b'], keys)
  // A kill here leaves channels that the former key opens.
  const ring = keys.rotate()
  expect((await take(store, keys)).merged.stored.get('a')).toMatchObject({ problem: null, isFormer: true })
  expect([await resealSetup(store, ring), await resealSetup(store, ring)]).toEqual([2, 0])
  const alone = { ...ring, former: [] }
  expect((await take(store, { ...keys, ring: () => alone })).told).toEqual([])
})

it('what is wrong with a channel is told once, and again when it is something else', async () => {
  const store = openStore(makeFolder())
  await saveChannels(store, ['a'], makeKeys('x'.repeat(32)))
  const first = await take(store)
  expect(first.told).toEqual([expect.stringContaining('channel a cannot be used: its secrets cannot be opened')])
  expect((await take(store, makeKeys(), first.merged)).told).toEqual([])
})

it('what waited for a channel to be mended goes on, and what waits for something else waits', async () => {
  const store = openStore(makeFolder())
  await saveChannels(store, ['lost'], makeKeys('x'.repeat(32)))
  await saveChannels(store, ['mended', 'paused', 'free'])
  const pause = (reason: string) => ({ until: noon + 1_000_000, reason, failures: 1 })
  for (const name of ['lost', 'mended']) {
    await store.saveChannelPause(name, pause('the channel cannot be used: its secrets cannot be opened'))
  }
  await store.saveChannelPause('paused', pause('401 Unauthorized'))
  const resumed: string[] = []
  const deliveries = { resume: async (name: string) => void resumed.push(name) }
  await resumeMended(store, deliveries, (await take(store)).merged.stored)
  expect(resumed).toEqual(['mended'])
})
