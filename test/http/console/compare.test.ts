import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffLines } from '#src/http/console/diff-lines.js'
import { frameSource } from '#src/http/console/frame-source.js'
import { isModuleFilename, nameOfModule, plainModuleFilename } from '#src/http/module-file.js'

describe('lines before and after', () => {
  it.each([
    ['a b c', 'a b c', ' a b c'],
    ['a b c', 'a c', ' a-b c'],
    ['a c', 'a b c', ' a+b c'],
    ['a', 'b', '-a+b'],
    ['', '', ''],
  ])('from %j to %j', (before, after, expected) => {
    const lines = diffLines(before.split(' ').filter(Boolean), after.split(' ').filter(Boolean))
    const signs = { same: ' ', gone: '-', new: '+' }
    expect(lines?.map(({ sign, text }) => `${signs[sign]}${text}`).join('')).toBe(expected)
  })

  it('has all lines of both, in their order', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 })
    fc.assert(
      fc.property(list, list, (before, after) => {
        const lines = diffLines(before, after) ?? []
        const textsBut = (left: string) => lines.filter(({ sign }) => sign !== left).map(({ text }) => text)
        expect(textsBut('new')).toEqual(before)
        expect(textsBut('gone')).toEqual(after)
      }),
    )
  })

  it('is not made of texts that are too long', () => expect(diffLines(Array(500).fill('x'), ['x'])).toBeNull())
})

describe('the lines that an error is about', () => {
  const frame = (words: string, source: string, filename = 'a b.ts') =>
    frameSource(words, { filename, bytes: new TextEncoder().encode(source) })

  it('has a caret under the place', () => {
    expect(frame('a b.ts:2:3 is wrong', 'one\r\n\ttwo\nthree\nfour\nfive')).toBe(
      ['  1 | one', '> 2 |   two', '    |    ^', '  3 | three', '  4 | four'].join('\n'),
    )
  })

  it.each([
    ['no place', 'x', 'a b.ts'],
    ['a b.ts:9:1 behind the end', 'x', 'a b.ts'],
    ['a.wasm:1:1', 'x', 'a.wasm'],
    ['other.ts:1:1', 'x', 'a b.ts'],
  ])('is not there for %j', (words, source, filename) => expect(frame(words, source, filename)).toBeNull())

  it('is cut where a line is a whole program', () => {
    expect(frame('a b.ts:1:5000 is wrong', 'x'.repeat(1_000_000))?.length).toBeLessThan(300)
  })
})

describe('names of modules', () => {
  it.each([
    ['pager.ts', 'pager.ts', 'pager'],
    ['C:\\my files\\Pager 2.WASM', 'Pager 2.wasm', 'Pager 2'],
    ['../../etc/x.as.ts', 'x.as.ts', 'x'],
    [`it's "odd".js`, 'it_s _odd_.js', 'it_s _odd_'],
    ['磁碟.ts', '磁碟.ts', '磁碟'],
    ['.ts', '_.ts', '_'],
    ['-rf.ts', '_rf.ts', '_rf'],
  ])('%j is %j', (given, plain, name) => {
    expect(plainModuleFilename(given)).toBe(plain)
    expect(isModuleFilename(plain)).toBe(true)
    expect(nameOfModule(plain)).toBe(name)
  })

  it('are always such as errors may name them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => isModuleFilename(plainModuleFilename(`${text}.ts`))),
    )
  })

  it.each(['x.txt', 'wasm', ''])('%j is none', (given) => {
    expect(() => plainModuleFilename(given)).toThrow('is no .wasm, .ts or .js file')
  })
})
