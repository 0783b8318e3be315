import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deriveUuid } from '#src/channels/derive-uuid.js'

test('a name has one UUID of version 5, and another name another', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(deriveUuid(one)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(deriveUuid(one) === deriveUuid(other)).toBe(one === other)
    }),
  )
})
