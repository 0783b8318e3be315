import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MappingServer, startMappingServer } from '../stand-ins/mapping-server.js'
import { startTelegram, type TelegramStandIn } from '../stand-ins/telegram.js'
import { type Program, startProgram } from './start-program.js'

let telegram: TelegramStandIn
let owners: MappingServer
let program: Program

beforeAll(async () => {
  telegram = await startTelegram()
  owners = await startMappingServer({
    'project-1': ['tim@mailtrigger.app', 'jolin@mailtrigger.app'],
    'project-2': 'boss@mailtrigger.app',
  })
  program = await startProgram(routes(telegram.url, owners.url))
})
afterAll(async () => {
  await program.stop()
  await telegram.stop()
  await owners.stop()
})

describe('a Sentry mail', () => {
  it('reaches exactly the owners in the fetched mapping, and the trace says why', async () => {
    const id = await program.send({ raw: readFileSync('fixtures/mails/sentry-error.eml') })
    const { mail, deliveries } = await program.settled(id)

    expect(
      telegram
        .messages()
        .map((call) => call.chat)
        .sort(),
    ).toEqual(['111111', '222222'])
    expect(telegram.messages().find((call) => call.chat === '222222')?.payload.message_thread_id).toBe(7)
    expect(telegram.messages()[0]?.text).toContain('[Sentry] PROJECT-1-7Q')

    const trace = mail.traces.at(-1)
    const route = trace?.routes[0]
    expect(mail.status).toBe('routed')
    expect(
      route?.condition?.children.map(({ field, verdict, seen }) => ({ field, verdict, seen: seen?.slice(0, 8) })),
    ).toEqual([
      { field: 'subject', verdict: 'true', seen: '[Sentry]' },
      { field: 'rcpt', verdict: 'true', seen: 'devops@m' },
      { field: 'body', verdict: 'true', seen: expect.any(String) },
    ])
    expect(route?.steps.map(({ step, verdict }) => `${step} ${verdict}`)).toEqual(['attach ok', 'run ok', 'send ok'])
    expect(route?.steps[0]?.facts).toMatchObject({ source: 'http', status: 200, cache: 'fetched' })
    expect(route?.steps[1]?.facts).toMatchObject({
      before: ['devops@mailtrigger.app'],
      after: ['tim@mailtrigger.app', 'jolin@mailtrigger.app'],
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(deliveries.map(({ recipient, status, attempts }) => ({ recipient, status, attempts }))).toEqual([
      { recipient: 'tim@mailtrigger.app', status: 'sent', attempts: 1 },
      { recipient: 'jolin@mailtrigger.app', status: 'sent', attempts: 1 },
    ])
    expect(deliveries[0]?.attempt_list[0]).toMatchObject({ outcome: 'delivered', status_code: 200 })
    expect(JSON.stringify(mail)).not.toContain('secret-token')
  })

  it('asks the mapping service once while the copy is fresh', async () => {
    const before = owners.requests.length
    const id = await program.send({ subject: '[Sentry] Project 2 Error', text: '* level = error\n' })
    const { mail } = await program.settled(id)
    expect(owners.requests.length).toBe(before)
    expect(mail.traces.at(-1)?.routes[0]?.steps[0]?.facts).toMatchObject({ cache: 'fresh' })
    expect(telegram.messages().at(-1)?.chat).toBe('333333')
  })

  it.each([
    ['a warning', { subject: '[Sentry] Project 1 Error', text: '* level = warning\n' }],
    ['talk about an issue', { subject: 'Re: [Sentry] Project 1 Error', text: '* level = error\n' }],
    [
      'another recipient',
      { subject: '[Sentry] Project 1 Error', text: '* level = error\n', to: ['sales@mailtrigger.app'] },
    ],
  ])('is nobody’s business when it is %s', async (_, mail) => {
    const before = telegram.calls.length
    const { mail: stored } = await program.settled(await program.send(mail))
    expect(stored.status).toBe('unrouted')
    expect(stored.traces.at(-1)?.otherwise).toEqual({ reason: 'no route matched', sent_to: 'inbox' })
    expect(telegram.calls.length).toBe(before)
  })

  it('of a project nobody owns stays with the recipients it had, and says so', async () => {
    const id = await program.send({ subject: '[Sentry] Project 99 Error', text: '* level = error\n' })
    const { mail, deliveries } = await program.settled(id)
    expect(deliveries.map((delivery) => delivery.channel)).toEqual(['inbox'])
    expect(mail.notifications[0]?.flagged).toContain('devops@mailtrigger.app has no address on telegram')
  })
})

function routes(telegramUrl: string, ownersUrl: string): string {
  const actions = join(process.cwd(), 'wasm-actions')
  return `
version: 1
otherwise: { send: inbox }
channels:
  telegram: { kind: telegram, bot_token: "123456:secret-token", base_url: "${telegramUrl}" }
  inbox: { kind: inbox }
people:
  tim@mailtrigger.app: { telegram: "111111" }
  jolin@mailtrigger.app: { telegram: "222222:7" }
  boss@mailtrigger.app: { telegram: "333333" }
lookups:
  project-owners: { url: "${ownersUrl}", cache: 5m }
actions:
  project-owner: { module: "${actions}/project-owner.ts" }
routes:
  - name: Sentry Project Owner Telegram Notification
    when:
      subject: { starts_with: "[Sentry]" }
      rcpt: devops@mailtrigger.app
      body: { contains: "level = error" }
    steps:
      - attach: project-owners
      - run: project-owner
      - send: telegram
`
}
