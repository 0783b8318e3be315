import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTelegram, type TelegramStandIn } from '../stand-ins/telegram.js'
import { until } from '../stand-ins/until.js'
import { type Program, startProgram } from './start-program.js'

let telegram: TelegramStandIn
let program: Program

beforeEach(async () => {
  telegram = await startTelegram()
  program = await startProgram(`
version: 1
channels:
  telegram: { kind: telegram, bot_token: "123456:secret-token", base_url: "${telegram.url}" }
  team: { kind: telegram, bot_token: "123456:secret-token", base_url: "${telegram.url}", chat_id: "-100777" }
people:
  tim@mailtrigger.app: { telegram: "111111:7" }
routes:
  - name: disks
    when: { subject: { contains: disk } }
    steps: [ { send: { channel: telegram, repeat: { every: 2s, times: 3, until: acknowledged } } } ]
  - name: team
    when: { subject: { contains: team } }
    steps: [ { send: { channel: team, ack: true } } ]
`)
})
afterEach(async () => {
  await program.stop()
  await telegram.stop()
})

const polled = () => until(telegram.updates.isPolled, 'a poll is held open')

describe('the button "Acknowledge"', () => {
  it('is shown in the message, and stops the repeat that is already due', async () => {
    const id = await program.send({ to: ['tim@mailtrigger.app'], subject: 'disk full' })
    await program.mailWhen(id, (mail) => mail.delivery_list.some(({ status }) => status === 'sent'))
    const [alert] = telegram.shown()
    if (!alert) throw new Error('no alert')
    expect(alert.buttons).toEqual([{ text: 'Acknowledge', data: expect.stringMatching(/^ack:/) }])
    await polled()
    expect(await telegram.press(alert)).toMatch(/^acknowledged/i)
    await until(() => telegram.shown()[0]?.edits === 1, 'the message shows it')
    expect(telegram.shown()[0]).toMatchObject({ buttons: [], text: expect.stringContaining('acknowledged by Tim at') })
    expect(await telegram.press(alert)).toMatch(/already acknowledged by Tim/)
    const mail = await program.mailWhen(id, (one) => one.delivery_list.every(({ status }) => status !== 'queued'))
    expect(mail.delivery_list.map(({ status }) => status).sort()).toEqual(['cancelled', 'sent', 'sent'])
    expect(telegram.messages()).toHaveLength(1)
  })

  it('is gone from the alert and from its repeat, whichever was pressed', async () => {
    await program.send({ to: ['tim@mailtrigger.app'], subject: 'disk full' })
    await until(() => telegram.shown().length === 2, 'the alert is repeated')
    await polled()
    const [alert] = telegram.shown()
    if (!alert) throw new Error('no alert')
    expect(await telegram.press(alert)).toMatch(/^acknowledged/i)
    await until(() => telegram.shown().every(({ edits }) => edits === 1), 'both messages show it')
    for (const { buttons, text } of telegram.shown()) {
      expect(buttons).toEqual([])
      expect(text).toContain('acknowledged by Tim at')
    }
  })

  it('works on every channel of one bot', async () => {
    const id = await program.send({ to: ['tim@mailtrigger.app'], subject: 'disk of the team full' })
    await program.mailWhen(id, (mail) => mail.delivery_list.filter(({ status }) => status === 'sent').length === 2)
    for (const message of telegram.shown()) expect(await telegram.press(message)).toMatch(/^acknowledged/i)
    expect(telegram.updates.conflicts).toBe(0)
  })

  it('counts neither where the message did not go, nor when it is forged', async () => {
    const id = await program.send({ to: ['tim@mailtrigger.app'], subject: 'disk full' })
    await program.mailWhen(id, (mail) => mail.delivery_list.some(({ status }) => status === 'sent'))
    const [alert] = telegram.shown()
    if (!alert) throw new Error('no alert')
    const eve = { id: 666, first_name: 'Eve' }
    const elsewhere = { message_id: 1, date: 1, chat: { id: 666 } }
    const forged = `${alert.buttons[0]?.data.slice(0, -1)}~`
    expect(await telegram.updates.press(alert, eve, { message: elsewhere })).toBe('this button is not one of ours')
    expect(await telegram.updates.press(alert, eve, { data: forged })).toBe('this button is not one of ours')
    expect(telegram.shown()[0]?.edits).toBe(0)
    expect(await telegram.press(alert)).toMatch(/^acknowledged/i)
  })
})
