import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectRaw, type RawClient } from '../receive/raw-client.js'
import { freePort } from '../stand-ins/free-port.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'

/** Each costs a start of the program; KILLS=20 npx vitest run test/program/kill.test.ts is what docs/reliability.md shows. */
const kills = Number(process.env.KILLS ?? 6)
const sessions = 12
const mailsPerKill = 60
/** What one channel of kind webhook sends at a time: the bound of what can be in flight at a kill. */
const inFlightMax = 32

let folder: string
let hook: WebhookSink
let port: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-kill-'))
  hook = await startWebhookSink()
  port = await freePort()
  writeFileSync(
    join(folder, 'routes.yaml'),
    `version: 1
defaults: { retry: [200ms, 500ms, 1s, 2s, 5s] }
channels: { hook: { kind: webhook, url: "${hook.url}" } }
routes: [ { name: all, steps: [ { send: hook } ] } ]
`,
  )
})
afterAll(async () => {
  await hook.stop()
  rmSync(folder, { recursive: true, force: true })
})

it(`loses no acknowledged mail over ${kills} kills under load`, { timeout: 240_000 }, async () => {
  const acknowledged = new Set<string>()
  let server = await startServer()
  const load: Load = { running: true, up: Promise.resolve() }
  const senders = Array.from({ length: sessions }, (_, index) => sendUntilStopped(index, load, acknowledged))

  for (let kill = 1; kill <= kills; kill++) {
    const goal = acknowledged.size + mailsPerKill
    await until(() => acknowledged.size >= goal, 30_000, `the load before kill ${kill}`)
    const killed = once(server, 'exit')
    server.kill('SIGKILL')
    const restarted = killed.then(startServer)
    load.up = restarted
    server = await restarted
  }
  load.running = false
  await Promise.all(senders)
  const delivered = (): string[] => hook.requests.map((request) => titleOf(request.json))
  await until(() => isSubset(acknowledged, new Set(delivered())), 60_000, 'the last delivery').catch(() => undefined)
  const arrived = new Set(delivered())
  const stuck = await describeMails([...acknowledged].filter((id) => !arrived.has(id)))
  server.kill('SIGTERM')
  await once(server, 'exit')

  const titles = delivered()
  const unique = new Set(titles)
  const lost = [...acknowledged].filter((id) => !unique.has(id))
  const duplicated = titles.length - unique.size
  console.log(
    `kill -9 under load: acknowledged ${acknowledged.size}, killed ${kills} times, sessions ${sessions}, lost ${lost.length}, duplicated ${duplicated} (bound ${kills * inFlightMax})`,
  )
  expect(lost, stuck).toEqual([])
  expect(acknowledged.size).toBeGreaterThanOrEqual(kills * mailsPerKill)
  expect(duplicated).toBeLessThanOrEqual(kills * inFlightMax)
})

/** What the server says about mails that did not arrive, for the person who has to find out why. */
async function describeMails(subjects: string[]): Promise<string> {
  const { url, token } = JSON.parse(readFileSync(join(folder, 'data', 'runtime.json'), 'utf8'))
  const lines: string[] = []
  for (const subject of subjects.slice(0, 5)) {
    const answer = await fetch(`${url}/api/v1/mails?search=${subject}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    lines.push(`${subject}: ${await answer.text()}`)
  }
  return lines.join('\n')
}

async function startServer(): Promise<ChildProcess> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    'dist/main.js',
    'serve',
    '-c',
    join(folder, 'routes.yaml'),
    '--data',
    join(folder, 'data'),
  ]
  const server = spawn(process.execPath, [...args, '--smtp', `127.0.0.1:${port}`, '--http', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  server.stderr?.setEncoding('utf8')
  await new Promise<void>((resolve, reject) => {
    server.stderr?.on('data', (text: string) => {
      said += text
      if (said.includes(`:${port}`)) resolve()
    })
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)))
  })
  return server
}

interface Load {
  running: boolean
  /** The server that is starting now takes connections. */
  up: Promise<unknown>
}

/** One session after the other, ten mails each; whatever breaks, a new one is tried as soon as there is a server. */
async function sendUntilStopped(index: number, load: Load, acknowledged: Set<string>): Promise<void> {
  for (let round = 0; load.running; round++) {
    try {
      const client = await connectRaw(port)
      await client.ask('EHLO load.mailtrigger.app')
      for (let mail = 0; mail < 10 && load.running; mail++) {
        const id = `load-${index}-${round}-${mail}`
        if (await sendOne(client, id)) acknowledged.add(id)
      }
      client.socket.destroy()
    } catch {
      // The server was killed under this session: what it did not acknowledge is the sender's to send again.
      await new Promise((resolve) => setTimeout(resolve, 20))
      await load.up
    }
  }
}

async function sendOne(client: RawClient, id: string): Promise<boolean> {
  await client.ask('MAIL FROM:<load@mailtrigger.app>')
  await client.ask('RCPT TO:<devops@mailtrigger.app>')
  await client.ask('DATA')
  client.write(`Subject: ${id}\r\nFrom: load@mailtrigger.app\r\n\r\n${'some text '.repeat(100)}\r\n.\r\n`)
  return (await client.reply()).startsWith('250')
}

function titleOf(json: unknown): string {
  return (json as { data: { title: string } }).data.title
}

function isSubset(part: Set<string>, whole: Set<string>): boolean {
  for (const entry of part) if (!whole.has(entry)) return false
  return true
}

async function until(holds: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
