import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SealError } from '#src/domain/errors.js'
import { openSecrets, sealSecrets } from '#src/engine/seal.js'
import { joinSecrets, mergePatch, splitSecrets } from '#src/engine/secret-settings.js'
import { makeKeys } from './key-fixture.js'

const ring = makeKeys().ring()
const newer = makeKeys('the second secret of this server', 'the first secret of this server!').ring()
const stranger = makeKeys('the secret of another server, 32').ring()
const place = { name: 'ops', kind: 'slack' }
const { sealing } = ring.current

const secrets = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, noNullPrototype: true })

function seal(given: Record<string, unknown>) {
  const sealed = sealSecrets(sealing, place, given)
  if (sealed === null) throw new Error('nothing was sealed')
  return sealed
}

describe('what is sealed', () => {
  it('is the same when it is opened, by the key and after it, and looks different each time', () => {
    fc.assert(
      fc.property(secrets, (given) => {
        const sealed = seal(given)
        const same = JSON.parse(JSON.stringify(given))
        expect(openSecrets(ring, place, sealed)).toEqual({ secrets: same, isCurrent: true })
        expect(openSecrets(newer, place, sealed)).toEqual({ secrets: same, isCurrent: false })
        expect(seal(given).data).not.toBe(sealed.data)
      }),
      { numRuns: 50 },
    )
  })

  it('opens in no other place, by no other key, and with no bit changed', () => {
    const sealed = seal({ bot_token: 'xoxb-secret' })
    const refuse = (run: () => unknown, kind: SealError['kind']) => {
      expect(run).toThrow(SealError)
      expect(run).toThrow(expect.objectContaining({ kind }))
      expect(run).not.toThrow('xoxb')
    }
    refuse(() => openSecrets(ring, { ...place, name: 'opt' }, sealed), 'damaged')
    refuse(() => openSecrets(ring, { ...place, kind: 'discord' }, sealed), 'damaged')
    refuse(() => openSecrets(stranger, place, sealed), 'other_key')
    refuse(() => openSecrets(stranger, place, { ...sealed, keyId: stranger.current.sealing.id }), 'damaged')
    const bytes = Buffer.from(sealed.data, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      refuse(() => openSecrets(ring, place, { ...sealed, data: changed.toString('base64url') }), 'damaged')
    }
  })

  it.each(['', 'A', 'AAAA', 'A'.repeat(38), '!'.repeat(60)])('is damaged when it is %j', (data) => {
    expect(() => openSecrets(ring, place, { keyId: sealing.id, data })).toThrow(SealError)
  })

  it('is nothing where there are no secrets', () => {
    expect(sealSecrets(sealing, place, {})).toBeNull()
    expect(openSecrets(ring, place, null)).toEqual({ secrets: {}, isCurrent: true })
  })
})

describe('settings', () => {
  const settings = { host: 'mail', auth: { user: 'tim', password: 'hunter22' }, headers: { authorization: 'Bearer x' } }
  const paths = ['auth.password', 'headers', 'token']

  it('come apart into what may be read and what may not, and together again', () => {
    const { open, secrets: taken } = splitSecrets(settings, paths)
    expect(open).toEqual({ host: 'mail', auth: { user: 'tim' } })
    expect(taken).toEqual({ 'auth.password': 'hunter22', headers: { authorization: 'Bearer x' } })
    expect(joinSecrets(open, taken)).toEqual(settings)
    expect(settings.auth.password).toBe('hunter22')
  })

  it.each([
    ['adds and replaces', { host: 'b', port: 25 }, { ...settings, host: 'b', port: 25 }],
    ['takes out what is null', { headers: null, nothing: null }, { host: 'mail', auth: settings.auth }],
    ['goes into maps', { auth: { user: null } }, { ...settings, auth: { password: 'hunter22' } }],
    ['makes maps', { tls: { ca: 'x', key: null } }, { ...settings, tls: { ca: 'x' } }],
    [
      'replaces a text by a map, and a map by a list',
      { host: { a: 1 }, auth: [1] },
      { ...settings, host: { a: 1 }, auth: [1] },
    ],
    ['has no key that is special', JSON.parse('{"__proto__":{"a":1}}'), { ...settings, ['__proto__']: { a: 1 } }],
  ])('a patch %s', (_, patch, expected) => {
    const merged = mergePatch(settings, patch)
    expect(JSON.parse(JSON.stringify(merged))).toEqual(JSON.parse(JSON.stringify(expected)))
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
  })
})
