import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { guestEntry } from '#src/act/guest-entry.js'
import type { NetworkPolicy } from '#src/domain/config.js'
import type { WasmHost } from '#src/domain/wasm.js'
import { createWasmHost } from '#src/wasm/host.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'

const signal = new AbortController().signal
let network: NetworkPolicy = { denyPrivate: false, allow: [], deny: [] }
let folder: string
let server: WebhookSink
let host: WasmHost
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-http-'))
  server = await startWebhookSink()
  host = createWasmHost({ cacheFolder: join(folder, 'cache'), http: { entry: guestEntry, network: () => network } })
  writeFileSync(
    join(folder, 'ask.ts'),
    `declare const mailtrigger: any
export function handle(url: string) {
  try {
    const { status, body } = mailtrigger.http({ method: 'POST', url, headers: { 'x-a': 'b' }, body: 'hello' })
    return { reason: status + ' ' + body }
  } catch (error) {
    return { reason: '! ' + error.message }
  }
}
`,
  )
})
afterAll(async () => {
  await host.stop()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function ask(url: string, allowHosts?: string[], timeoutMs = 10_000): Promise<unknown> {
  const module = await host.load(join(folder, 'ask.ts'))
  const call = { module, export: 'handle' as const, input: url, config: {}, timeoutMs }
  return (await host.call(allowHosts ? { ...call, allowHosts } : call, signal)).output
}

it('an action reaches the hosts it may, and waits for the answer', async () => {
  server.script({ status: 201, body: 'made', slowMs: 50 })
  expect(await ask(`${server.url}/x`, ['127.0.0.1'])).toEqual({ reason: '201 made' })
  expect(server.requests.at(-1)).toMatchObject({ method: 'POST', path: '/x', body: 'hello' })
  expect(server.requests.at(-1)?.headers['x-a']).toBe('b')
})

it.each([
  [undefined, 'http is not available: allow_hosts names no host'],
  [['example.com'], 'is not in allow_hosts'],
  [['*.0.0.1'], '200 ok'],
  [['127.0.0.1:1'], 'is not in allow_hosts'],
])('with allow_hosts %j it hears: %s', async (allowHosts, words) => {
  expect(await ask(`${server.url}/x`, allowHosts)).toEqual({ reason: expect.stringContaining(words) })
})

it('the network policy stands above allow_hosts', async () => {
  network = { denyPrivate: true, allow: [], deny: [] }
  const count = server.requests.length
  expect(await ask(`${server.url}/x`, ['127.0.0.1'])).toEqual({ reason: expect.stringMatching(/^! /) })
  expect(server.requests).toHaveLength(count)
  network = { denyPrivate: false, allow: [], deny: [] }
})

it('a server that never answers costs the action its deadline, and nobody else anything', async () => {
  server.script({ fault: 'hang' })
  await expect(ask(`${server.url}/x`, ['127.0.0.1'], 500)).rejects.toMatchObject({ kind: 'timeout' })
  expect(await ask(`${server.url}/x`, ['127.0.0.1'])).toEqual({ reason: '200 ok' })
})
