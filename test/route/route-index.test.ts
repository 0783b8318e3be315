import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LlmError } from '#src/domain/errors.js'
import { compileRoutes } from '#src/route/compile-routes.js'
import { matchRoutes } from '#src/route/match-routes.js'
import type { Mail } from '../../src/domain/mail.js'
import type { Condition, Route, TextField, TextOperator } from '../../src/domain/route.js'
import { address, llm, makeContext, makeMail, makeRoute, text } from './sample.js'

const words = fc.constantFrom(
  'error',
  'Error',
  'ERR',
  'project-1',
  'project-12',
  'straße',
  'STRASSE',
  '[a]',
  'ı',
  'x',
  ' ',
)
const phrase = fc.array(words, { maxLength: 4 }).map((parts) => parts.join(' '))
const mailAddress = fc.constantFrom('a@x.example', 'B@x.example', 'a@y.example', 'a+b@x.example', '')
const glob = fc.constantFrom('a@x.example', 'A@X.example', '*@x.example', 'a*@y.example', '*', '*b@*', '')
const pattern = fc.constantFrom('err', '(?i)ERR', 'project-(?P<number>\\d+)', '^$', 'a|x', '\\bx\\b')

const field = fc.constantFrom<TextField>(
  { type: 'subject' },
  { type: 'body' },
  { type: 'html' },
  { type: 'from' },
  { type: 'rcpt' },
  { type: 'header', name: 'X-A' },
)
const operator = fc.constantFrom<TextOperator>('is', 'contains', 'starts_with', 'ends_with')

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc
    .tuple(field, operator, fc.array(phrase, { maxLength: 3 }), fc.boolean())
    .map(([where, how, values, caseSensitive]) => text(where, how, values, caseSensitive)),
  fc
    .tuple(field, fc.array(pattern, { maxLength: 2 }), fc.boolean())
    .map(([where, values, caseSensitive]) => text(where, 'matches', values, caseSensitive)),
  fc
    .tuple(fc.constantFrom('from' as const, 'rcpt' as const), fc.array(glob, { maxLength: 3 }))
    .map(([where, globs]) => address(where, ...globs)),
  fc
    .tuple(
      fc.constantFrom('true', 'false', 'down'),
      fc.constantFrom('match' as const, 'no_match' as const, 'retry' as const),
    )
    .map(([prompt, onError]) => llm(prompt, onError)),
)

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    fc
      .tuple(fc.constantFrom('all' as const, 'any' as const), fc.array(tie('condition'), { maxLength: 3 }))
      .map(([kind, of]): Condition => ({ kind, of, position: null })),
    tie('condition').map((of): Condition => ({ kind: 'not', of, position: null })),
  ),
}))

const route: fc.Arbitrary<Route> = fc
  .record({ when: condition, enabled: fc.boolean(), stop: fc.integer({ min: 0, max: 5 }) })
  .map(({ when, enabled, stop }) => makeRoute(when, { enabled, stop: stop === 0 }))

const mail: fc.Arbitrary<Mail> = fc
  .record({
    subject: phrase,
    body: phrase,
    html: fc.option(phrase),
    from: mailAddress,
    to: fc.array(mailAddress),
    header: fc.array(phrase),
  })
  .map(({ subject, body, html, from, to, header }) =>
    makeMail({
      subject,
      text: body,
      html,
      from: [{ name: subject, address: from }],
      headers: header.length > 0 ? { 'x-a': header } : {},
      envelope: { to },
    }),
  )

test('the index finds what evaluating every route finds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(route, { maxLength: 12 }), mail, async (routes, received) => {
      const asked: string[] = []
      const context = makeContext({
        async judgeByLlm({ prompt }) {
          asked.push(prompt)
          if (prompt === 'down') throw new LlmError('down', 'down')
          return { match: prompt === 'true', reason: '', cached: false, model: 'm', durationMs: 0 }
        },
      })
      const summarise = async (indexAbove: number) => {
        asked.length = 0
        const matches = await matchRoutes(compileRoutes(routes, indexAbove), received, context)
        return { matches: matches.map((match) => ({ ...match, condition: null })), asked: [...asked] }
      }
      expect(await summarise(-1)).toEqual(await summarise(Number.POSITIVE_INFINITY))
    }),
    { numRuns: 500 },
  )
})

test('a ruled-out route names the condition that failed', async () => {
  const either: Condition = {
    kind: 'any',
    of: [text('subject', 'contains', 'Jenkins'), text('subject', 'contains', 'Monit')],
    position: null,
  }
  const routes = [
    makeRoute(address('rcpt', 'nobody@x')),
    makeRoute(either),
    makeRoute(text('subject', 'contains', 'Sentry')),
  ]
  const matches = await matchRoutes(compileRoutes(routes, 0), makeMail(), makeContext())
  expect(matches.map(({ verdict }) => verdict)).toEqual(['not_matched', 'not_matched', 'matched'])
  expect(matches[0]?.condition).toMatchObject({
    kind: 'test',
    field: 'rcpt',
    expected: 'nobody@x',
    seen: null,
    verdict: 'false',
    reason: 'ruled out by the index; the other conditions were not looked at',
  })
  expect(matches[1]?.condition).toMatchObject({
    kind: 'any',
    verdict: 'false',
    children: [{ expected: '"Jenkins"' }, { expected: '"Monit"' }],
  })
  expect(Object.isFrozen(matches[0]?.condition)).toBe(true)
})

test('ten thousand routes are all listed, and few of them evaluated', async () => {
  const routes = Array.from({ length: 10_000 }, (_, at) =>
    makeRoute({
      kind: 'all',
      of: [text('subject', 'starts_with', '[Sentry]'), text('subject', 'contains', `project-${at} `)],
      position: null,
    }),
  )
  let looks = 0
  const context = makeContext({ measure: () => looks++ })
  const matches = await matchRoutes(
    compileRoutes(routes),
    makeMail({ subject: '[Sentry] project-4711 Error' }),
    context,
  )
  expect(matches).toHaveLength(10_000)
  expect(matches.findIndex(({ verdict }) => verdict === 'matched')).toBe(4_711)
  expect(looks).toBeLessThan(100)
})
