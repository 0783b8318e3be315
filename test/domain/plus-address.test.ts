import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPlusKeys, splitPlus, withPlainAddresses } from '#src/domain/plus-address.js'

describe('an address with a +', () => {
  it.each([
    ['devops+db@x.example', 'devops@x.example', 'db'],
    ['Devops+DB@X.example', 'Devops@X.example', 'DB'],
    ['devops+db+eu@x.example', 'devops@x.example', 'db+eu'],
    ['devops+@x.example', 'devops@x.example', null],
    ['devops@x.example', 'devops@x.example', null],
    ['devops@x+y.example', 'devops@x+y.example', null],
    ['+db@x.example', '+db@x.example', null],
    ['"a+b"@x.example', '"a+b"@x.example', null],
    ['devops+db', 'devops', 'db'],
    ['devops+a@b@x.example', 'devops+a@b@x.example', null],
    ['+', '+', null],
    ['@', '@', null],
    ['', '', null],
  ])('%s is %s with %s', (address, plain, key) => expect(splitPlus(address)).toEqual({ plain, key }))

  const word = fc.string({ unit: fc.constantFrom('a', 'B', '.', '-', '_', '0', 'é'), minLength: 1, maxLength: 8 })
  const key = fc.string({ unit: fc.constantFrom('a', 'B', '.', '-', '+', '0'), minLength: 1, maxLength: 8 })

  it('comes apart as it was put together', () => {
    fc.assert(
      fc.property(word, key, word, (local, given, domain) => {
        const split = splitPlus(`${local}+${given}@${domain}`)
        expect(split).toEqual({ plain: `${local}@${domain}`, key: given })
      }),
    )
  })

  it('whatever it is: the plain one has no key, and what stands behind the last @ stays', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '+', '@', '"', ' ', '\r\n', '💥') }), (address) => {
        const { plain, key: found } = splitPlus(address)
        expect(plain.length).toBeLessThanOrEqual(address.length)
        expect(splitPlus(plain)).toEqual({ plain, key: null })
        expect(plain.slice(plain.lastIndexOf('@'))).toBe(
          address.includes('@') ? address.slice(address.lastIndexOf('@')) : plain.slice(-1),
        )
        expect(found).not.toBe('')
      }),
    )
  })
})

it('lists keys and plain addresses once, in their order', () => {
  const addresses = ['b+two@x', 'a+one@x', 'a@x', 'c@x', 'd+two@x', 'e+@x']
  expect(readPlusKeys(addresses)).toEqual(['two', 'one'])
  expect(withPlainAddresses(addresses)).toEqual([...addresses, 'b@x', 'd@x', 'e@x'])
  expect(readPlusKeys([])).toEqual([])
})
