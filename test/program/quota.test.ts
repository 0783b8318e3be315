import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectRaw, type RawClient } from '../receive/raw-client.js'
import { until } from '../stand-ins/until.js'
import { type Program, startProgram } from './start-program.js'

const yaml = (limits: string) => `version: 1
server:
  smtp:
    allow: [0.0.0.0/0, "::/0"]
    insecure_auth: true
    recipients: ["*@x.example"]
    users:
      - { name: jenkins, password: secret-word, senders: ["*@ci.example"], limits: ${limits} }
    client_limits: { rate: 2/1h, per_day: 100 }
channels: { inbox: { kind: inbox } }
otherwise: { send: inbox }
routes: [ { name: all, when: { subject: wanted }, steps: [ { send: inbox } ] } ]
`
let program: Program

beforeAll(async () => {
  program = await startProgram(yaml('{ per_day: 3 }'))
})
afterAll(() => program.stop())

async function greet(): Promise<RawClient> {
  const client = await connectRaw(program.app.smtp[0]?.port ?? 0)
  await client.ask('EHLO test')
  return client
}

async function logIn(): Promise<RawClient> {
  const client = await greet()
  expect(await client.ask(`AUTH PLAIN ${Buffer.from('\0jenkins\0secret-word').toString('base64')}`)).toMatch(/^235/)
  return client
}

/** The reply to one mail, or to the first of its commands that is refused. */
async function send(client: RawClient, from = 'build@ci.example', to = 'ops@x.example'): Promise<string> {
  let reply = ''
  for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA', 'Subject: wanted\r\n\r\nx\r\n.']) {
    reply = await client.ask(line)
    if (!/^[23]/.test(reply)) break
  }
  if (!/^[23]/.test(reply)) await client.ask('RSET')
  return reply
}

async function listNotices(): Promise<string[]> {
  const { items } = await program.app.calls.listNotifications({ limit: 50 })
  return items.map(({ title }) => title).filter((title) => title.includes('mails of today'))
}

async function get<Answer>(path: string): Promise<Answer> {
  const answer = await fetch(`${program.app.http.url}${path}`, {
    headers: { authorization: `Bearer ${program.app.token}` },
  })
  return (await answer.json()) as Answer
}

it('a daily quota goes on over restarts, and is told once', async () => {
  const first = await logIn()
  expect(await send(first)).toMatch(/^250/)
  expect(await send(first)).toMatch(/^250/)
  await program.restart()
  const second = await logIn()
  expect(await send(second)).toMatch(/^250/)
  expect(await send(second)).toMatch(/^451 4\.7\.1 the daily quota of user jenkins is spent \(3\), come again in/)
  await until(async () => (await listNotices()).length > 0, 'the notice is raised')
  await program.restart()
  const third = await logIn()
  expect(await send(third)).toMatch(/^451 4\.7\.1 the daily quota/)
  program.writeRoutes(yaml('{ per_day: 2 }'))
  await program.app.reload()
  const fourth = await logIn()
  expect(await send(fourth)).toMatch(/^451 4\.7\.1 the daily quota of user jenkins is spent \(2\)/)
  program.writeRoutes(yaml('{ per_day: 4 }'))
  await program.app.reload()
  const fifth = await logIn()
  expect(await send(fifth)).toMatch(/^250/)
  expect(await send(fifth)).toMatch(/^451/)
  expect(await listNotices()).toEqual(['user jenkins has sent its 3 mails of today'])
})

it('what is refused stands in the log, the metrics and nowhere twice', async () => {
  const stranger = await greet()
  expect(await send(stranger)).toMatch(/^250/)
  expect(await send(stranger)).toMatch(/^250/)
  for (let n = 0; n < 30; n++) {
    const client = await greet()
    for (let m = 0; m < 5; m++) expect(await send(client)).toMatch(/^451 4\.7\.1 too many mails from client 127/)
    await client.ask('QUIT')
  }
  const user = await logIn()
  expect(await send(user, 'boss@x.example')).toMatch(/^553 5\.7\.1 user jenkins may not send as <boss@x\.example>/)
  const list = (query: string) => get<{ items: { reason: string; count: number }[] }>(`/api/v1/rejections?${query}`)
  await until(async () => (await list('reason=sender_not_allowed')).items[0]?.count === 1, 'the refusal is logged')
  await until(
    async () => (await list('reason=too_many_mails&client=127.0.0.1')).items[0]?.count === 150,
    'all are counted',
  )
  expect((await list('since=1h&client=192.0.2.1')).items).toEqual([])
  expect(await get(`/api/v1/rejections?reason=bad_mood`)).toMatchObject({ error: { code: 'bad_request' } })
  const metrics = await (await fetch(`${program.app.http.url}/metrics`)).text()
  expect(metrics).toContain('mailtrigger_mails_rejected_total{reason="too_many_mails"} 150')
  expect(metrics).toContain('mailtrigger_mails_rejected_total{reason="loop"} 0')
  const events = program.events.filter((event) => event.type === 'mail.rejected' && event.reason === 'too_many_mails')
  expect(events.length).toBeLessThan(20)
})

it('what was refused just before the end is in the log afterwards', async () => {
  const user = await logIn()
  expect(await send(user)).toMatch(/^451/)
  program.writeRoutes(yaml('{ per_day: 100 }'))
  await program.app.reload()
  const other = await logIn()
  for (let n = 0; n < 5; n++) expect(await send(other, 'build@ci.example', `r${n}@y.example`)).toMatch(/^550/)
  await program.restart()
  const { items } = await program.app.calls.listRejections({ limit: 10, reason: 'unknown_recipient' })
  expect(items).toMatchObject([{ client: '127.0.0.1', count: 5 }])
})
