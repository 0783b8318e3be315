import { describe, expect, it } from 'vitest'
import { channelKinds } from '#src/channels/index.js'
import { parseConfig } from '#src/config/load.js'
import { checkSchedule } from '#src/jobs/schedule.js'
import { compileRoutes } from '#src/route/compile-routes.js'
import { couldMatch } from '#src/route/could-match.js'
import { findAuthTest } from '#src/route/find-auth-test.js'
import { findNearMisses } from '#src/route/near-miss.js'
import { checkPattern } from '#src/route/patterns.js'
import type { SenderAuth } from '../../src/domain/mail.js'
import type { Condition } from '../../src/domain/route.js'
import { issuesOf, shortly } from '../config/kinds.js'
import { llm, makeMail, makeRoute, match, text, wasm } from './sample.js'

const auth: SenderAuth = {
  spf: 'softfail',
  dkim: 'none',
  dmarc: 'fail',
  policy: 'none',
  reasons: { spf: 'a.test does not quite permit 192.0.2.1', dkim: 'the mail is not signed', dmarc: 'nobody vouches' },
}

function read(when: string): Condition {
  const text = `routes: [{ name: r, when: ${when}, stop: true }]\nserver: { smtp: { sender_auth: {} } }`
  const { config } = parseConfig([{ file: 'routes.yaml', text }], {
    overrides: {},
    env: {},
    kinds: channelKinds,
    checkPattern,
    checkSchedule,
    hostname: 'here',
    folder: '/',
    readSecretFile: () => '',
    fileExists: () => true,
  })
  const [route] = config.routes
  if (!route) throw new Error('no route')
  return route.when
}

describe('a condition on who sent the mail', () => {
  it.each<[string, string, SenderAuth | null, boolean, string | null]>([
    ['one verdict', '{ auth: { dmarc: fail } }', auth, true, 'fail'],
    ['another verdict', '{ auth: { dmarc: pass } }', auth, false, 'fail'],
    ['any of several', '{ auth: { spf: [pass, softfail] } }', auth, true, 'softfail'],
    ['none, which is a verdict', '{ auth: { dkim: none } }', auth, true, 'none'],
    ['a mail nobody asked about', '{ auth: { dkim: none } }', null, false, null],
  ])('%s', async (_, when, found, holds, seen) => {
    const [result] = await match([makeRoute(read(when))], { ...makeMail({}), auth: found })
    expect([result?.verdict === 'matched', result?.condition?.seen]).toEqual([holds, seen])
    expect(result?.condition?.reason).toBeTypeOf('string')
  })

  it('asks all of a map, and turns round under not', async () => {
    const mail = { ...makeMail({}), auth }
    const routes = ['{ auth: { spf: softfail, dmarc: pass } }', '{ not: { auth: { dmarc: pass } } }'].map((when, at) =>
      makeRoute(read(when), { name: String(at) }),
    )
    expect((await match(routes, mail)).map(({ verdict }) => verdict)).toEqual(['not_matched', 'matched'])
  })

  it('tells by how much it was missed', () => {
    const routes = compileRoutes([makeRoute(read('{ subject: "[Sentry]", auth: { dmarc: pass } }'))])
    const [miss] = findNearMisses(routes, { ...makeMail({}), auth }, 0)
    expect(miss?.failed).toMatchObject([
      {
        condition: 'auth dmarc is pass',
        seen: 'fail',
        hint: 'DMARC says fail: nobody vouches',
        suggestion: 'auth: { dmarc: fail }',
      },
    ])
    const [unasked] = findNearMisses(routes, makeMail({}), 0)
    expect(unasked?.failed).toMatchObject([{ seen: null, suggestion: null }])
  })

  it('is found wherever it stands in a condition', () => {
    expect(findAuthTest(read('{ any: [{ subject: x }, { not: { auth: { spf: pass } } }] }'))).toMatchObject({
      check: 'spf',
    })
    expect(findAuthTest(read('{ any: [{ subject: x }, { not: { subject: y } }] }'))).toBeNull()
  })

  it.each([
    ['a check there is not', '{ auth: { dmark: pass } }', 'unknown-key'],
    ['a verdict there is not', '{ auth: { dmarc: passed } }', 'unknown-value'],
    ['nothing', '{ auth: {} }', 'empty-condition'],
  ])('is refused with %s', (_, when, code) => {
    const file = `server: { smtp: { sender_auth: {} } }\nroutes: [{ name: r, when: ${when}, stop: true }]`
    expect(shortly(issuesOf(file)).map((issue) => issue.split(' ')[0])).toEqual([code])
  })

  it.each([
    ['192.0.2.53', true],
    ['192.0.2.53:5353', true],
    ['[2001:db8::53]:53', true],
    ['2001:db8::53', true],
    ['dns.example.com:53', false],
    [':53', false],
    ['53', false],
  ])('takes %s for a DNS server: %s', (server, isTaken) => {
    const file = `server: { smtp: { sender_auth: { resolvers: ["${server}"] } } }`
    expect(shortly(issuesOf(file))).toEqual(isTaken ? [] : [expect.stringMatching(/^bad-resolver/)])
  })
})

describe('whether a route could match', () => {
  const lunch = makeMail({ subject: 'lunch' })
  it.each<[string, Condition, boolean]>([
    ['a test that fails', text('subject', 'contains', 'disk'), false],
    ['a test that holds', text('subject', 'contains', 'lunch'), true],
    ['an LLM that was not asked', llm('is it urgent?'), true],
    ['a module that was not asked', wasm('judge'), true],
    [
      'an LLM behind a test that fails',
      { kind: 'all', of: [text('subject', 'contains', 'disk'), llm('urgent?')], position: null },
      false,
    ],
    [
      'an LLM beside a test that holds',
      { kind: 'any', of: [text('subject', 'contains', 'disk'), llm('urgent?')], position: null },
      true,
    ],
  ])('%s', (_, when, could) => {
    expect(couldMatch(compileRoutes([makeRoute(when)]), lunch, 0)).toBe(could)
    expect(couldMatch(compileRoutes([makeRoute(when)], 0), lunch, 0)).toBe(could)
  })

  it('leaves disabled routes out', () => {
    const route = makeRoute(text('subject', 'contains', 'lunch'), { enabled: false })
    expect(couldMatch(compileRoutes([route]), lunch, 0)).toBe(false)
  })
})
