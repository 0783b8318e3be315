import { expect, test } from 'vitest'
import { extractVariables } from '#src/route/extract-variables.js'
import { makeMail } from './sample.js'

const subject = { type: 'subject' as const }
const mail = makeMail({ subject: 'Service DOWN api.eu.example.com' })

test.each([
  ['the group named like the variable', '(?P<state>UP|DOWN) (?P<domain>\\S+)', 'api.eu.example.com'],
  ['else the first group', 'DOWN (\\S+)', 'api.eu.example.com'],
  ['else the whole hit', '[a-z0-9-]+(?:\\.[a-z0-9-]+)+', 'api.eu.example.com'],
  ['an empty catch is a catch', 'Service(\\d*)', ''],
])('%s', (_name, pattern, expected) => {
  const { variables, misses } = extractVariables(mail, { domain: { from: subject, pattern } })
  expect(variables).toEqual({ domain: expected })
  expect(misses).toEqual([])
})

test.each([
  ['no hit', 'Monit'],
  ['a hit whose own group took no part', '(DOWN)|(?P<domain>UP)'],
  ['a hit whose first group took no part', '(UP)?Service'],
])('misses: %s', (_name, pattern) => {
  expect(extractVariables(mail, { domain: { from: subject, pattern } })).toEqual({ variables: {}, misses: ['domain'] })
})

test('the first value that hits counts', () => {
  const from = { type: 'header' as const, name: 'X-Cron-Env' }
  const { variables } = extractVariables(makeMail(), { home: { from, pattern: 'HOME=(.*)>' } })
  expect(variables).toEqual({ home: '/root' })
})

test('a variable called __proto__ is a name like any other', () => {
  const spec = Object.fromEntries([['__proto__', { from: subject, pattern: 'DOWN' }]])
  expect(Object.entries(extractVariables(mail, spec).variables)).toEqual([['__proto__', 'DOWN']])
})
