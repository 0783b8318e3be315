import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import type { WasmHost, WasmModule } from '#src/domain/wasm.js'
import { openUploads, type UploadsParts } from '#src/engine/uploads.js'
import { openSqliteStore } from '#src/store/sqlite/sqlite-store.js'
import type { Store } from '#src/store/store.js'

const opened: { store: Store; folder: string }[] = []
afterEach(async () => {
  for (const { store, folder } of opened.splice(0)) {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

/** A host that loads whatever does not say "broken". */
const load: WasmHost['load'] = async (path) => {
  const text = readFileSync(path, 'utf8')
  if (text.includes('broken')) throw new SandboxError('rejected', `${text} is broken`)
  return { sha256: 'of the built module', path, sizeBytes: text.length, kinds: ['action'] } satisfies WasmModule
}

function makeParts(): UploadsParts & { store: Store } {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-engine-'))
  const store = openSqliteStore(folder, () => 0)
  opened.push({ store, folder })
  return { store, host: { load }, folder: join(folder, 'uploads'), now: () => 0, declared: () => [] }
}

const file = (text: string) => ({ filename: 'pager.ts', bytes: new TextEncoder().encode(text) })
const fits = () => undefined

it('runs what the store calls active, named by the hash of what was uploaded', async () => {
  const parts = makeParts()
  const uploads = await openUploads(parts)
  expect([uploads.names(), uploads.find('pager')]).toEqual([[], null])
  await uploads.add('pager', file('one'), fits)
  await uploads.add('pager', file('two'), fits)
  const [active] = await parts.store.listModules('pager')
  expect(uploads.find('pager')?.sha256).toBe(active?.sha256)
  expect(active?.sha256).toMatch(/^3fc4ccfe/)
  const again = await openUploads(parts)
  expect(again.find('pager')?.sha256).toBe(active?.sha256)
})

it('keeps nothing of a module that is broken, or that is refused for its place', async () => {
  const parts = makeParts()
  const uploads = await openUploads(parts)
  await expect(uploads.add('pager', file('broken'), fits)).rejects.toThrow(SandboxError)
  const refuse = () => {
    throw new RangeError('not here')
  }
  await expect(uploads.add('pager', file('one'), refuse)).rejects.toThrow('not here')
  expect(uploads.names()).toEqual([])
  expect(await parts.store.listModules()).toEqual([])
  expect(readdirSync(parts.folder)).toEqual([])
})

it('goes back, and forgets', async () => {
  const parts = makeParts()
  const uploads = await openUploads(parts)
  const first = await uploads.add('pager', file('one'), fits)
  await uploads.add('pager', file('two'), fits)
  expect(await uploads.activate('pager', 'nothing', fits)).toBeNull()
  expect((await uploads.activate('pager', first.sha256, fits))?.sha256).toBe(first.sha256)
  expect(uploads.find('pager')?.sha256).toBe(first.sha256)
  const used = () => {
    throw new RangeError('in use')
  }
  await expect(uploads.remove('pager', used)).rejects.toThrow('in use')
  expect(await uploads.remove('pager', fits)).toBe(2)
  expect(uploads.find('pager')).toBeNull()
})

it('starts with an upload that cannot be used any more, and says why', async () => {
  const parts = makeParts()
  const bytes = new TextEncoder().encode('broken by now')
  await parts.store.saveModule({
    name: 'old',
    sha256: 'abc',
    filename: 'old.ts',
    kinds: ['action'],
    bytes,
    uploadedAt: 0,
  })
  const uploads = await openUploads(parts)
  expect(uploads.names()).toEqual(['old'])
  expect(uploads.find('old')).toBeNull()
  expect([...uploads.broken]).toEqual([['old', 'broken by now is broken']])
  await uploads.add('old', file('mended'), fits)
  expect(uploads.broken.size).toBe(0)
})

it('does one thing after the other, also when one fails', async () => {
  const uploads = await openUploads(makeParts())
  const order: string[] = []
  const first = uploads.inTurn(async () => {
    await Promise.resolve()
    order.push('first')
    throw new RangeError('no')
  })
  const second = uploads.inTurn(async () => order.push('second'))
  await expect(first).rejects.toThrow('no')
  await second
  expect(order).toEqual(['first', 'second'])
})
