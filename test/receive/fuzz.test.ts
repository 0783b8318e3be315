import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** The same sessions in every run; `bench/fuzz-smtp.mjs` speaks more of them, and others. */
it('the door stands what a few thousand damaged sessions do to it', { timeout: 120_000 }, async () => {
  const args = ['bench/fuzz-smtp.mjs', '--sessions', '3000', '--seed', '20261121', '--json']
  const ran = await promisify(execFile)(process.execPath, args).catch(
    // It says what was wrong, and fails.
    (error: unknown) => error as { stdout: string; stderr: string },
  )
  const { faults, sessions, mails, replies } = JSON.parse(ran.stdout || `{"faults":${JSON.stringify([ran.stderr])}}`)
  expect(faults).toEqual([])
  expect(sessions).toBe(3_000)
  // It got past the greeting, or it would have shown nothing.
  expect(mails).toBeGreaterThan(100)
  expect(Object.keys(replies)).toEqual(expect.arrayContaining(['220', '221', '250', '354', '421', '500', '503', '550']))
})
