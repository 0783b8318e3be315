import { describe, expect, it } from 'vitest'
import { applySuggestion } from '#src/config/apply-suggestion.js'
import { disguiseText } from '#src/config/draft-text.js'

const file = (when: string): string => `version: 1
# What we send where.
routes:
  - name: other
    when: { subject: one }
  - name: 'a "route"'
    when: ${when}   # stays
    steps: [ { send: inbox } ]
`
const put = (when: string, field: string | null, condition: string, suggestion: string) =>
  applySuggestion(file(when), { route: 'a "route"', field, condition, suggestion })

describe('a suggestion', () => {
  it.each([
    [
      'a map on one line',
      '{ subject: { starts_with: "[X]" }, rcpt: a@b.c }',
      'subject',
      'subject starts_with "[X]"',
      'subject: { contains: "[X]" }',
      '{ subject: { contains: "[X]" }, rcpt: a@b.c }',
    ],
    ['another field', '{ rcpt: a@b.c }', 'rcpt', 'rcpt is a@b.c', 'to: a@b.c', '{ to: a@b.c }'],
    [
      'a block',
      '\n      subject:\n        contains: x\n      body: y',
      'subject',
      'subject contains "x"',
      'subject: { contains: "z" }',
      '\n      subject: { contains: "z" }\n      body: y',
    ],
    [
      'one of two of a field',
      '{ any: [ { subject: one }, { not: { subject: two } } ] }',
      'subject',
      'subject contains "two"',
      'subject: three',
      '{ any: [ { subject: one }, { not: { subject: three } } ] }',
    ],
    [
      'a header',
      '{ header: { X-Foo: "1" } }',
      'header X-Foo',
      'header X-Foo contains "1"',
      'header: { X-Foo: { contains: "2" } }',
      '{ header: { X-Foo: { contains: "2" } } }',
    ],
    ['what failed is not known', '{ body: { contains: x } }', null, '', 'body: y', '{ body: y }'],
  ])('stands in the place of what failed: %s', (_, when, field, condition, suggestion, expected) => {
    expect(put(when, field, condition, suggestion)).toBe(file(expected))
  })

  it.each([
    ['the field is not asked', '{ body: x }', 'subject', 'subject: y'],
    ['the new field is asked already', '{ rcpt: a, to: b }', 'rcpt', 'to: c'],
    ['a header of several tests', '{ header: { A: "1", B: "2" } }', 'header A', 'header: { A: x }'],
    ['it is no condition', '{ body: x }', 'body', 'just a text'],
    ['it is several', '{ body: x }', 'body', 'body: x\nsubject: y'],
    ['it would not be YAML in there', '{ body: x }', 'body', 'body:\n  - a\n b'],
  ])('is left to a person when %s', (_, when, field, suggestion) => {
    expect(put(when, field, '', suggestion)).toBeNull()
  })

  it('says so for a route that the file has not', () => {
    const wanted = { route: 'nobody', field: 'subject', condition: '', suggestion: 'subject: x' }
    expect(applySuggestion(file('{ subject: x }'), wanted)).toBeNull()
    expect(applySuggestion('', wanted)).toBeNull()
    expect(applySuggestion('routes: [', wanted)).toBeNull()
  })
})

describe('a file as a draft begins with it', () => {
  it.each([
    ['a known secret', 'a: Secret-99', 'a: Xxxxxx-00'],
    ['a key that sounds secret', 'password: "abc12"', 'password: "xxx00"'],
    ['a value of several words', 'authorization: Bearer abC1 # why', 'authorization: Xxxxxx xxX0 # why'],
    ['a comment', '# bot_token: 12:ab', '# bot_token: 00:xx'],
    ['what only names a variable', 'token: "${TOKEN}"', 'token: "${TOKEN}"'],
    ['a map', 'secret: { a: b }, password: pw1', 'secret: { a: b }, password: xx0'],
    ['a template', 'api_key: "{{ labels.key }}"', 'api_key: "{{ labels.key }}"'],
  ])('keeps its form and hides %s', (_, text, shown) => {
    expect(disguiseText(text, ['Secret-99', 'a'])).toBe(shown)
  })
})
