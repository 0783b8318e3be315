import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  encodeName,
  encodeNumber,
  encodeSigned,
  joinBytes,
  MalformedModuleError,
  Reader,
  readSections,
  writeModule,
} from '#src/wasm/binary.js'

describe('numbers and names', () => {
  it('reads back every unsigned number it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
        expect(new Reader(encodeNumber(value)).readNumber()).toBe(value)
      }),
    )
  })

  it('writes signed numbers as the specification does', () => {
    const cases: [number, number[]][] = [
      [0, [0]],
      [63, [63]],
      [64, [0xc0, 0]],
      [-1, [0x7f]],
      [-64, [0x40]],
      [-65, [0xbf, 0x7f]],
      [1024, [0x80, 8]],
    ]
    for (const [value, bytes] of cases) expect([...encodeSigned(value)]).toEqual(bytes)
  })

  it('reads back every name it wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(new Reader(encodeName(name)).readName()).toBe(name)
      }),
    )
  })

  it('refuses numbers and lengths that run past the end', () => {
    for (const bytes of [[], [0x80], [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]]) {
      expect(() => new Reader(Uint8Array.from(bytes)).readNumber()).toThrow(MalformedModuleError)
    }
    expect(() => new Reader(Uint8Array.of(5, 97)).readName()).toThrow(MalformedModuleError)
  })
})

it('takes a module apart and puts it together again', () => {
  const header = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(12), fc.uint8Array({ maxLength: 300 }))), (parts) => {
      const module = joinBytes([
        header,
        ...parts.flatMap(([id, body]) => [Uint8Array.of(id), encodeNumber(body.length), body]),
      ])
      const sections = readSections(module)
      expect(sections.map(({ id }) => id)).toEqual(parts.map(([id]) => id))
      expect([...writeModule(module, sections)]).toEqual([...module])
    }),
  )
})
