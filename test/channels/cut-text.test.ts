import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutText, measureText, splitPages, takeText } from '#src/channels/cut-text.js'

const units = ['code_points', 'utf16', 'bytes'] as const
const anyText = fc.string({ unit: 'binary', maxLength: 300 })
const wordyText = fc.string({
  unit: fc.constantFrom('a', 'é', '漢', '😀', '👩‍👩‍👧', '🇹🇼', 'e\u0301', ' ', '\n', '\n\n'),
  maxLength: 300,
})
const someText = fc.oneof(anyText, wordyText)

test.each([
  ['code_points', 'a😀é', 3],
  ['utf16', 'a😀é', 4],
  ['bytes', 'a😀é', 7],
] as const)('measured in %s', (unit, text, length) => expect(measureText(text, unit)).toBe(length))

describe('cutText', () => {
  test.each([
    ['fits', 'hello', 5, 'code_points', 'hello'],
    ['at a word', 'hello wide world', 12, 'code_points', 'hello wide…'],
    ['inside a long word', 'abcdefghij', 5, 'code_points', 'abcd…'],
    ['never inside a pair', '😀😀😀', 4, 'utf16', '😀…'],
    ['never inside a family', 'ab👩‍👩‍👧', 5, 'code_points', 'ab…'],
    ['never inside a flag', 'a🇹🇼🇹🇼', 4, 'code_points', 'a🇹🇼…'],
    ['in bytes', '漢漢漢', 8, 'bytes', '漢…'],
    ['no room for the ellipsis', 'abc', 1, 'bytes', ''],
    ['nothing', '', 5, 'utf16', ''],
  ] as const)('%s', (_, text, max, unit, expected) => expect(cutText(text, max, unit)).toBe(expected))

  test('never longer than asked, and whole when it fits', () => {
    fc.assert(
      fc.property(someText, fc.integer({ min: 0, max: 120 }), fc.constantFrom(...units), (text, max, unit) => {
        const cut = cutText(text, max, unit)
        expect(measureText(cut, unit)).toBeLessThanOrEqual(max)
        if (measureText(text, unit) <= max) expect(cut).toBe(text)
        else if (!/\p{Surrogate}/u.test(text)) expect(cut).not.toMatch(/\p{Surrogate}/u)
      }),
    )
  })
})

test('takeText prefers paragraphs, then lines, then words', () => {
  expect(takeText('one two\n\nthree four five', 14, 'code_points')).toEqual({
    head: 'one two',
    rest: 'three four five',
  })
  expect(takeText('one two\nthree four five', 12, 'code_points')).toEqual({ head: 'one two', rest: 'three four five' })
  expect(takeText('one two three four five', 14, 'code_points')).toEqual({ head: 'one two three', rest: 'four five' })
  expect(takeText('a\n\nbbbbbbbbbbbbbbbbbb', 10, 'code_points').head).toBe('a\n\nbbbbbbb')
})

test('what has room for nothing but the mark of a cut is the mark', () => {
  for (const text of ['abc', '👩‍👩‍👧', ' \n\n ']) expect(cutText(text, 1, 'code_points')).toBe('…')
  expect(cutText('abc', 0, 'code_points')).toBe('')
})

test('splitPages keeps every page within its room and loses only white space', () => {
  const page = fc.record({
    max: fc.integer({ min: 60, max: 90 }),
    unit: fc.constantFrom(...units),
    pagesMax: fc.integer({ min: 1, max: 4 }),
    first: fc.integer({ min: 0, max: 30 }),
    last: fc.integer({ min: 0, max: 30 }),
    marker: fc.integer({ min: 0, max: 8 }),
  })
  fc.assert(
    fc.property(someText, page, (text, layout) => {
      const pages = splitPages(text, { ...layout, pagesMin: 1 })
      expect(pages.length).toBeLessThanOrEqual(layout.pagesMax)
      pages.forEach((content, index) => {
        const taken = (index === 0 ? layout.first : layout.marker) + (index === pages.length - 1 ? layout.last : 0)
        expect(measureText(content, layout.unit) + taken).toBeLessThanOrEqual(layout.max)
      })
      const shown = pages.join('').replace(/\s/g, '')
      const whole = text.replace(/\s/g, '')
      if (!shown.endsWith('…')) expect(shown).toBe(whole)
      else expect(whole.startsWith(shown.slice(0, -1)) || whole === shown).toBe(true)
    }),
  )
})

test('as many pages as were sent before are cut at the same places, whatever comes after the last', () => {
  const layout = fc.record({
    max: fc.integer({ min: 60, max: 90 }),
    first: fc.integer({ min: 0, max: 20 }),
    last: fc.integer({ min: 0, max: 30 }),
    marker: fc.integer({ min: 0, max: 8 }),
  })
  fc.assert(
    fc.property(someText, layout, fc.integer({ min: 0, max: 30 }), (text, page, lastThen) => {
      const sent = splitPages(text, { ...page, unit: 'code_points', pagesMin: 1, pagesMax: 4 })
      const count = sent.length
      const again = splitPages(text, { ...page, unit: 'code_points', pagesMin: count, pagesMax: count, last: lastThen })
      expect(again).toHaveLength(count)
      expect(again.slice(0, -1)).toEqual(sent.slice(0, -1))
    }),
  )
})

test('a megabyte without a single space is cut at once', () => {
  const text = 'x'.repeat(1_000_000)
  const pages = splitPages(text, {
    max: 4_096,
    unit: 'code_points',
    pagesMin: 1,
    pagesMax: 4,
    first: 10,
    last: 10,
    marker: 8,
  })
  expect(pages.map((content) => content.length)).toEqual([4_086, 4_088, 4_088, 4_078])
})
