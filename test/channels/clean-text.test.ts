import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanLine, cleanText, isVisible } from '#src/channels/clean-text.js'

test.each([
  ['line ends', 'a\r\nb\rc\u2028d', 'a\nb\nc\nd'],
  ['runs of blank lines', '\n\n a \n\n\n \t\n\nb\n\n', ' a\n\nb'],
  ['lines of invisible fillers, as newsletters have', 'a\n\u200c \u200c\u00a0\u034f\ufeff\n\u200c\nb', 'a\n\nb'],
  ['control characters', 'a\u0000\u0007b\u001b[31mc\u0085', 'ab[31mc'],
  ['lone surrogates', 'a\ud800b\udc00', 'a\ufffdb\ufffd'],
  ['direction overrides', 'gpj.\u202egpj', 'gpj.gpj'],
  ['nothing', ' \n\t ', ''],
  ['right-to-left text and joined emoji stay', 'שלום 👩‍👩‍👧', 'שלום 👩‍👩‍👧'],
])('%s', (_, given, expected) => expect(cleanText(given)).toBe(expected))

test('cleanLine has one line', () => expect(cleanLine(' a\r\n\r\nb\t c ')).toBe('a b c'))

test.each([
  ['', false],
  [' \u200b\u2800\u3164\ufeff\n', false],
  ['.', true],
  ['😀', true],
])('%j is visible: %s', (text, visible) => expect(isVisible(text)).toBe(visible))

test('whatever comes in, what goes out is well formed, stable and without blank runs', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 }), (codes) => {
      const clean = cleanText(String.fromCharCode(...codes))
      expect(clean).not.toMatch(/\p{Surrogate}/u)
      expect(clean).not.toMatch(/\n\n\n|\r/)
      expect(cleanText(clean)).toBe(clean)
    }),
  )
})

test('a megabyte of spaces costs no more than any other', () => {
  expect(cleanText(`${' '.repeat(1_000_000)}x`)).toHaveLength(1_000_001)
  expect(cleanText('\n'.repeat(1_000_000))).toBe('')
})
