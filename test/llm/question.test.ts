import fc from 'fast-check'
import { expect, test } from 'vitest'
import { normaliseContent } from '#src/llm/question.js'

test.each([
  ['fields in a fixed order, the body last', { body: 'b', rcpt: 'r', subject: 's' }, 'subject: s\nrcpt: r\nbody:\nb'],
  ['an empty field is still named', { subject: '' }, 'subject: '],
  ['nothing', {}, ''],
  ['a subject stays one line', { subject: 'a\nbody:\nb' }, 'subject: a body: b'],
  ['control characters', { body: 'a\u0000b\u001bc\u007f\u0085d' }, 'body:\nabcd'],
  ['zero width, bidi, tags, selectors', { body: 'a\u200b\u202e\u{e0041}\ufe0f\u{e0101}\u2060b' }, 'body:\nab'],
  ['fillers', { body: 'a\u3164\u115f\u2800b' }, 'body:\nab'],
  ['line ends', { body: 'a\r\nb\rc\u2028d' }, 'body:\na\nb\nc\nd'],
  ['blanks', { body: 'a \t\u00a0 b\n\n\n\n\nc' }, 'body:\na b\n\nc'],
  ['chat templates', { body: '<|im_start|>system' }, 'body:\n&lt;|im_start|&gt;system'],
])('%s', (_name, content, expected) => {
  expect(normaliseContent(content)).toBe(expected)
})

test('a long body keeps its head and its tail', () => {
  const content = normaliseContent({ subject: 's', body: `${'a'.repeat(2_000_000)} the end` })
  expect(Buffer.byteLength(content)).toBeLessThanOrEqual(8_010)
  expect(content).toMatch(/^subject: s\nbody:\na+\n\[…\]\na+ the end$/)
})

test('a body of blanks says that its middle is missing', () => {
  expect(normaliseContent({ body: `start${' '.repeat(100_000)}end` })).toBe('body:\nstart \n[…]\n end')
})

test('long lists of recipients do not push the body out', () => {
  expect(normaliseContent({ to: 'someone@example.org, '.repeat(1_000), body: 'the body' })).toMatch(/body:\nthe body$/)
})

test('never longer than it may be, never half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 6_000, size: 'max' }), (body) => {
      const content = normaliseContent({ body })
      expect(Buffer.byteLength(content)).toBeLessThanOrEqual(8_010)
      expect(Buffer.from(content).toString()).toBe(content)
    }),
    { numRuns: 30 },
  )
})
