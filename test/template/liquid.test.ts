import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileTemplate, renderTemplate, TemplateError } from '#src/template/liquid.js'

const scope = {
  mail: { subject: 'Disk /dev/sda1 is FULL', text: '\n\n  first line  \nsecond', headers: { 'x-a': ['1'] } },
  labels: { team: 'shop' },
  list: ['a', 'b'],
  gone: null,
}

const render = (text: string, values: Record<string, unknown> = scope) => renderTemplate(compileTemplate(text), values)

function errorOf(text: string): TemplateError {
  try {
    compileTemplate(text)
  } catch (error) {
    if (error instanceof TemplateError) return error
    throw error
  }
  throw new Error('the template compiled')
}

test.each([
  ['plain', 'plain'],
  ['{{ mail.subject }}', 'Disk /dev/sda1 is FULL'],
  ['[{{ nothing }}{{ mail.nothing.deeper }}{{ gone }}]', '[]'],
  ['{{ mail.headers["x-a"] | first }}', '1'],
  ['{% if mail.subject contains "FULL" %}critical{% else %}info{% endif %}', 'critical'],
  ['{{ mail.text | first_line }}', 'first line'],
  ['[{{ gone | first_line }}{{ empty | first_line }}]', '[]'],
  ['{{ list | slug }}', 'a-b'],
  ['{{ mail.subject | slug }}', 'disk-dev-sda1-is-full'],
  ['{{ "Ärger in Köln — 100%" | slug }}', 'arger-in-koln-100'],
  ['[{{ nothing | slug }}]', '[]'],
  ['{{ labels | json }}', '{"team":"shop"}'],
])('%s renders as %s', async (text, expected) => {
  expect(await render(text)).toBe(expected)
})

test.each([
  ['{{ a | nofilter }}', 1, 1, 'undefined filter: nofilter'],
  ['one\n two {{ a', 2, 6, 'output "{{ a" not closed'],
  ['{% if x %}', 1, 1, 'tag {% if x %} not closed'],
  ['x\n{% bogus %}', 2, 1, 'tag "bogus" not found'],
  ['{% include "x" %}', 1, 1, 'tag "include" not found'],
  ['{% render "x" %}', 1, 1, 'tag "render" not found'],
  ['{% layout "x" %}', 1, 1, 'tag "layout" not found'],
])('%s fails at its line and column', (text, line, column, message) => {
  expect(errorOf(text)).toMatchObject({ line, column })
  expect(errorOf(text).message).toContain(message)
})

test('only own properties are reachable', async () => {
  const text =
    '{{ constructor }}{{ mail.constructor.name }}{{ mail.__proto__ }}{{ toString }}{{ mail.subject.constructor }}'
  expect(await render(text)).toBe('')
})

test.each([
  ['a loop without end', '{% for i in (1..100000000) %}{{ i }}{% endfor %}'],
  [
    'nested loops',
    '{% for a in (1..9999) %}{% for b in (1..9999) %}{% for c in (1..9999) %}x{% endfor %}{% endfor %}{% endfor %}',
  ],
  ['a text that doubles', `{% assign a = "xxxxxxxxxx" %}${'{% assign a = a | append: a %}'.repeat(40)}{{ a }}`],
])('%s is stopped', async (_, text) => {
  await expect(render(text)).rejects.toBeInstanceOf(TemplateError)
})

test('what is put out has an end, though nothing of it was made by the template', async () => {
  const text = 'x'.repeat(2_000_000)
  expect(await render('{{ text }}', { text })).toHaveLength(text.length)
  for (const rounds of [3, 200, 400]) {
    const error = await render(`{% for i in (1..${rounds}) %}{{ text }}{% endfor %}`, { text }).catch((e) => e)
    expect(error).toBeInstanceOf(TemplateError)
  }
})

test('a template that is too long is refused', () => {
  expect(errorOf('x'.repeat(65_537)).message).toBe('the template is longer than 65536 characters')
})

test('what a mail holds is never read as a template', async () => {
  const values = { mail: { subject: '{{ labels.team }}{% include "x" %}' }, labels: { team: 'shop' } }
  expect(await render('{{ mail.subject }}', values)).toBe('{{ labels.team }}{% include "x" %}')
})

test('any text compiles or throws a TemplateError, and slugs are slugs', async () => {
  const parts = fc.constantFrom(
    '{{',
    '}}',
    '{%',
    '%}',
    ' if ',
    ' mail.subject ',
    '|',
    'slug',
    '"',
    '[',
    ']',
    'endif',
    '-',
    '\n',
    ':',
  )
  const text = fc.array(fc.oneof(parts, fc.string({ maxLength: 4 })), { maxLength: 25 }).map((list) => list.join(''))
  await fc.assert(
    fc.asyncProperty(text, async (template) => {
      try {
        expect(typeof (await render(template))).toBe('string')
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error
        expect(error.line).toBeGreaterThan(0)
      }
    }),
    { numRuns: 500 },
  )
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 200 }), async (value) => {
      const slug = await render('{{ value | slug }}', { value })
      expect(slug).toMatch(/^(?:[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*)?$/u)
      expect(slug.length).toBeLessThanOrEqual(100)
    }),
    { numRuns: 200 },
  )
})
