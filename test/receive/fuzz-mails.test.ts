import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** The same mails in every run; `bench/fuzz-mails.mjs` makes more of them, and others. */
it('damaged mails are parsed, matched and put into templates', { timeout: 60_000 }, async () => {
  const args = ['bench/fuzz-mails.mjs', '--mails', '1000', '--seed', '20261121', '--json']
  const ran = await promisify(execFile)(process.execPath, args).catch(
    // It says what was wrong, and fails.
    (error: unknown) => error as { stdout: string; stderr: string },
  )
  const { faults, mails, outcomes } = JSON.parse(ran.stdout || `{"faults":${JSON.stringify([ran.stderr])}}`)
  expect(faults).toEqual([])
  expect(mails).toBe(1_000)
  // The grammar makes mails of every fate, or it would have shown nothing.
  expect(Object.keys(outcomes).toSorted()).toEqual(['html', 'malformed', 'none', 'text'])
})
