import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Program, startProgram } from '../program/start-program.js'

let program: Program
beforeAll(async () => {
  program = await startProgram(`version: 1
server: { network: { deny_private: true } }
channels:
  hook: { kind: webhook, url: "http://127.0.0.1:9/" }
  metadata: { kind: webhook, url: "http://169.254.169.254/latest/meta-data" }
  mail: { kind: email, host: 127.0.0.1, port: 9, to: tim@mailtrigger.app }
  broker: { kind: mqtt, url: "mqtt://127.0.0.1:9", topic: alerts }
routes: []
`)
})
afterAll(() => program.stop())

test.each([
  ['hook', /private/],
  ['metadata', /metadata/],
  ['mail', /private/],
  ['broker', /private/],
])('a test of the channel %s goes through the network policy', async (name, reason) => {
  const answer = await fetch(`${program.app.http.url}/api/v1/channels/${name}/test`, {
    method: 'POST',
    body: '{}',
    headers: { authorization: `Bearer ${program.app.token}` },
  })
  expect(await answer.json()).toMatchObject({ ok: false, permanent: true, error: expect.stringMatching(reason) })
})
