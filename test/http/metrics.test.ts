import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../program/start-program.js'

let program: Program
const vendor = createServer((request, answer) => {
  request.resume()
  answer.writeHead(400).end('no')
})

beforeAll(async () => {
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve))
  const { port } = vendor.address() as { port: number }
  program = await startProgram(`version: 1
channels: { inbox: { kind: inbox }, hook: { kind: webhook, url: "http://127.0.0.1:${port}/" } }
routes:
  - { name: 'the "quoted" route', when: { subject: wanted }, steps: [ { send: inbox } ] }
  - { name: refused, when: { subject: refuse }, steps: [ { send: hook } ] }
`)
  for (const subject of ['wanted', 'wanted', 'refuse', 'nobody asked'])
    await program.settled(await program.send({ subject }))
})
afterAll(async () => {
  await program.stop()
  vendor.close()
})

async function fetchMetrics(headers: Record<string, string> = {}) {
  const answer = await fetch(`${program.app.http.url}/metrics`, { headers })
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
}

describe('/metrics', () => {
  it('counts what happened, by names of the config', async () => {
    const { status, type, text } = await fetchMetrics()
    expect(status).toBe(200)
    expect(type).toContain('text/plain')
    for (const line of [
      'mailtrigger_mails_received_total 4',
      'mailtrigger_mails_routed_total{status="routed"} 3',
      'mailtrigger_mails_routed_total{status="unrouted"} 1',
      'mailtrigger_route_matches_total{route="the \\"quoted\\" route"} 2',
      'mailtrigger_deliveries_total{channel="inbox",outcome="sent"} 2',
      'mailtrigger_deliveries_total{channel="hook",outcome="dead"} 1',
      'mailtrigger_mails{status="routed"} 3',
      'mailtrigger_oldest_waiting_seconds 0',
      'mailtrigger_config_last_reload_successful 1',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
    expect(text).toMatch(/^mailtrigger_build_info\{version="[^"]+",node="v\d/m)
  })

  it('says that the config on disk is not the one that runs', async () => {
    program.writeRoutes('version: 1\nrutes: []\n')
    await expect(program.app.reload()).rejects.toThrow('rutes')
    expect((await fetchMetrics()).text).toContain('mailtrigger_config_last_reload_successful 0')
  })

  it('wants a token of whoever comes through a proxy', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.9' }
    expect((await fetchMetrics(forwarded)).status).toBe(401)
    expect((await fetchMetrics({ ...forwarded, authorization: `Bearer ${program.app.token}` })).status).toBe(200)
  })

  const promtool = spawnSync('promtool', ['--version']).status === 0
  it.skipIf(!promtool)('is what promtool calls good (skipped where promtool is not installed)', async () => {
    const { text } = await fetchMetrics()
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })
})
