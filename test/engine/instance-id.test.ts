import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openInstanceId } from '#src/engine/instance-id.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-instance-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('is made once, and kept', () => {
  const made = openInstanceId(folder)
  expect(made).toMatch(/^[0-9a-f]{16}$/)
  expect(openInstanceId(folder)).toBe(made)
  expect(readFileSync(join(folder, 'instance-id'), 'utf8')).toBe(`${made}\n`)
  expect(readdirSync(folder)).toEqual(['instance-id'])
})

it.each(['', 'x', '0123456789ABCDEF', '0123456789abcdef0', '\0'.repeat(1_000), '0123456789abcdef\nmore'])(
  'is made anew where the file has %j',
  (content) => {
    writeFileSync(join(folder, 'instance-id'), content)
    const made = openInstanceId(folder)
    expect(made).toMatch(/^[0-9a-f]{16}$/)
    expect(openInstanceId(folder)).toBe(made)
  },
)
