import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openServerKey } from '#src/engine/server-key.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-key-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('is made at the first start, readable by the owner alone, and stays', () => {
  const key = openServerKey(folder, {})
  expect(key).toHaveLength(32)
  expect(statSync(join(folder, 'mailtrigger.key')).mode & 0o777).toBe(0o600)
  expect(Buffer.from(openServerKey(folder, {}))).toEqual(Buffer.from(key))
  expect(Buffer.from(openServerKey(mkdtempSync(join(folder, 'x')), {}))).not.toEqual(Buffer.from(key))
})

it('comes from the environment where that has one, and leaves no file', () => {
  const env = { MAILTRIGGER_SECRET_KEY: 'a secret of thirty-two characters' }
  const key = openServerKey(folder, env)
  expect(key).toHaveLength(32)
  expect(Buffer.from(openServerKey(folder, env))).toEqual(Buffer.from(key))
  expect(() => statSync(join(folder, 'mailtrigger.key'))).toThrow()
  expect(Buffer.from(openServerKey(folder, { MAILTRIGGER_SECRET_KEY: '' }))).not.toEqual(Buffer.from(key))
})

it('that is too short to be one is refused, and not shown', () => {
  const open = () => openServerKey(folder, { MAILTRIGGER_SECRET_KEY: 'hunter2' })
  expect(open).toThrow('MAILTRIGGER_SECRET_KEY has 7 characters, at least 32 are needed')
  expect(open).not.toThrow('hunter2')
})

it.each(['', 'abc', '0'.repeat(63), 'z'.repeat(64)])('in a damaged file (%j) is refused, and the file kept', (text) => {
  const file = join(folder, 'mailtrigger.key')
  writeFileSync(file, text)
  expect(() => openServerKey(folder, {})).toThrow('is damaged')
  expect(readFileSync(file, 'utf8')).toBe(text)
})
