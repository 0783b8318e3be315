import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { channelKinds } from '#src/channels/index.js'
import { parseConfig } from '#src/config/load.js'
import { checkSchedule } from '#src/jobs/schedule.js'
import { compileRoutes } from '#src/route/compile-routes.js'
import { findNearMisses, type NearMiss, nearEffortMax } from '#src/route/near-miss.js'
import { checkPattern } from '#src/route/patterns.js'
import type { Mail } from '../../src/domain/mail.js'
import type { Route } from '../../src/domain/route.js'
import { makeMail, match } from './sample.js'

const now = Date.UTC(2025, 5, 6, 12)

describe('a condition that nearly held says why, and how it would hold', () => {
  const body = { text: 'Level   =\n error\nin the café of ﬁrst class', html: '<b>Level</b> only here' }
  const cases: { when: string; hint: RegExp; mail?: Parameters<typeof makeMail>[0] }[] = [
    { when: 'subject: { contains: "[SENTRY]", case_sensitive: true }', hint: /letter case differs.*\[Sentry\]/ },
    {
      when: 'subject: { starts_with: "[Sentry]" }',
      hint: /begins with "Fwd: ": it matches once that is taken off/,
      mail: { subject: 'Fwd: [Sentry] down' },
    },
    {
      when: 'subject: { starts_with: "[Sentry]" }',
      hint: /begins with "Attention: ": it is not at the beginning/,
      mail: { subject: 'Attention: [Sentry] down' },
    },
    { when: 'subject: { ends_with: "Project 1" }', hint: /not at the end: after it comes " Error"/ },
    {
      when: 'subject: { is: "Backup OK" }',
      hint: /it is, once "Re: \[list\] " is taken off/,
      mail: { subject: 'Re: [list] Backup OK' },
    },
    { when: 'subject: { is: "project 1" }', hint: /the text holds it, and more/ },
    { when: 'body: { contains: "level = error" }', hint: /white space differs/, mail: body },
    {
      when: 'subject: { contains: "disk full" }',
      hint: /invisible character \(U\+200B\)/,
      mail: { subject: 'alert: disk\u200b full' },
    },
    { when: 'body: { contains: "first class" }', hint: /another Unicode form: the mail has "ﬁrst class"/, mail: body },
    { when: 'body: { contains: "cafe" }', hint: /another Unicode form: the mail has "café"/, mail: body },
    {
      when: 'body: { contains: "only here" }',
      hint: /found in the HTML part \(html\), not in the body/,
      mail: body,
    },
    { when: 'subject: { contains: "Projekt 1" }', hint: /only similar: the mail has "Project 1"/ },
    {
      when: 'subject: { contains: "Überlauf" }',
      hint: /encoded word/,
      mail: { subject: '=?X-UTF-8?Q?nothing?= =?utf-8?Q?=C3=9Cberlauf?=' },
    },
    {
      when: 'subject: { matches: "^project" }',
      hint: /without \^ and \$, and when letter case is ignored: before it stands/,
    },
    { when: 'subject: { matches: "project [0-9]" }', hint: /letter case differs: write \(\?i\)/ },
    { when: 'subject: { matches: "^Project [0-9]" }', hint: /without \^ and \$: before it stands "\[Sentry\] "/ },
    {
      when: 'body: { matches: "level = (?P<level>\\\\w+)" }',
      hint: /other white space/,
      mail: { text: 'level \n=  error' },
    },
    { when: 'rcpt: audit@mailtrigger.app', hint: /found in the To and Cc headers \(to\), not in the envelope/ },
    { when: 'to: tim@mailtrigger.app', hint: /found in the envelope recipients \(rcpt\), not in the To/ },
    { when: 'from: bounce@sentry.example', hint: /found in the sender, not in the from/ },
    { when: 'from: noreply@sentry.test', hint: /only the domain differs: sentry.example, not sentry.test/ },
    {
      when: 'rcpt: devops+web@mailtrigger.app',
      hint: /only the part after \+ differs/,
      mail: { envelope: { to: ['devops+db@mailtrigger.app'] } },
    },
    { when: 'from: noreplay@sentry.example', hint: /only similar: the mail has noreply@sentry.example/ },
    { when: 'from: "*@example"', hint: /is a subdomain of example/ },
    { when: 'from: sentry', hint: /is the display name/ },
    { when: 'size: { over: 2100B }', hint: /just under/ },
    { when: 'size: { under: 2kB }', hint: /just over/ },
    { when: 'client: 10.1.2.4', hint: /10\.1\.2\.3 is beside 10\.1\.2\.4/ },
    { when: 'header: { X-Sentri-Project: true }', hint: /has no header x-sentri-project, but it has x-sentry-project/ },
    { when: 'header: { X-Sentry-Project: "projekt-1" }', hint: /only similar: the mail has "project-1"/ },
    { when: 'time: { between: "13:00-14:00", timezone: UTC }', hint: /opens within 1h/ },
    { when: 'time: { between: "09:00-11:30", timezone: UTC }', hint: /closed within the last 35m/ },
    { when: 'any: [ { subject: zebra }, { subject: { is: "project 1" } } ]', hint: /the text holds it, and more/ },
  ]

  it.each(cases)('$when', async ({ when, hint, mail: changes }) => {
    const mail = makeMail(changes)
    const [miss] = nearMisses(`{ sender: "*", ${when} }`, mail)
    expect(miss?.failed).toHaveLength(1)
    const failed = miss?.failed[0]
    expect(failed?.hint).toMatch(hint)
    if (failed?.suggestion) expect(await matches(failed.suggestion, mail), failed.suggestion).toBe(true)
  })
})

