import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeFolder, writeGuest } from '../jobs/guests.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { type Program, startProgram } from './start-program.js'

const guests = makeFolder()
let hook: WebhookSink
let program: Program
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
  program = await startProgram(`version: 1
channels: { hook: { kind: webhook, url: "${hook.url}" } }
people:
  boss@mailtrigger.app: { name: Boss }
  tim@mailtrigger.app: { name: Tim, manager: boss@mailtrigger.app }
groups: { devops: [tim@mailtrigger.app, boss@mailtrigger.app] }
jobs:
  count: { module: ${guests.folder}/count.ts, schedule: "0 0 1 1 *", send: hook }
routes: []
`)
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
