import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** Names that a path may have beside other resources are told apart by their method, which the linter does not look at. */
const accepted = ['info-license', 'no-ambiguous-paths']

it('the OpenAPI document passes a public linter', () => {
  const command = ['lint', 'docs/openapi.json', '--extends=recommended', '--format=json']
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  const { stdout } = spawnSync('node_modules/.bin/redocly', command, { encoding: 'utf8', env, timeout: 25_000 })
  const { totals, problems } = JSON.parse(stdout) as {
    totals: { errors: number }
    problems: { ruleId: string; message: string }[]
  }
  expect(totals.errors).toBe(0)
  expect(problems.filter(({ ruleId }) => !accepted.includes(ruleId)).map(({ message }) => message)).toEqual([])
})
