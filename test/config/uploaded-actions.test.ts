import { expect, test } from 'vitest'
import { base, issuesOf, parse, shortly } from './kinds.js'

const using = (when: string, step: string) =>
  `${base}routes:\n  - { name: r, when: { ${when} }, steps: [{ ${step} }, { send: telegram }] }\n`

test('a wasm condition names an action; on_error is match unless it says otherwise', () => {
  const text = `${using('subject: x, any: [{ wasm: night }, { wasm: { module: day, on_error: no_match } }]', 'run: day')}
actions: { night: { module: night.wasm }, day: { module: day.wasm } }`
  const { config, warnings } = parse(text)
  expect(warnings).toEqual([])
  expect(config.routes[0]?.when).toMatchObject({
    kind: 'all',
    of: [
      { kind: 'text' },
      {
        kind: 'any',
        of: [
          { kind: 'wasm', module: 'night', onError: 'match', position: { line: 7, column: 44 } },
          { kind: 'wasm', module: 'day', onError: 'no_match' },
        ],
      },
    ],
  })
})

const uploaded = using('wasm: night', 'run: pager')

test.each([
  ['those it has', ['night', 'pager'], []],
  ['any, while nobody knows', 'any' as const, []],
  ['not one that is missing', ['night'], ['unknown-action 7:54']],
  ['none', [], ['unknown-action 7:30', 'unknown-action 7:54']],
])('uploaded actions stand in no file: %s', (_, uploadedActions, expected) => {
  expect(shortly(issuesOf(uploaded, { uploadedActions }))).toEqual(expected)
})

test('an uploaded name is suggested, and no flag to a server that knows its uploads', () => {
  const [issue] = issuesOf(using('subject: x', 'run: pagr'), { uploadedActions: ['pager'] })
  expect(issue?.hint).toBe('did you mean "pager"?')
})

test('an upload in front of a file is told, since editing the file changes nothing', () => {
  const text = `${using('subject: x', 'run: pager')}actions:\n  pager: { module: pager.wasm }\n`
  const issues = issuesOf(text, { uploadedActions: ['pager'] })
  expect(shortly(issues)).toEqual(['overridden-action 9:3'])
  expect(issues[0]).toMatchObject({ severity: 'warning', hint: 'mailtrigger actions rm pager goes back to the file' })
})
