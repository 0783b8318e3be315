import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startProgram } from './start-program.js'

const secret = 'correct-horse-battery-staple'
const action = `
export function handle(input) {
  console.log('the key is ' + input.action.config.key)
  if (input.mail.subject === 'fail') throw new Error('no luck with ' + mailtrigger.config('key'))
  return { reason: 'used ' + input.action.config.key, text: 'key ' + input.action.config.key }
}
`

it('what a guest says about its secrets is hidden in the trace and in the message', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-secrets-'))
  const module = join(folder, 'talkative.ts')
  writeFileSync(module, action)
  const yaml = `version: 1
channels: { inbox: { kind: inbox } }
actions: { talkative: { module: "${module}", config: { key: "\${KEY}" }, timeout: 10s } }
routes: [ { name: all, steps: [ { run: talkative }, { send: inbox } ] } ]
`
  const program = await startProgram(yaml, { KEY: secret })
  try {
    for (const subject of ['speak', 'fail']) {
      const { mail, deliveries } = await program.settled(await program.send({ subject }))
      expect(JSON.stringify({ mail, deliveries })).not.toContain(secret)
      expect(JSON.stringify(mail.traces)).toContain('the key is •••')
    }
  } finally {
    await program.stop()
  }
})
