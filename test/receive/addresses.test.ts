import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddresses } from '#src/receive/mime/addresses.js'

describe('parseAddresses', () => {
  it.each([
    ['', []],
    ['Root@Host.Example', [['', 'root@host.example']]],
    ['<a@b>', [['', 'a@b']]],
    ['Tim Lin <tim@x>', [['Tim Lin', 'tim@x']]],
    [
      '"Lin, Tim" <tim@x>, b@y',
      [
        ['Lin, Tim', 'tim@x'],
        ['', 'b@y'],
      ],
    ],
    ['"a \\"quoted\\" name" <a@b>', [['a "quoted" name', 'a@b']]],
    ['root@host (Cron Daemon)', [['Cron Daemon', 'root@host']]],
    ['(c1 (nested)) a@b (c2)', [['c1 (nested) c2', 'a@b']]],
    [
      'Ops: a@b, C <c@d>; e@f',
      [
        ['', 'a@b'],
        ['C', 'c@d'],
        ['', 'e@f'],
      ],
    ],
    ['undisclosed-recipients:;', []],
    ['"odd local"@host', [['', '"odd local"@host']]],
    ['<@relay.x,@relay.y:a@b>', [['', 'a@b']]],
    ['=?utf-8?Q?Caf=C3=A9=2C_Bar?= <a@b>', [['Café, Bar', 'a@b']]],
    ['=?utf-8?Q?a=40evil.example?= <real@b>', [['a@evil.example', 'real@b']]],
    ['"victim@x.example" <evil@y.example>', [['victim@x.example', 'evil@y.example']]],
    ['=?utf-8?Q?Tim_=3Ctim=40x.example=3E?=', [['Tim', 'tim@x.example']]],
    ['Monit', [['', 'Monit']]],
    ['Name a@b', [['Name', 'a@b']]],
    [
      'a@b; c@d;',
      [
        ['', 'a@b'],
        ['', 'c@d'],
      ],
    ],
    ['Tim <tim@x', [['Tim', 'tim@x']]],
    ['"never closed <a@b>', [['', 'never closed <a@b>']]],
    ['<>', []],
    [', ,', []],
    ['a@b\u0000', [['', 'a@b\u0000'.toLowerCase()]]],
  ])('%s', (list, expected) => {
    expect(parseAddresses(list).map(({ name, address }) => [name, address])).toEqual(expected)
  })

  it('reads back what it is given in plain form', () => {
    const atom = fc.string({ unit: fc.constantFrom(...'abcdefghij0123456789-_'), minLength: 1, maxLength: 10 })
    const entry = fc.record({
      name: atom,
      address: fc.tuple(atom, atom).map(([local, host]) => `${local}@${host}.example`),
    })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const list = entries.map(({ name, address }) => `"${name}" <${address}>`).join(', ')
        expect(parseAddresses(list)).toEqual(entries)
      }),
    )
  })

  it('ends on anything, with a bounded list', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab@<>"(),;:\\ =?'), maxLength: 300 }), (list) => {
        expect(parseAddresses(list).length).toBeLessThanOrEqual(1_000)
      }),
    )
    expect(parseAddresses('a@b,'.repeat(5_000))).toHaveLength(1_000)
  })
})
