import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobUpload } from '#src/domain/job.js'
import { makeFolder, writeGuest } from '../jobs/guests.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { type Program, startProgram } from './start-program.js'

const guests = makeFolder()
let hook: WebhookSink
let program: Program
let routes: string
beforeAll(async () => {
  hook = await startWebhookSink()
  writeGuest(
    guests.folder,
    'count',
    `mailtrigger.db.exec('CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, subject TEXT)')
  const page = mailtrigger.mail.search({ from: 'monit@*', since: new Date(Date.parse(input.now) - 3600000).toISOString() })
  for (const mail of page.items) {
    const { changes } = mailtrigger.db.exec('INSERT OR IGNORE INTO seen VALUES (?, ?)', [mail.id, mail.subject])
    if (changes === 0) continue
    const whole = mailtrigger.mail.get(mail.id)
    const person = mailtrigger.people.get('tim@mailtrigger.app')
    mailtrigger.notify({ to: 'devops', title: mail.subject, text: whole.text.trim() + ' for ' + person.manager, severity: 'error' })
  }
  console.log('seen ' + mailtrigger.db.query('SELECT count(*) AS n FROM seen')[0].n)`,
  )
  writeGuest(
    guests.folder,
    'broken',
    "mailtrigger.notify({ title: 'never' })\nconsole.log(input.job.config.key)\nthrow new Error('no owner ' + input.job.config.key)",
  )
  writeGuest(guests.folder, 'unreached', "mailtrigger.notify({ to: 'stranger@x.example', title: 'disk' })")
  writeGuest(guests.folder, 'slow', 'for (;;) {}')
  writeGuest(
    guests.folder,
    'bomb',
    "mailtrigger.notify({ title: 'never' })\nconst all = []; for (;;) all.push(new Array(100000).fill(1.5))",
  )
  routes = `version: 1
channels:
  hook: { kind: webhook, url: "${hook.url}" }
  chat: { kind: telegram, bot_token: "1:x", base_url: "${hook.url}" }
otherwise: { send: hook }
people: { boss@mailtrigger.app: { name: Boss }, tim@mailtrigger.app: { name: Tim, manager: boss@mailtrigger.app } }
groups: { devops: [tim@mailtrigger.app, boss@mailtrigger.app] }
jobs:
  count: { module: ${guests.folder}/count.ts, schedule: "0 0 1 1 *", send: hook }
  broken: { module: ${guests.folder}/broken.ts, schedule: "0 0 1 1 *", config: { key: "\${KEY}" }, notify: { on_failure: hook, on_completion: hook } }
  unreached: { module: ${guests.folder}/unreached.ts, schedule: "0 0 1 1 *", send: chat }

  slow: { module: ${guests.folder}/slow.ts, schedule: "0 0 1 1 *", timeout: 1s }
  bomb: { module: ${guests.folder}/bomb.ts, schedule: "0 0 1 1 *", send: hook }
routes: [{ name: kept, stop: true }]
`
  program = await startProgram(routes, { KEY: 'top-secret-key' })
})
afterAll(async () => {
  await program?.stop()
  await hook.stop()
  guests.remove()
})

it('reads the mails, remembers in its own database what it told, and tells it once', async () => {
  const { calls } = program.app
  await program.send({
    from: 'monit@x.example',
    headers: { From: 'monit@x.example' },
    subject: 'nginx is down',
    text: 'on web1',
  })
  const first = await calls.runJob('count')
  expect(first).toMatchObject({ job: 'count', trigger: 'manual', outcome: 'success', error: null, notifications: 1 })
  expect(first.logs).toEqual([{ level: 'info', message: 'seen 1' }])
  expect(first.rows_changed).toBe(1)
  await hook.waitFor(1)
  expect(hook.requests[0]?.json).toMatchObject({
    data: {
      mail_id: null,
      title: 'nginx is down',
      text: 'on web1 for boss@mailtrigger.app',
      severity: 'error',
      from: 'job count',
    },
  })

  const second = await calls.runJob('count')
  expect(second).toMatchObject({ outcome: 'success', notifications: 0, rows_changed: 0 })
  await until(async () => (await calls.listDeliveries({ limit: 10 })).items[0]?.status === 'sent', 'it is sent')
  const { items } = await calls.listDeliveries({ limit: 10, runId: first.id })
  expect(items).toMatchObject([{ route: 'job count', mail_id: null, run_id: first.id, status: 'sent' }])
  expect((await calls.listRuns('count', { limit: 10 })).items.map(({ id }) => id)).toEqual([second.id, first.id])
  expect(await calls.readJob('count')).toMatchObject({ origin: 'config', enabled: true, running: false, missed: 0 })
  expect((await calls.queryDatabase('count', 'SELECT subject FROM seen', 10)).rows).toEqual([['nginx is down']])
})

