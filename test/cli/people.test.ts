import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../program/start-program.js'
import { startTelegram, type TelegramStandIn } from '../stand-ins/telegram.js'
import { until } from '../stand-ins/until.js'
import { runCli } from './run-cli.js'

const bot = '123456:secret-token'
const tim = 'tim@mailtrigger.app'
const eve = 'eve@mailtrigger.app'
let telegram: TelegramStandIn
let program: Program

beforeAll(async () => {
  telegram = await startTelegram()
  program = await startProgram(`
version: 1
channels:
  telegram: { kind: telegram, bot_token: "${bot}", base_url: "${telegram.url}" }
  inbox: { kind: inbox }
people: { ${tim}: { name: Tim } }
groups: { devs: [${tim}] }
routes: [ { name: all, when: { subject: { contains: disk } }, steps: [ { send: telegram } ] } ]
`)
})
afterAll(async () => {
  await program.stop()
  await telegram.stop()
})

const cli = (...args: string[]) => {
  const { http, token } = program.app
  return runCli(args, { env: { MAILTRIGGER_URL: http.url, MAILTRIGGER_TOKEN: token } })
}

describe('people', () => {
  it('are entered, listed, shown, changed and deleted', async () => {
    const set = await cli(
      'people',
      'set',
      eve,
      '--name',
      'Eve "E" O\'Brien',
      '--manager',
      tim,
      '--channel',
      'telegram=5:7',
    )
    expect(set).toMatchObject({ code: 0, out: expect.stringMatching(/telegram +5:7 +entered .* in force/) })
    const list = await cli('people', 'list')
    expect(list.out).toMatch(/^eve@mailtrigger\.app +Eve "E" O'Brien +tim@mailtrigger\.app +telegram 5:7$/m)
    expect(list.out).toMatch(/^tim@mailtrigger\.app +Tim +devs$/m)
    expect(JSON.parse((await cli('people', 'list', '--search', "o'br", '--json')).out)).toMatchObject({
      items: [{ address: eve, groups: [] }],
    })
    expect((await cli('people', 'show', tim)).out).toMatch(/name +Tim {2}from a file/)
    expect((await cli('people', 'set', eve, '--remove', 'telegram', '--remove', 'name')).out).not.toMatch(/5:7|Eve/)
    expect(await cli('people', 'rm', tim)).toMatchObject({ code: 1, err: expect.stringContaining('stands in a file') })
    expect(await cli('people', 'rm', eve)).toMatchObject({ code: 0, out: `${eve} is deleted\n` })
    expect((await cli('people', 'show', eve)).code).toBe(3)
    expect((await cli('people', 'list', '--search', 'eve@')).out).toBe('nobody fits\n')
  })

  it.each([
    [['set', eve], 2, 'say what to set'],
    [['set', eve, '--channel', 'telegram'], 2, 'NAME=ADDRESS'],
    [['set', eve, '--channel', 'telegramm=1'], 1, 'did you mean "telegram"?'],
    [['set', tim, '--name', 'Timothy'], 1, 'routes.yaml'],
    [['link', tim, '--channel', 'telegram', '--wait', 'soon'], 2, '--wait takes a duration'],
    [['link', tim, '--channel', 'telegram', '--for', '8d'], 1, '1s to 24h'],
    [['link', tim, '--channel', 'inbox'], 1, 'channels with links: telegram'],
    [['link', eve, '--channel', 'telegram'], 3, `mailtrigger people set ${eve}`],
  ])('%j says what to do', async (args, code, words) => {
    expect(await cli('people', ...args)).toMatchObject({ code, err: expect.stringContaining(words) })
  })

  it('link themselves while the command waits', async () => {
    const linking = cli('people', 'link', tim, '--channel', 'telegram', '--wait', '1m')
    await until(() => telegram.updates.isPolled(), 'the bot listens')
    // A new link ends the one before, and whoever waits sees that the person is linked all the same.
    const other = await cli('people', 'link', tim, '--channel', 'telegram')
    const [, start = ''] = /^https:\/\/t\.me\/stand_in_bot\?start=([\w-]{32})$/m.exec(other.out) ?? []
    telegram.updates.write(bot, `/start ${start}`)
    expect(await linking).toMatchObject({ code: 0, err: expect.stringContaining(`${tim} is linked`) })
    expect((await cli('people', 'list', '--search', 'devs')).out).toMatch(/telegram 4711 \(linked\)$/m)
  })

  it('who do not open their link in time are told of', async () => {
    const waited = await cli('people', 'link', tim, '--channel', 'telegram', '--wait', '10ms')
    expect(waited).toMatchObject({ code: 1, err: expect.stringContaining('nobody opened the link within') })
  })
})