describe('routes are told of by how near they came', () => {
  it('fewest and smallest failures first, at most three, and none of which nothing is near', () => {
    const mail = makeMail()
    const routes = parseRoutes([
      ['far away', '{ subject: zebra, body: giraffe }'],
      ['two slips', '{ subject: { contains: "Projekt 1" }, body: { contains: "level  = error" } }'],
      ['half of it', '{ rcpt: devops@mailtrigger.app, body: giraffe }'],
      ['one slip', '{ subject: { is: "project 1 error" }, body: "level = error" }'],
      ['matched', '{ subject: Sentry }'],
      ['another domain', '{ from: noreply@sentry.test, subject: Sentry }'],
    ])
    const names = findNearMisses(compileRoutes(routes), mail, now).map(({ route, position }) => [route, position])
    expect(names).toEqual([
      ['one slip', 'routes.yaml:14'],
      ['another domain', 'routes.yaml:20'],
      ['two slips', 'routes.yaml:8'],
    ])
  })

  it('a route that is switched off and would match comes first, with that as its reason', () => {
    const [route] = parseRoutes([['off', '{ subject: Sentry }']])
    const misses = findNearMisses(compileRoutes([{ ...(route as Route), enabled: false }]), makeMail(), now)
    expect(misses).toMatchObject([{ route: 'off', failed: [], reason: 'the route has enabled: false' }])
  })

  it('what is excluded and there is said, with no suggestion', () => {
    const [miss] = nearMisses('{ rcpt: "*", not: { subject: Project } }', makeMail())
    expect(miss?.failed).toMatchObject([
      { condition: 'not (subject contains "Project")', hint: expect.stringMatching(/excludes/), suggestion: null },
    ])
  })

  it('asks no model: its question counts as open', () => {
    const [miss] = nearMisses('{ subject: Sentry, llm: "is it bad?" }', makeMail())
    expect(miss).toMatchObject({ held: 1, failed: [{ hint: expect.stringMatching(/not asked here/) }] })
  })

  it('says nothing of a mail that is nothing like it, and nothing without routes', () => {
    expect(nearMisses('{ subject: zebra }', makeMail())).toEqual([])
    expect(findNearMisses(compileRoutes([]), makeMail(), now)).toEqual([])
  })
})

