import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { JobRun } from '#src/domain/job.js'
import type { DeliverySummary, Page } from '#src/store/store.js'
import { makeFolder, writeGuest } from '../jobs/guests.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'

const kills = 6
const { folder, remove } = makeFolder()
let hook: WebhookSink

beforeAll(async () => {
  hook = await startWebhookSink()
  const module = writeGuest(
    folder,
    'alert',
    `mailtrigger.db.exec('CREATE TABLE IF NOT EXISTS told (run TEXT PRIMARY KEY)')
    mailtrigger.db.exec('INSERT INTO told VALUES (?)', [input.run_id])
    mailtrigger.notify({ title: input.run_id })`,
  )
  writeFileSync(
    join(folder, 'routes.yaml'),
    `version: 1
channels: { hook: { kind: webhook, url: "${hook.url}" } }
jobs: { alert: { module: ${module}, schedule: "0 0 1 1 *", send: hook } }
`,
  )
})
afterAll(async () => {
  await hook.stop()
  remove()
})

it(`loses no alert and tells none twice over ${kills} kills during runs`, { timeout: 240_000 }, async () => {
  let server = await startServer()
  const startedAt = performance.now()
  await ask(server, 'POST', '/jobs/alert/run')
  const typicalMs = performance.now() - startedAt
  for (let kill = 0; kill < kills; kill++) {
    // Runs go on, one after the other, until the server is gone: the kill comes anywhere in one of them.
    const running = runUntilGone(server)
    await pause(typicalMs * (0.5 + 0.2 * kill))
    server.process.kill('SIGKILL')
    await once(server.process, 'exit')
    await running
    server = await startServer()
  }
  await ask<JobRun>(server, 'POST', '/jobs/alert/run')
  const { rows } = await ask<{ rows: [string][] }>(server, 'POST', '/jobs/alert/query', {
    sql: 'SELECT run FROM told ORDER BY run',
    rows: 1_000,
  })
  const committed = rows.map(([run]) => run)
  const runs = (await ask<Page<JobRun>>(server, 'GET', '/jobs/alert/runs?limit=500')).items
  const deliveries = (await ask<Page<DeliverySummary>>(server, 'GET', '/deliveries?limit=500')).items
  const ended = (wanted: JobRun['outcome']): string[] =>
    runs.filter(({ outcome }) => outcome === wanted).map(({ id }) => id)
  console.log(
    `kill -9 during runs: ${kills} kills, ${runs.length} runs, ${committed.length} committed, ${ended('interrupted').length} interrupted`,
  )
  expect(deliveries.map(({ title }) => title).sort()).toEqual(committed)
  expect(ended('success').sort()).toEqual(committed)
  expect(ended('running')).toEqual([])
  const heard = () => new Set(hook.requests.map(({ json }) => (json as { data: { title: string } }).data.title))
  await until(() => heard().size === committed.length, 'every alert is delivered', 20_000)
  server.process.kill('SIGTERM')
  await once(server.process, 'exit')
})

interface Server {
  process: ChildProcess
  url: string
  token: string
}

async function startServer(): Promise<Server> {
  const data = join(folder, 'data')
  rmSync(join(data, 'runtime.json'), { force: true })
  const flags = ['--data', data, '--smtp', '127.0.0.1:0', '--http', '127.0.0.1:0']
  const args = ['--disable-warning=ExperimentalWarning', 'dist/main.js', 'serve', '-c', join(folder, 'routes.yaml')]
  const server = spawn(process.execPath, [...args, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const isUp = (): boolean => {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}: ${said}`)
    return existsSync(join(data, 'runtime.json'))
  }
  await until(isUp, 'the server is up', 30_000)
  const facts = JSON.parse(readFileSync(join(data, 'runtime.json'), 'utf8')) as { url: string; token: string }
  return { process: server, url: facts.url, token: facts.token }
}

async function runUntilGone(server: Server): Promise<void> {
  for (;;) {
    try {
      await ask(server, 'POST', '/jobs/alert/run')
    } catch {
      return
    }
  }
}

async function ask<Answer>({ url, token }: Server, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Answer
}
