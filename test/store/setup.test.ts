import { describe, expect, test } from 'vitest'
import type { StoredChannel } from '#src/domain/stored-channel.js'
import type { LinkCode, StoredPerson } from '#src/domain/stored-person.js'
import { makeFolder, noon, openStore } from './store-fixture.js'

const hourMs = 3_600_000

function makeStored(name: string, changes: Partial<StoredChannel> = {}): StoredChannel {
  return {
    name,
    kind: 'slack',
    settings: { mention: '<!here> "O\'Brien"' },
    sealed: { keyId: 'a1b2', data: 'c2VhbGVk' },
    createdAt: noon,
    changedAt: noon,
    changedBy: 'cli:root',
    ...changes,
  }
}

const tim: StoredPerson = {
  address: 'tim@mailtrigger.app',
  name: 'Tim "T" O\'Brien',
  manager: null,
  channels: { pager: { address: '+886900000000', by: 'entry', at: noon } },
  changedAt: noon,
  changedBy: 'cli:root',
}

const code: LinkCode = {
  digest: 'd1',
  person: tim.address,
  channel: 'telegram',
  createdBy: 'cli:root',
  expiresAt: noon + hourMs,
}

describe('channels made while the server runs', () => {
  test('come back as they were, also after a restart', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    const plain = makeStored('b', { sealed: null, settings: {} })
    expect(await store.saveStoredChannels([{ channel: plain, before: null }])).toBe(true)
    expect(await store.saveStoredChannels([{ channel: makeStored('a'), before: null }])).toBe(true)
    await store.close()
    expect(await openStore(folder).listStoredChannels()).toEqual([makeStored('a'), plain])
  })

  test('are changed all or none, and only as they were read', async () => {
    const store = openStore()
    const [a, b] = [makeStored('a'), makeStored('b')]
    await store.saveStoredChannels([a, b].map((channel) => ({ channel, before: null })))
    const later = { changedAt: noon + 1, sealed: { keyId: 'ffff', data: 'bmV3' } }
    const changes = [
      { channel: { ...a, ...later }, before: noon },
      { channel: { ...b, ...later }, before: noon - 1 },
    ]
    expect(await store.saveStoredChannels(changes)).toBe(false)
    expect(await store.saveStoredChannels([{ channel: a, before: null }])).toBe(false)
    expect(await store.listStoredChannels()).toEqual([a, b])
    expect(await store.saveStoredChannels(changes.map((change) => ({ ...change, before: noon })))).toBe(true)
    expect(await store.listStoredChannels()).toEqual([
      { ...a, ...later },
      { ...b, ...later },
    ])
    expect(await store.deleteStoredChannel('a')).toBe(true)
    expect(await store.deleteStoredChannel('a')).toBe(false)
    expect(await store.saveStoredChannels([{ channel: makeStored('a'), before: noon }])).toBe(false)
  })
})

describe('what people entered of people', () => {
  test('comes back as it was, changed and deleted', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    expect(await store.saveStoredPerson(tim, null)).toBe(true)
    expect(await store.saveStoredPerson({ ...tim, name: null, changedAt: noon + 1 }, noon)).toBe(true)
    expect(await store.saveStoredPerson(tim, noon)).toBe(false)
    expect(await store.saveStoredPerson(tim, null)).toBe(false)
    await store.close()
    const opened = openStore(folder)
    expect(await opened.listStoredPeople()).toEqual([{ ...tim, name: null, changedAt: noon + 1 }])
    expect(await opened.deleteStoredPerson(tim.address)).toBe(true)
    expect(await opened.deleteStoredPerson(tim.address)).toBe(false)
  })

  test('a code links once, on its own channel, in its time', async () => {
    const store = openStore()
    await store.saveStoredPerson(tim, null)
    await store.saveLinkCode(code)
    const use = { digest: 'd1', channels: ['alerts', 'telegram'], address: '42', now: noon + 5 }
    expect(await store.listLinkCodes(noon)).toEqual([code])
    expect(await store.listLinkCodes(code.expiresAt)).toEqual([])
    expect(await store.useLinkCode({ ...use, channels: ['alerts'] })).toBeNull()
    expect(await store.useLinkCode({ ...use, digest: 'd2' })).toBeNull()
    expect(await store.useLinkCode(use)).toEqual(code)
    expect(await store.useLinkCode(use)).toBeNull()
    expect(await store.listLinkCodes(noon)).toEqual([])
    const telegram = { address: '42', by: 'link', at: noon + 5 }
    expect(await store.listStoredPeople()).toMatchObject([
      { name: tim.name, channels: { ...tim.channels, telegram }, changedBy: tim.address },
    ])
  })

  test('a code that is over, replaced, or of a person who was deleted links nobody', async () => {
    const store = openStore()
    const use = { digest: 'd1', channels: ['telegram'], address: '42', now: noon }
    await store.saveLinkCode({ ...code, expiresAt: noon })
    expect(await store.useLinkCode(use)).toBeNull()
    await store.saveLinkCode(code)
    await store.saveLinkCode({ ...code, digest: 'd2' })
    expect(await store.useLinkCode(use)).toBeNull()
    await store.deleteStoredPerson(tim.address)
    expect(await store.useLinkCode({ ...use, digest: 'd2' })).toBeNull()
    expect(await store.listStoredPeople()).toEqual([])
  })

  test('somebody no file and nobody entered is linked, too', async () => {
    const store = openStore()
    await store.saveLinkCode(code)
    await store.useLinkCode({ digest: 'd1', channels: ['telegram'], address: '42', now: noon })
    expect(await store.listStoredPeople()).toMatchObject([{ address: tim.address, name: null, manager: null }])
  })
})
