import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTelegram, type TelegramReply, type TelegramStandIn } from '../stand-ins/telegram.js'
import { type Program, startProgram } from './start-program.js'

let telegram: TelegramStandIn
let program: Program

beforeEach(async () => {
  telegram = await startTelegram()
  program = await startProgram(`
version: 1
defaults: { retry: [50ms, 100ms] }
channels:
  telegram: { kind: telegram, bot_token: "123456:secret-token", base_url: "${telegram.url}" }
  inbox: { kind: inbox }
people:
  tim@mailtrigger.app: { telegram: "111111" }
  jolin@mailtrigger.app: { telegram: "222222" }
routes:
  - { name: to Tim, when: { rcpt: tim@* }, steps: [ { send: telegram } ] }
  - { name: to Jolin, when: { rcpt: jolin@* }, steps: [ { send: telegram } ] }
`)
})
afterEach(async () => {
  await program.stop()
  await telegram.stop()
})

const toTim = { to: ['tim@mailtrigger.app'] }
const blocked = { error_code: 403, description: 'Forbidden: bot was blocked by the user' }
const unauthorized = { error_code: 401, description: 'Unauthorized' }

describe('Telegram', () => {
  const recovering: [string, TelegramReply, { outcome: string; status: number | null }][] = [
    [
      'says 429',
      { error_code: 429, description: 'Too Many Requests: retry after 1', parameters: { retry_after: 1 } },
      { outcome: 'transient', status: 429 },
    ],
    ['fails with 500', { status: 500, body: 'Internal Server Error' }, { outcome: 'transient', status: 500 }],
    ['closes in the middle of the answer', { fault: 'close_mid_answer' }, { outcome: 'unknown', status: null }],
    ['hangs', { fault: 'hang' }, { outcome: 'unknown', status: null }],
  ]
  it.each(recovering)('%s: the delivery is tried again and sent', { timeout: 60_000 }, async (_, reply, first) => {
    telegram.script(reply)
    const id = await program.send(toTim)
    await program.mailWhen(id, (mail) => mail.delivery_list[0]?.status === 'sent', 40_000)
    const { deliveries } = await program.settled(id)
    expect(
      deliveries[0]?.attempt_list.map((attempt) => ({ outcome: attempt.outcome, status: attempt.status_code })),
    ).toEqual([first, { outcome: 'delivered', status: 200 }])
    if (first.status === 429) {
      const [wait, sent] = deliveries[0]?.attempt_list.map((attempt) => Date.parse(attempt.started_at)) ?? []
      expect((sent ?? 0) - (wait ?? 0)).toBeGreaterThanOrEqual(1_000)
    }
  })

  it('says the bot was blocked: a dead letter at once, with the vendor’s words; others are not held up', async () => {
    telegram.script(blocked)
    const { deliveries } = await program.settled(await program.send(toTim))
    expect(deliveries).toMatchObject([
      { status: 'dead', attempts: 1, last_error: expect.stringContaining('bot was blocked') },
    ])
    const other = await program.settled(await program.send({ to: ['jolin@mailtrigger.app'] }))
    expect(other.deliveries).toMatchObject([{ status: 'sent', attempts: 1 }])
  })

  it('keeps failing: after the ladder a dead letter, which a person can send again', async () => {
    telegram.script(...Array.from({ length: 3 }, () => ({ status: 502, body: 'bad gateway' })))
    const id = await program.send(toTim)
    await program.mailWhen(id, (mail) => mail.delivery_list[0]?.status === 'dead')
    const { deliveries } = await program.settled(id)
    expect(deliveries).toMatchObject([
      { attempts: 3, last_error: expect.stringContaining('given up after 3 attempts') },
    ])

    const answer = await fetch(`${program.app.http.url}/api/v1/deliveries/${deliveries[0]?.id}/retry`, {
      method: 'POST',
      headers: { authorization: `Bearer ${program.app.token}` },
    })
    expect(await answer.json()).toEqual({ retried: 1 })
    await program.mailWhen(id, (mail) => mail.delivery_list[0]?.status === 'sent')
  })

  it('refuses the token: one dead letter, the channel is paused, and what follows keeps its attempts', async () => {
    telegram.script(unauthorized)
    const first = await program.settled(await program.send(toTim))
    expect(first.deliveries).toMatchObject([{ status: 'dead', last_error: expect.stringContaining('Unauthorized') }])

    const second = await program.send({ to: ['jolin@mailtrigger.app'] })
    await program.mailWhen(second, (mail) => mail.status === 'routed')
    const [telegramLine] = (await program.app.calls.listChannels()).filter((line) => line.name === 'telegram')
    expect(telegramLine?.paused?.reason).toContain('Unauthorized')
    expect((await program.app.calls.readMail(second))?.delivery_list).toMatchObject([{ status: 'queued', attempts: 0 }])

    await program.app.calls.resumeChannel('telegram', 'test')
    const { deliveries } = await program.settled(second)
    expect(deliveries).toMatchObject([{ status: 'sent', attempts: 1 }])
    expect(JSON.stringify([first, deliveries])).not.toContain('secret-token')
  })
})
