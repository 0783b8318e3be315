import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { rejectionReasons } from '#src/domain/rejection.js'

it('every reason of a refusal stands in the docs, with what to do about it', () => {
  const lines = readFileSync('docs/routes.md', 'utf8').split('\n')
  const table = lines.slice(lines.indexOf('| Reason | What to do |') + 2)
  const rows = table.slice(
    0,
    table.findIndex((line) => !line.startsWith('|')),
  )
  expect(rows).toEqual(Object.entries(rejectionReasons).map(([reason, advice]) => `| \`${reason}\` | ${advice} |`))
})
