import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkPattern } from '#src/route/patterns.js'
import { judge, makeMail, text } from './sample.js'

describe('checkPattern', () => {
  test.each([
    'level = (?P<level>error|fatal)',
    '(?<name>\\w+)',
    '(?i)^\\[sentry\\]',
    '\\p{Greek}+',
    '[[:alpha:]]',
    '\\d{1,3}(\\.\\d{1,3}){3}',
    '.{0,200}',
    '(a+)+$',
  ])('accepts %s', (pattern) => {
    expect(checkPattern(pattern, true)).toBeNull()
    expect(checkPattern(pattern, false)).toBeNull()
  })

  test.each([
    ['', /empty/],
    ['(?=x)', /look-ahead/],
    ['(?!x)', /look-ahead/],
    ['(?<=x)y', /look-behind/],
    ['(?<!x)y', /look-behind/],
    ['(a)\\1', /back-reference/],
    ['(?P<n>a)\\k<n>', /back-reference/],
    ['(?>a)', /atomic/],
    ['a++', /possessive/],
    ['a{1001}', /repeat count/],
    ['(a{100}){100}', /repeat count/],
    ['(?:abcde){1000}', /too large/],
    ['\\u263a', /\\x\{263A\}/],
    ['(', /not a pattern in RE2 syntax/],
    ['[z-a]', /not a pattern in RE2 syntax/],
    ['a'.repeat(1_001), /at most 1000 characters/],
  ])('refuses %s', (pattern, reason) => {
    expect(checkPattern(pattern, true)).toMatch(reason)
  })

  test('never throws, and what it accepts can be matched', async () => {
    const unit = fc.constantFrom(...'ab.*+?|()[]{}^$\\d-,1éß: \n')
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit, maxLength: 20 }),
        fc.string({ unit, maxLength: 30 }),
        async (pattern, subject) => {
          if (checkPattern(pattern, true) !== null) return
          const { verdict } = await judge(text('subject', 'matches', pattern), makeMail({ subject }))
          expect(['matched', 'not_matched']).toContain(verdict)
        },
      ),
    )
  })

  test('agrees with the runtime’s own regexes where they mean the same', async () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', 'a*', 'b+', 'c?', '(a|b)', '^', '$', '\\d', 'a{2,3}')
    const pattern = fc.array(atom, { minLength: 1, maxLength: 6 }).map((atoms) => atoms.join(''))
    await fc.assert(
      fc.asyncProperty(
        pattern,
        fc.string({ unit: fc.constantFrom(...'abc1'), maxLength: 12 }),
        async (source, subject) => {
          const { verdict } = await judge(text('subject', 'matches', source), makeMail({ subject }))
          expect(verdict).toBe(new RegExp(source).test(subject) ? 'matched' : 'not_matched')
        },
      ),
    )
  })
})

test('named groups become variables', async () => {
  const mail = makeMail()
  const { variables } = await judge(text('body', 'matches', 'level = (?P<level>\\w+)|(?P<other>nothing)'), mail)
  expect(variables).toEqual({ level: 'error' })
})

test('a group called __proto__ is a name like any other', async () => {
  const { variables } = await judge(text('subject', 'matches', '(?P<__proto__>Project \\d)'), makeMail())
  expect(Object.entries(variables)).toEqual([['__proto__', 'Project 1']])
})

test('patterns that explode elsewhere are linear', async () => {
  const body = `${'a'.repeat(60_000)}!`
  const { verdict } = await judge(text('body', 'matches', '(a+)+$'), makeMail({ text: body }))
  expect(verdict).toBe('not_matched')
})

test('a regex looks at 64 KB and the trace says so', async () => {
  const mail = makeMail({ text: `${'x'.repeat(70_000)} needle` })
  const cut = await judge(text('body', 'matches', 'needle'), mail)
  expect(cut).toMatchObject({ verdict: 'not_matched', condition: { reason: 'only the first 64 KB were searched' } })
  const whole = await judge(text('body', 'contains', 'needle'), mail)
  expect(whole).toMatchObject({ verdict: 'matched', condition: { reason: null } })
})
