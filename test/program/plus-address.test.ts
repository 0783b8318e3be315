import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, sendTo, startProgram } from './start-program.js'

let program: Program
beforeAll(async () => {
  program = await startProgram(`
version: 1
server: { smtp: { recipients: [devops@ours.example, "web-*@ours.example"] } }
channels: { inbox: { kind: inbox } }
people: { devops@ours.example: { name: On call }, jolin@ours.example: {} }
groups: { dba: [jolin@ours.example, devops@ours.example] }
routes:
  - name: databases
    when: { rcpt: devops@ours.example, rcpt_key: [db, "db-*"] }
    steps:
      - set: { title: "{{ rcpt_key | upcase }}: {{ mail.subject }} ({{ mail.rcpt_keys | join: ' and ' }})" }
      - recipients: ["{{ mail.rcpt | first }}", "dba+{{ rcpt_key }}"]
      - send: inbox
  - name: the rest
    when: { rcpt: { is: devops@ours.example }, not: { rcpt_key: true } }
    steps: [ { send: inbox } ]
`)
})
afterAll(() => program.stop())

describe('a recipient with a key', () => {
  it('is accepted where its plain address is, and nowhere else', async () => {
    const ask = (address: string) =>
      sendTo(program.app, { to: [address] }).then(String, (error: Error) => error.message)
    for (const accepted of [
      'devops@ours.example',
      'devops+db@ours.example',
      'DevOps+@Ours.example',
      'web-1+x@ours.example',
    ])
      expect(await ask(accepted)).toContain('250')
    for (const refused of ['other+devops@ours.example', 'devops+db@theirs.example', 'devops+a%b@ours.example'])
      expect(await ask(refused)).toContain('550')
  })

  it('reaches each person once, also by a group, and its key words the message', async () => {
    const to = ['devops+db@ours.example', 'devops+db-eu@ours.example']
    const { mail, deliveries } = await program.settled(await program.send({ to, subject: 'disk full' }))
    expect(deliveries.map(({ recipient }) => recipient)).toEqual(['devops@ours.example', 'jolin@ours.example'])
    expect(deliveries[0]?.message.title).toBe('DB: disk full (db and db-eu)')
    expect(mail.envelope.to).toEqual(to)
    const { trace } = await program.app.calls.explainMail(mail.id)
    const [line] = trace.routes
    expect(line).toMatchObject({ name: 'databases', verdict: 'matched' })
    expect(line?.condition?.children.map(({ field, seen }) => [field, seen])).toEqual([
      ['rcpt', 'devops+db@ours.example'],
      ['rcpt_key', 'db'],
    ])
  })

  it('without a key takes the other route', async () => {
    const { mail } = await program.settled(await program.send({ to: ['devops@ours.example'] }))
    expect(mail.status).toBe('routed')
    const { trace } = await program.app.calls.explainMail(mail.id)
    expect(trace.routes.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['databases', 'not_matched'],
      ['the rest', 'matched'],
    ])
  })
})
