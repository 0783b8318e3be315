import { describe, expect, it } from 'vitest'
import type { NewModule } from '#src/store/module-store.js'
import type { Store } from '#src/store/store.js'
import { makeFolder, noon, openStore } from './store-fixture.js'

function makeModule(sha256: string, changes: Partial<NewModule> = {}): NewModule {
  const bytes = new TextEncoder().encode(`bytes of ${sha256}`)
  return { name: 'pager', sha256, filename: 'pager.ts', kinds: ['action'], bytes, uploadedAt: noon, ...changes }
}

const outline = async (store: Store, name?: string) =>
  (await store.listModules(name)).map(({ sha256, active }) => `${sha256}${active ? '*' : ''}`)

describe('module versions', () => {
  it('has none at first', async () => {
    const store = openStore()
    expect(await store.listModules()).toEqual([])
    expect(await store.readModule('pager', 'a')).toBeNull()
    expect(await store.activateModule('pager', 'a')).toBe(false)
    expect(await store.deleteModule('pager')).toBe(0)
  })

  it('keeps what was uploaded, byte for byte, over a restart', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    const bytes = Uint8Array.from([0, 97, 115, 109, 255, 0])
    await store.saveModule(makeModule('a', { bytes, kinds: ['action', 'condition'] }))
    await store.close()
    const again = openStore(folder)
    expect(await again.listModules()).toEqual([
      {
        name: 'pager',
        sha256: 'a',
        filename: 'pager.ts',
        size_bytes: 6,
        kinds: ['action', 'condition'],
        uploaded_at: new Date(noon).toISOString(),
        active: true,
      },
    ])
    expect([...((await again.readModule('pager', 'a'))?.bytes ?? [])]).toEqual([...bytes])
  })

  it('activates the last one saved, also of two saved at once', async () => {
    const store = openStore()
    await Promise.all([store.saveModule(makeModule('a')), store.saveModule(makeModule('b'))])
    expect(await outline(store)).toEqual(['b*', 'a'])
  })

  it('counts what is saved again as new', async () => {
    const store = openStore()
    for (const sha256 of ['a', 'b', 'a']) await store.saveModule(makeModule(sha256))
    expect(await outline(store)).toEqual(['a*', 'b'])
  })

  it('goes back to an older version, of this name only', async () => {
    const store = openStore()
    for (const sha256 of ['a', 'b']) await store.saveModule(makeModule(sha256))
    await store.saveModule(makeModule('c', { name: 'other' }))
    expect(await store.activateModule('pager', 'c')).toBe(false)
    expect(await store.activateModule('pager', 'a')).toBe(true)
    expect(await outline(store, 'pager')).toEqual(['b', 'a*'])
    expect(await outline(store, 'other')).toEqual(['c*'])
  })

  it('keeps the last twenty of each name', async () => {
    const store = openStore()
    await store.saveModule(makeModule('x', { name: 'other' }))
    for (let index = 0; index < 23; index++) await store.saveModule(makeModule(`v${index}`))
    const kept = await outline(store, 'pager')
    expect(kept).toHaveLength(20)
    expect(kept[0]).toBe('v22*')
    expect(kept.at(-1)).toBe('v3')
    expect(await outline(store, 'other')).toEqual(['x*'])
  })

  it('deletes a name with all its versions', async () => {
    const store = openStore()
    for (const sha256 of ['a', 'b']) await store.saveModule(makeModule(sha256))
    await store.saveModule(makeModule('c', { name: 'other' }))
    expect(await store.deleteModule('pager')).toBe(2)
    expect(await outline(store)).toEqual(['c*'])
  })

  it('takes a name with a quote in it for what it is', async () => {
    const store = openStore()
    await store.saveModule(makeModule('a', { name: `o'"; DROP` }))
    expect(await outline(store, `o'"; DROP`)).toEqual(['a*'])
  })
})
