import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type KeyRing, openServerKeys } from '#src/engine/server-key.js'

const secret = 'a secret of thirty-two characters'
const other = 'another secret, just as long as it is'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-key-'))
  file = join(folder, 'mailtrigger.key')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = (env: Record<string, string> = {}): KeyRing => openServerKeys(folder, env).ring()
const idsOf = ({ current, former }: KeyRing) => [current, ...former].map(({ sealing }) => sealing.id)

describe('the key', () => {
  it('is made at the first start, readable by the owner alone, and stays', () => {
    const { current, former, origin } = open()
    expect([current.signing.length, current.sealing.bytes.length, former, origin]).toEqual([32, 32, [], 'file'])
    expect(Buffer.from(current.sealing.bytes)).not.toEqual(Buffer.from(current.signing))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(open()).toEqual(open())
    expect(idsOf(openServerKeys(mkdtempSync(join(folder, 'x')), {}).ring())).not.toEqual(idsOf(open()))
  })

  it('comes from the environment where that has one, and leaves no file', () => {
    const env = { MAILTRIGGER_SECRET_KEY: secret }
    expect(open(env)).toMatchObject({ former: [], origin: 'variable' })
    expect(open(env)).toEqual(open(env))
    expect(() => statSync(file)).toThrow()
    expect(open({ MAILTRIGGER_SECRET_KEY: '' }).origin).toBe('file')
  })

  it('that was before goes on opening, where the environment names both', () => {
    const both = open({ MAILTRIGGER_SECRET_KEY: other, MAILTRIGGER_SECRET_KEY_PREVIOUS: secret })
    expect(both.former).toEqual([open({ MAILTRIGGER_SECRET_KEY: secret }).current])
  })

  it('of the file goes on opening, when the environment has one from now on', () => {
    const fileKey = open().current
    const moved = open({ MAILTRIGGER_SECRET_KEY: secret })
    expect(moved).toMatchObject({ former: [fileKey], origin: 'variable' })
    expect(idsOf(open())).toEqual([fileKey.sealing.id])
  })

  it.each([
    ['is too short', { MAILTRIGGER_SECRET_KEY: 'hunter2' }, 'MAILTRIGGER_SECRET_KEY has 7 characters'],
    [
      'that was before is too short',
      { MAILTRIGGER_SECRET_KEY: secret, MAILTRIGGER_SECRET_KEY_PREVIOUS: 'hunter2' },
      'MAILTRIGGER_SECRET_KEY_PREVIOUS has 7 characters',
    ],
    ['is only the one before', { MAILTRIGGER_SECRET_KEY_PREVIOUS: secret }, 'MAILTRIGGER_SECRET_KEY is not'],
  ])('%s: refused, and not shown', (_, env, words) => {
    expect(() => open(env)).toThrow(words)
    expect(() => open(env)).not.toThrow('hunter2')
  })

  const hex = '0'.repeat(64)
  it.each(['', 'abc', '0'.repeat(63), 'z'.repeat(64), `${hex}\nabc`, `${hex}\n${hex}\n${hex}\n${hex}`])(
    'in a damaged file (%j) is refused, and the file kept',
    (text) => {
      writeFileSync(file, text)
      expect(() => open()).toThrow('is damaged')
      expect(readFileSync(file, 'utf8')).toBe(text)
    },
  )
})

describe('a rotation', () => {
  it('puts a new key before the others, of which two are kept, on disk and in force', () => {
    const keys = openServerKeys(folder, {})
    const [first = ''] = idsOf(keys.ring())
    const [second = ''] = idsOf(keys.rotate())
    const [third = ''] = idsOf(keys.rotate())
    expect(idsOf(keys.ring())).toEqual([third, second, first])
    const [fourth = ''] = idsOf(keys.rotate())
    expect(idsOf(keys.ring())).toEqual([fourth, third, second])
    expect(open()).toEqual(keys.ring())
    expect(keys.signing()).toHaveLength(3)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('is not ours to do where the environment has the key', () => {
    expect(() => openServerKeys(folder, { MAILTRIGGER_SECRET_KEY: secret }).rotate()).toThrow(TypeError)
  })
})
