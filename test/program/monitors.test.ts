import { afterEach, beforeEach, expect, it } from 'vitest'
import { until } from '../stand-ins/until.js'
import { type Program, startProgram } from './start-program.js'

let program: Program
beforeEach(async () => {
  program = await startProgram(`
version: 1
server: { http: { public_url: "https://alerts.example/" } }
otherwise: { send: inbox }
channels:
  inbox: { kind: inbox }
monitors:
  nightly-backup:
    expect: { when: { subject: { contains: backup OK } } }
    every: 24h
    on_down: { send: inbox }
    on_recovery: { send: inbox }
routes:
  - name: others
    when: { subject: { contains: alert } }
    steps: [ { hold: { for: 2s, key: "{{ mail.subject }}", unless: { subject: { contains: over } } } }, { send: inbox } ]
  - name: digest
    when: { subject: { contains: gather } }
    steps: [ { digest: { every: 2s } }, { send: inbox } ]
`)
})
afterEach(() => program.stop())

const titles = async () => (await program.app.calls.listInbox({ limit: 20 })).items.map(({ title }) => title)

it('a monitor goes down by a ping, comes back by its mail, and both are told', async () => {
  const { calls } = program.app
  const [monitor] = await calls.listMonitors()
  expect(monitor).toMatchObject({ name: 'nightly-backup', status: 'new', expects_mail: true })
  const token = monitor?.ping_path.split('/').at(-1) ?? ''
  expect(monitor?.ping_url).toBe(`https://alerts.example/ping/${token}`)
  expect(await calls.ping(token, 'fail')).toEqual({ name: 'nightly-backup', status: 'down' })
  await until(async () => (await titles()).some((title) => title.startsWith('nightly-backup is down')), 'down is told')
  await program.send({ subject: 'backup OK' })
  await until(async () => (await titles()).length === 2, 'its return is told')
  expect((await calls.listMonitors())[0]).toMatchObject({ status: 'up' })
  expect(program.events.map(({ type }) => type)).toEqual(expect.arrayContaining(['monitor.down', 'monitor.up']))
  const { items } = await calls.listNotifications({ limit: 10, fingerprint: 'monitor/nightly-backup' })
  expect(items.find(({ event }) => event === 'down')?.status).toBe('resolved')
})

it('a restart keeps the token of a monitor, what is held, and what is gathered', async () => {
  const [before] = await program.app.calls.listMonitors()
  const held = await program.send({ subject: 'alert of db1' })
  const gathered = await program.send({ subject: 'gather this' })
  for (const id of [held, gathered]) await program.mailWhen(id, (mail) => mail.status === 'routed')
  await program.restart()
  expect((await program.app.calls.listMonitors())[0]?.ping_path).toBe(before?.ping_path)
  await until(async () => (await titles()).length === 2, 'both go out')
  expect((await titles()).sort()).toEqual(['1 alert of digest', 'alert of db1'])
})