describe('an upload', () => {
  const upload = (changes: Partial<JobUpload>): JobUpload => ({
    name: 'pushed',
    module: null,
    database: null,
    schedule: null,
    timezone: null,
    send: null,
    config: null,
    allowHosts: null,
    timeoutMs: null,
    onFailure: null,
    onSuccess: null,
    onCompletion: null,
    ...changes,
  })
  const source = (text: string) => ({ filename: 'pushed.ts', bytes: new TextEncoder().encode(text) })
  const good = source(
    'declare const mailtrigger: any\nexport function run(input: any) { console.log(input.job.config.word) }',
  )

  it('becomes a job, changes in part, and survives a restart and a broken successor', async () => {
    const { calls } = program.app
    const line = await calls.uploadJob(upload({ module: good, schedule: '*/30 * * * *', config: { word: 'one' } }))
    expect(line).toMatchObject({ origin: 'uploaded', schedule: '*/30 * * * *', timezone: 'UTC', last_run: null })
    expect(line.next_runs).toHaveLength(3)
    expect((await calls.runJob('pushed')).logs[0]?.message).toBe('one')
    await calls.uploadJob(upload({ config: { word: 'two' }, timezone: 'Asia/Taipei' }))
    await expect(calls.uploadJob(upload({ module: source('export const nothing = 1') }))).rejects.toMatchObject({
      status: 400,
      code: 'invalid_module',
    })
    await program.restart()
    const run = await program.app.calls.runJob('pushed')
    expect(run.logs[0]?.message).toBe('two')
    expect(await program.app.calls.readJob('pushed')).toMatchObject({
      timezone: 'Asia/Taipei',
      schedule: '*/30 * * * *',
    })
  })

  it('that is wrong is refused with words for it, and changes nothing', async () => {
    const { calls } = program.app
    const cases: [Partial<JobUpload>, string][] = [
      [{ name: '../x', module: good, schedule: '* * * * *' }, 'invalid_job'],
      [{ name: 'new', module: good }, 'invalid_job'],
      [{ name: 'new', schedule: '* * * * *' }, 'invalid_job'],
      [{ name: 'new', module: good, schedule: 'daily' }, 'invalid_job'],
      [{ name: 'new', module: good, schedule: '* * * * *', timezone: 'Mars' }, 'invalid_job'],
      [{ name: 'new', module: good, schedule: '* * * * *', send: ['nowhere'] }, 'invalid_job'],
      [{ name: 'new', module: good, schedule: '* * * * *', onFailure: ['nowhere'] }, 'invalid_job'],
      [{ name: 'new', module: good, schedule: '* * * * *', timeoutMs: 3_600_000 }, 'invalid_job'],
      [{ name: 'new', module: { ...good, filename: 'x.exe' }, schedule: '* * * * *' }, 'invalid_job'],
      [{ name: 'new', module: source('import "/etc/passwd"'), schedule: '* * * * *' }, 'invalid_module'],
      [{ name: 'new', module: good, schedule: '* * * * *', database: Buffer.from('nonsense') }, 'invalid_database'],
      [{ name: 'count', module: good, schedule: '* * * * *' }, 'declared_in_config'],
    ]
    for (const [changes, code] of cases) {
      await expect(calls.uploadJob(upload(changes)), JSON.stringify(changes)).rejects.toMatchObject({ code })
    }
    expect((await calls.listJobs()).map(({ name }) => name)).not.toContain('new')
  })

  it('says who hears that a run failed, and how long it may take', async () => {
    const { calls } = program.app
    const loop = source('export function run() { for (;;) {} }')
    const changes = { name: 'looping', module: loop, schedule: '0 0 1 1 *', timeoutMs: 500, onFailure: ['hook'] }
    await calls.uploadJob(upload(changes))
    const run = await calls.runJob('looping')
    expect(run).toMatchObject({ outcome: 'failure', error: expect.stringContaining('500 ms') })
    await until(
      async () => (await calls.listDeliveries({ limit: 10, runId: run.id })).items.length > 0,
      'ops hears of it',
    )
    await calls.deleteJob('looping')
  })

  it('of one name twice at once ends with one of them, whole', async () => {
    const { calls } = program.app
    const words = ['a', 'b', 'c', 'd']
    await Promise.all(words.map((word) => calls.uploadJob(upload({ module: good, config: { word } }))))
    expect((await calls.runJob('pushed')).logs[0]?.message).toBe('d')
  })

  it('that is cut off half-way changes nothing and leaves no file', async () => {
    const { app, folder } = program
    const before = await app.calls.readJob('pushed')
    const files = readdirSync(join(folder, 'data', 'jobs')).sort()
    const { host, port } = app.http.address
    const headers = {
      authorization: `Bearer ${app.token}`,
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': '100000',
    }
    const part = (name: string, filename: string) =>
      `--b\r\ncontent-disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n`
    const body = `${part('module', 'pushed.ts')}export const run = () => {}\r\n${part('database', 'x.sqlite3')}SQLite format 3`
    await new Promise<void>((resolve) => {
      const put = request({ host, port, method: 'PUT', path: '/api/v1/jobs/pushed', headers })
      put.once('error', () => resolve())
      put.write(body, () => put.destroy(new Error('cut off')))
    })
    expect(await app.calls.readJob('pushed')).toEqual(before)
    expect((await app.calls.runJob('pushed')).logs[0]?.message).toBe('d')
    expect(readdirSync(join(folder, 'data', 'jobs')).sort()).toEqual(files)
  })

  it('is deleted with its runs and its database', async () => {
    const { calls } = program.app
    const run = await calls.runJob('pushed')
    await calls.deleteJob('pushed')
    await expect(calls.readJob('pushed')).rejects.toMatchObject({ status: 404 })
    await expect(calls.readRun(run.id)).rejects.toMatchObject({ status: 404 })
    await expect(calls.deleteJob('count')).rejects.toMatchObject({ code: 'declared_in_config' })
  })
})

