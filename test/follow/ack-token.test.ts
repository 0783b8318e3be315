import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ackLinkMs,
  readAckButton,
  readAckLink,
  signAckButton,
  signAckLink,
  signHookSecret,
} from '#src/follow/ack-token.js'

const key = Buffer.alloc(32, 7)
const otherKey = Buffer.alloc(32, 8)
const deliveryId = '01J9ZZZZZZZZZZZZZZZZZZZZZZ'
const now = Date.UTC(2026, 10, 20, 9)

describe('a link', () => {
  const token = signAckLink(key, deliveryId, now + ackLinkMs)

  it('tells its delivery until it expires', () => {
    expect(readAckLink([key], token, now)).toEqual({ deliveryId, isExpired: false })
    expect(readAckLink([key], token, now + ackLinkMs - 1_000)).toEqual({ deliveryId, isExpired: false })
    expect(readAckLink([key], token, now + ackLinkMs + 1_000)).toEqual({ deliveryId, isExpired: true })
  })

  it('is good under a former key, too', () => {
    expect(readAckLink([otherKey, key], token, now)).toEqual({ deliveryId, isExpired: false })
    expect(readAckButton([otherKey, key], signAckButton(key, deliveryId))).toBe(deliveryId)
    expect(readAckLink([], token, now)).toBeNull()
  })

  it('is safe in a URL as it is', () => {
    expect(encodeURIComponent(token)).toBe(token)
  })

  it.each([
    ['another key', () => readAckLink([otherKey], token, now)],
    ['a later expiry', () => readAckLink([key], token.replace(/\.[0-9a-z]+\./, '.zzzzzz.'), now)],
    ['another delivery', () => readAckLink([key], token.replace('01J9', '01J8'), now)],
    ['no signature', () => readAckLink([key], token.split('.').slice(0, 2).join('.'), now)],
    ['an empty signature', () => readAckLink([key], `${token.split('.').slice(0, 2).join('.')}.`, now)],
    ['a longer signature', () => readAckLink([key], `${token}A`, now)],
    ['spaces around it', () => readAckLink([key], ` ${token}`, now)],
    ['the signature of a button', () => readAckLink([key], signAckButton(key, deliveryId).slice(4), now)],
    ['nothing', () => readAckLink([key], '', now)],
  ])('is refused with %s', (_, read) => {
    expect(read()).toBeNull()
  })
})

describe('a button', () => {
  const data = signAckButton(key, deliveryId)

  it('tells its delivery, and fits into what Telegram carries', () => {
    expect(readAckButton([key], data)).toBe(deliveryId)
    expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64)
    expect(data).toMatch(/^[\x21-\x7e]+$/)
  })

  it('is refused with another key, another delivery, or the signature of a link', () => {
    const link = signAckLink(key, deliveryId, now)
    expect(readAckButton([otherKey], data)).toBeNull()
    expect(readAckButton([key], data.replace('01J9', '01J8'))).toBeNull()
    expect(readAckButton([key], `ack:${deliveryId}.${link.split('.')[2]?.slice(0, 22)}`)).toBeNull()
  })
})

it('no changed letter makes another valid token: a signature has one spelling', () => {
  const tokens = [signAckLink(key, deliveryId, now + ackLinkMs), signAckButton(key, deliveryId)]
  fc.assert(
    fc.property(fc.constantFrom(...tokens), fc.nat(), fc.integer({ min: 33, max: 126 }), (token, place, code) => {
      const at = place % token.length
      const changed = token.slice(0, at) + String.fromCharCode(code) + token.slice(at + 1)
      fc.pre(changed !== token)
      expect(readAckLink([key], changed, now)).toBeNull()
      expect(readAckButton([key], changed)).toBeNull()
    }),
    { numRuns: 2_000 },
  )
})

it('whatever is read, nothing throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(readAckLink([key], text, now)).toBeNull()
      expect(readAckButton([key], text)).toBeNull()
    }),
  )
})

it('each channel has a hook secret of its own, in letters Telegram takes', () => {
  expect(signHookSecret(key, 'telegram')).toMatch(/^[\w-]{43}$/)
  expect(signHookSecret(key, 'telegram')).not.toBe(signHookSecret(key, 'ops'))
  expect(signHookSecret(key, 'telegram')).not.toBe(signHookSecret(otherKey, 'telegram'))
})
