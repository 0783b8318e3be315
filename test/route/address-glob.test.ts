import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileAddressGlob } from '#src/route/address-glob.js'

test.each([
  ['*@x.example', 'a@x.example', true],
  ['*@x.example', 'a@sub.x.example', false],
  ['*@*.x.example', 'a@sub.x.example', true],
  ['ops*@x', 'ops-night@x', true],
  ['ops+db@x', 'ops+db@x', true],
  ['ops+db@x', 'opssdb@x', false],
  ['a.b@x', 'acb@x', false],
  ['uptime@*', 'UPTIME@x', true],
  ['*', '', true],
  ['', '', true],
  ['', 'a@x', false],
  ['a*a', 'a', false],
  ['a**b', 'ab', true],
  [' a@x ', 'a@x', true],
])('%j and %j: %s', (glob, address, expected) => {
  expect(compileAddressGlob(glob).matches(address)).toBe(expected)
})

test('agrees with the regex that means the same', () => {
  const unit = fc.constantFrom('a', 'b', '@', '.', '+')
  const glob = fc.string({ unit: fc.oneof(unit, fc.constant('*')), maxLength: 8 })
  fc.assert(
    fc.property(glob, fc.string({ unit, maxLength: 12 }), (pattern, address) => {
      const source = pattern.replace(/[.+]/g, '\\$&').replaceAll('*', '.*')
      expect(compileAddressGlob(pattern).matches(address)).toBe(new RegExp(`^${source}$`).test(address))
    }),
    { numRuns: 1_000 },
  )
})

test('many stars against a long address take no time', () => {
  const glob = compileAddressGlob(`${'*a'.repeat(200)}*b`)
  expect(glob.matches('a'.repeat(100_000))).toBe(false)
})