describe('how a run ended', () => {
  it('is told to the channels that asked, and whom nothing reaches, otherwise.send hears of', async () => {
    const before = hook.requests.length
    const failed = await program.app.calls.runJob('broken')
    expect(failed).toMatchObject({ outcome: 'failure', notifications: 0, rows_changed: 0 })
    expect(failed.logs[0]?.message).toBe('•••')
    await hook.waitFor(before + 1)
    expect(JSON.stringify([failed, hook.requests[before]])).not.toContain('top-secret-key')
    expect(hook.requests[before]?.json).toMatchObject({
      data: { title: 'job broken failed', severity: 'error', mail_id: null, text: expect.stringContaining('no owner') },
    })
    const lost = await program.app.calls.runJob('unreached')
    expect(lost.logs.at(-1)).toMatchObject({ level: 'warn', message: expect.stringContaining('stranger@x.example') })
    await hook.waitFor(before + 2)
    expect(hook.requests[before + 1]?.json).toMatchObject({
      data: { title: 'disk', notes: [expect.stringContaining('stranger@x.example cannot be reached on chat')] },
    })
  })
})

it('mails are taken and routed while hostile jobs run, and each run says what ended it', async () => {
  const { calls } = program.app
  const runs = Promise.all(['slow', 'bomb'].map((name) => calls.runJob(name)))
  let ended = false
  void runs.finally(() => {
    ended = true
  })
  let mails = 0
  for (; !ended; mails++) {
    const { mail } = await program.settled(await program.send({ subject: `beside the jobs ${mails}` }))
    expect(mail.traces[0]).toMatchObject({ outcome: 'routed', routes: [{ name: 'kept', verdict: 'matched' }] })
  }
  expect(mails).toBeGreaterThan(3)
  expect(await runs).toMatchObject([
    { outcome: 'failure', error: expect.stringMatching(/1000 ms/), notifications: 0 },
    { outcome: 'failure', error: expect.stringMatching(/memory/), notifications: 0 },
  ])
  expect(JSON.stringify(hook.requests.map(({ json }) => json))).not.toContain('never')
})

describe('a reload', () => {
  it('takes over new times without ending a run, and refuses a broken module with its position', async () => {
    const { calls } = program.app
    const running = calls.runJob('slow')
    await until(async () => (await calls.readJob('slow')).running, 'it runs')
    program.writeRoutes(routes.replace('"0 0 1 1 *", timeout: 1s', '"5 5 5 5 *", timeout: 1s'))
    await program.app.reload()
    expect(await calls.readJob('slow')).toMatchObject({ schedule: '5 5 5 5 *', running: true })
    expect(await running).toMatchObject({ outcome: 'failure', error: 'no result within 1000 ms' })
    writeGuest(guests.folder, 'broken-module', '} syntax error {')
    program.writeRoutes(`${routes}\n# again\n`.replace('/slow.ts', '/broken-module.ts'))
    await expect(program.app.reload()).rejects.toMatchObject({
      issues: [{ code: 'bad-module', position: { line: 13 } }],
    })
    expect((await calls.readJob('slow')).schedule).toBe('5 5 5 5 *')
  })
})
