import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { beginData, connectRaw } from '../receive/raw-client.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { listDelivered, listStored, missingFrom, oneHook, startLoad } from './load.js'
import { type ServeProcess, startServe } from './serve-process.js'

const rounds = 3
const mailsPerRound = 60

let folder: string
let hook: WebhookSink

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-drain-'))
  hook = await startWebhookSink()
  writeFileSync(join(folder, 'routes.yaml'), oneHook(hook))
})
afterAll(async () => {
  await hook.stop()
  rmSync(folder, { recursive: true, force: true })
})

it('SIGTERM under load: what is acknowledged is stored, and delivered once', { timeout: 240_000 }, async () => {
  let server: ServeProcess | null = await startServe(folder, [])
  const load = startLoad({ sessions: 12, largeEvery: 10, port: () => server?.smtpPort ?? null })
  for (let round = 1; round <= rounds; round++) {
    const goal = load.acknowledged.size + mailsPerRound
    await until(() => load.acknowledged.size >= goal, `the load of round ${round}`, 60_000)
    const stopping: ServeProcess = server
    const slow = await connectRaw(stopping.smtpPort)
    await beginData(slow)
    slow.write(`Subject: slow-${round}\r\n\r\n`)
    // Its first bytes are there, as the connection that comes after it is served.
    await (await connectRaw(stopping.smtpPort)).ask('EHLO test')
    server = null
    const killed = stopping.kill('SIGTERM')
    await until(async () => !(await isListening(stopping.smtpPort)), 'nobody new is let in')
    expect(await slow.ask('a mail whose DATA was under way\r\n.')).toMatch(/^250/)
    load.acknowledged.add(`slow-${round}`)
    await killed
    expect(await stopping.ended).toBe(0)
    server = await startServe(folder, [])
  }
  await load.stop()
  await until(() => missingFrom(listDelivered(hook), load.acknowledged).length === 0, 'all are delivered', 60_000)
  const stored = await listStored(server)
  await server.kill('SIGTERM')
  expect(await server.ended).toBe(0)

  const delivered = listDelivered(hook)
  console.log(
    `SIGTERM under load: acknowledged ${load.acknowledged.size}, stopped ${rounds + 1} times, ` +
      `stored ${stored.length}, delivered ${delivered.length}`,
  )
  expect(missingFrom(stored, load.acknowledged)).toEqual([])
  expect(missingFrom(load.acknowledged, stored)).toEqual([])
  expect(delivered.length).toBe(new Set(delivered).size)
  expect(delivered.length).toBe(stored.length)
})

it('a second signal ends it at once, whatever is under way', { timeout: 60_000 }, async () => {
  const server = await startServe(folder, [])
  const slow = await connectRaw(server.smtpPort)
  await beginData(slow)
  void server.kill('SIGTERM')
  await until(async () => !(await isListening(server.smtpPort)), 'nobody new is let in')
  process.kill(server.pid, 'SIGINT')
  expect(await server.ended).toBe(130)
  await slow.closed
})

async function isListening(port: number): Promise<boolean> {
  return connectRaw(port, false).then(
    (client) => {
      client.socket.destroy()
      return true
    },
    () => false,
  )
}