describe('the work is bounded', () => {
  it('by the effort, whatever the mail and the routes', () => {
    const words = fc.constantFrom('error', 'Fehler', 'disk ', '\u200b', 'ß', '[x] ', '=?utf-8?Q?a?=', '(', 'aaaaaa')
    const text = fc.array(words, { maxLength: 400 }).map((parts) => parts.join(''))
    const operator = fc.constantFrom('is', 'contains', 'starts_with', 'ends_with')
    const condition = fc.record({ field: fc.constantFrom('subject', 'body', 'html'), operator, value: text })
    fc.assert(
      fc.property(
        text,
        text,
        fc.array(condition, { maxLength: 30 }),
        fc.nat(50_000),
        (subject, long, conditions, most) => {
          const routes = conditions.map(({ field, operator, value }, index) => routeOf(index, field, operator, value))
          const effort = { charactersLeft: most }
          const misses = findNearMisses(compileRoutes(routes), makeMail({ subject, text: long }), now, effort)
          expect(effort.charactersLeft).toBeGreaterThanOrEqual(0)
          expect(misses.length).toBeLessThanOrEqual(3)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('two megabytes and a thousand routes compare no more than the most', () => {
    const effort = { charactersLeft: nearEffortMax }
    const text = 'no such thing here. '.repeat(100_000)
    const routes = Array.from({ length: 1_000 }, (_, index) =>
      routeOf(index, 'body', 'contains', `service ${index} down`),
    )
    findNearMisses(compileRoutes(routes), makeMail({ text, html: text }), now, effort)
    expect(effort.charactersLeft).toBeGreaterThanOrEqual(0)
  })

  it('a suggestion always matches the mail it was made for', async () => {
    const letters = fc.array(fc.constantFrom('a', 'B', ' ', '\u00a0', '\u200b', 'é', 'ﬁ', '$', '{', '"', '\n', '\\'), {
      minLength: 5,
      maxLength: 40,
    })
    await fc.assert(
      fc.asyncProperty(
        letters,
        fc.constantFrom('is', 'contains', 'starts_with', 'ends_with'),
        async (parts, operator) => {
          const subject = parts.join('')
          const asked = subject
            .slice(2)
            .replace(/[\u200b\u00a0]/g, '')
            .toUpperCase()
          fc.pre(asked.trim() !== '')
          const mail = makeMail({ subject: `x${subject}y` })
          const [miss] = findNearMisses(compileRoutes([routeOf(0, 'subject', operator, asked)]), mail, now)
          const suggestion = miss?.failed[0]?.suggestion
          if (suggestion) expect(await matches(suggestion, mail), suggestion).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })
})

function nearMisses(when: string, mail: Mail): NearMiss[] {
  return findNearMisses(compileRoutes(parseRoutes([['route', when]])), mail, now)
}

async function matches(suggestion: string, mail: Mail): Promise<boolean> {
  const [result] = await match(parseRoutes([['suggested', `{ ${suggestion} }`]]), mail)
  return result?.verdict === 'matched'
}

function routeOf(index: number, field: string, operator: string, value: string): Route {
  const [route] = parseRoutes([['route', '{ subject: x }']])
  const when = { kind: 'text', field: { type: field }, operator, values: [value], caseSensitive: false, position: null }
  return { ...(route as Route), name: `route ${index}`, when: when as Route['when'] }
}

function parseRoutes(routes: [name: string, when: string][]): Route[] {
  const lines = routes.map(([name, when]) => `  - name: ${name}\n    when: ${when}\n    steps: [ { send: out } ]\n`)
  const text = `version: 1\nllm: { base_url: "http://x", api_key: none, model: m }\nchannels: { out: { kind: inbox } }\nroutes:\n${lines.join('')}`
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
  return config.routes
}
