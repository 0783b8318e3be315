import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ChannelLine } from '#src/engine/channel-calls.js'
import type { ChannelDetail } from '#src/engine/stored-channel-calls.js'
import type { DeliverySummary, Page } from '#src/store/store.js'
import { folderWith, runCli } from '../cli/run-cli.js'
import { startTelegram, type TelegramStandIn } from '../stand-ins/telegram.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { type ServeProcess, startServe } from './serve-process.js'
import { type Program, startProgram } from './start-program.js'

const token = '123456:CANARY-token-of-the-bot'
const header = 'Bearer CANARY-of-the-hook'

let telegram: TelegramStandIn
let hook: WebhookSink
beforeAll(async () => {
  telegram = await startTelegram()
  hook = await startWebhookSink()
})
afterAll(async () => {
  await telegram.stop()
  await hook.stop()
})

const withoutChannels = `version: 1
channels: { inbox: { kind: inbox } }
routes: [ { name: all, steps: [ { send: inbox } ] } ]
`
const withChannels = `version: 1
routes:
  - { name: alert, steps: [ { send: alerts } ] }
  - { name: post, steps: [ { send: { channel: the hook, template: "posted {{ mail.subject }}" } } ] }
`

describe('a channel made while the program runs', () => {
  let program: Program
  const env: Record<string, string> = { MAILTRIGGER_SECRET_KEY: 'the first secret of this server!' }
  beforeAll(async () => {
    program = await startProgram(withoutChannels, env)
  })
  afterAll(() => program.stop())

  async function call<Answer>(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${program.app.http.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${program.app.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    expect(text).not.toContain('CANARY')
    return { status: answer.status, text, json: JSON.parse(text) as Answer }
  }
  /** Sends a mail; what became of its deliveries, by channel. */
  async function sendOne(
    subject: string,
  ): Promise<Record<string, { id: string; status: string; error: string | null }>> {
    const { deliveries } = await program.settled(await program.send({ to: ['tim@mailtrigger.app'], subject }))
    return Object.fromEntries(
      deliveries.map(({ id, channel, status, last_error }) => [channel, { id, status, error: last_error }]),
    )
  }
  const sent = { alerts: { status: 'sent' }, 'the hook': { status: 'sent' } }

  it('is there at once, and routes may name it', async () => {
    const settings = { bot_token: token, base_url: telegram.url, chat_id: -100777 }
    const made = await call<ChannelDetail>('POST', '/channels', { name: 'alerts', kind: 'telegram', settings })
    expect(made).toMatchObject({
      status: 201,
      json: { origin: 'stored', problem: null, destination: '-100777', settings: { bot_token: '•••' }, used_by: [] },
    })
    const posted = { url: hook.url, headers: { authorization: header } }
    expect(await call('POST', '/channels', { name: 'the hook', kind: 'webhook', settings: posted })).toMatchObject({
      status: 201,
      json: { settings: { url: hook.url, headers: '•••' } },
    })
    program.writeRoutes(withChannels)
    await program.app.reload()
    expect(await sendOne('first')).toMatchObject(sent)
    expect(telegram.messages().at(-1)).toMatchObject({ token, chat: '-100777', text: expect.stringContaining('first') })
    expect(hook.requests.at(-1)?.headers.authorization).toBe(header)
    const shown = await call<ChannelDetail>('GET', '/channels/alerts')
    expect(shown.json.used_by).toEqual([{ sort: 'route', name: 'alert' }])
  })

  it('is there after a restart', async () => {
    await program.restart()
    expect(await sendOne('second')).toMatchObject(sent)
  })

  it('is changed while the files are broken, and what runs goes on running', async () => {
    program.writeRoutes('routez: []')
    await until(() => program.events.some(({ type }) => type === 'config.rejected'), 'the broken file is refused')
    const patch = { settings: { chat_id: '-100888', disable_preview: null } }
    expect(await call('PATCH', '/channels/alerts', patch)).toMatchObject({ json: { destination: '-100888' } })
    expect(await sendOne('third')).toMatchObject(sent)
    expect(telegram.messages().at(-1)).toMatchObject({ token, chat: '-100888' })
    program.writeRoutes(withChannels)
    await program.app.reload()
  })

  it('is not deleted while anything names it', async () => {
    expect(await call('DELETE', '/channels/alerts')).toMatchObject({
      status: 409,
      json: { error: { code: 'in_use', message: 'the channel alerts is used by route alert' } },
    })
  })

  it('fails with clear words under another key, alone, until its secrets are entered again', async () => {
    env.MAILTRIGGER_SECRET_KEY = 'a secret of which nothing is known'
    await program.restart()
    // The other channel's secrets are entered first, so that one is broken and one is not.
    expect(
      (await call('PATCH', '/channels/the%20hook', { settings: { headers: { authorization: header } } })).status,
    ).toBe(200)
    const { json } = await call<Page<ChannelLine>>('GET', '/channels')
    expect(json.items.map(({ name, problem }) => [name, problem !== null])).toEqual([
      ['alerts', true],
      ['the hook', false],
    ])
    const failed = await sendOne('fourth')
    expect(failed).toMatchObject({ alerts: { status: 'dead' }, 'the hook': { status: 'sent' } })
    expect(failed.alerts?.error).toMatch(
      /its secrets cannot be opened with the key in force: set MAILTRIGGER_SECRET_KEY_PREVIOUS, or enter them again with: mailtrigger channels set alerts/,
    )
    const mended = await call<ChannelDetail>('PATCH', '/channels/alerts', { settings: { bot_token: token } })
    expect(mended.json).toMatchObject({ problem: null, paused: null, destination: '-100888' })
    await call('POST', `/deliveries/${failed.alerts?.id}/retry`)
    await until(
      async () => (await program.app.calls.readDelivery(failed.alerts?.id ?? ''))?.status === 'sent',
      'it is sent',
    )
    expect(await sendOne('fifth')).toMatchObject(sent)
  })

  it('opens with the key before, and is sealed with the key in force from then on', async () => {
    const before = env.MAILTRIGGER_SECRET_KEY ?? ''
    env.MAILTRIGGER_SECRET_KEY = 'the third secret of this server!!'
    env.MAILTRIGGER_SECRET_KEY_PREVIOUS = before
    await program.restart()
    expect(await sendOne('sixth')).toMatchObject(sent)
    delete env.MAILTRIGGER_SECRET_KEY_PREVIOUS
    await program.restart()
    expect(await sendOne('seventh')).toMatchObject(sent)
    expect(await call('POST', '/channels/rotate-key')).toMatchObject({
      status: 409,
      json: { error: { code: 'key_is_given', hint: expect.stringContaining('MAILTRIGGER_SECRET_KEY_PREVIOUS') } },
    })
  })

  it('goes when nothing names it any more', async () => {
    program.writeRoutes(withoutChannels)
    await program.app.reload()
    expect(await call('DELETE', '/channels/alerts')).toMatchObject({ status: 200, json: { deleted: 1 } })
    expect(await call('GET', '/channels/alerts')).toMatchObject({ status: 404 })
    program.writeRoutes(withChannels)
    await expect(program.app.reload()).rejects.toThrow('there is no channel "alerts"')
  })

  it('leaves who did what in the record, and its secrets nowhere', async () => {
    const { json, text } = await call<Page<{ action: string }>>('GET', '/audit?limit=100')
    const actions = json.items.map(({ action }) => action).filter((action) => action.startsWith('channel.'))
    expect(new Set(actions)).toEqual(new Set(['channel.create', 'channel.change', 'channel.delete']))
    expect(text).toContain('bot_token')
    expect(findInFiles(join(program.folder, 'data'), 'CANARY')).toEqual([])
  })
})

describe('a server that is killed', () => {
  let server: ServeProcess | null = null
  const folder = folderWith({ 'routes.yaml': withoutChannels, 'token.txt': `${token}\n` })
  const kill = async (): Promise<string> => {
    const killed = server
    server = null
    await killed?.kill('SIGKILL')
    return killed?.log() ?? ''
  }
  afterEach(kill)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const cli = (...args: string[]) => runCli(args, { cwd: folder })

  async function deliver(running: ServeProcess, subject: string): Promise<string[]> {
    const raw = `From: a@mailtrigger.app\r\nSubject: ${subject}\r\n\r\ntext`
    const { id } = await running.route(raw, 'a@mailtrigger.app', 'tim@mailtrigger.app')
    let statuses: string[] = []
    await until(
      async () => {
        const { items } = await running.get<Page<DeliverySummary>>(`/deliveries?mail=${id}`)
        statuses = items.map(({ status }) => status)
        return statuses.length > 0 && statuses.every((status) => status === 'sent' || status === 'dead')
      },
      'it is delivered',
      60_000,
    )
    return statuses
  }

  it('still has its channels, whatever the moment, also in the middle of a new key', { timeout: 240_000 }, async () => {
    server = await startServe(folder, [])
    const created = await cli(
      ...['channels', 'create', 'alerts', '--kind', 'telegram', '--secret', 'bot_token=@token.txt'],
      ...['--set', `base_url=${telegram.url}`, '--set', 'chat_id=-100999'],
    )
    expect(created).toMatchObject({ code: 0, out: expect.stringContaining('alerts is there') })
    const logs = [await kill()]
    writeFileSync(join(folder, 'routes.yaml'), withChannels.replace(/^.*the hook.*$/m, ''))

    server = await startServe(folder, [])
    expect(await deliver(server, 'after the kill')).toEqual(['sent'])
    const rotated = await cli('channels', 'rotate-key', '--json')
    expect(JSON.parse(rotated.out)).toMatchObject({ channels: 1 })
    logs.push(await kill())

    // The key is on disk before anything is sealed with it: this is what a kill in between leaves.
    const keyFile = join(folder, 'data', 'mailtrigger.key')
    const lines = readFileSync(keyFile, 'utf8')
    expect(lines.trim().split('\n')).toHaveLength(2)
    writeFileSync(keyFile, `${'5'.repeat(64)}\n${lines}`)
    server = await startServe(folder, [])
    expect(await deliver(server, 'after half a rotation')).toEqual(['sent'])
    logs.push(await kill())

    writeFileSync(keyFile, `${'5'.repeat(64)}\n`)
    server = await startServe(folder, [])
    expect(await deliver(server, 'with the new key alone')).toEqual(['sent'])
    const { out } = await cli('channels', 'show', 'alerts')
    expect(out).toContain('bot_token: •••')
    logs.push(server.log(), out, created.out, created.err)
    expect(findInFiles(join(folder, 'data'), 'CANARY')).toEqual([])
    expect(logs.join('')).not.toContain('CANARY')
    expect(
      telegram
        .messages()
        .slice(-3)
        .map((message) => message.token),
    ).toEqual([token, token, token])
  })
})

/** Files that have these bytes in them; every file is looked into, however deep. */
function findInFiles(folder: string, bytes: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    return statSync(path).isFile() && readFileSync(path).includes(bytes)
  })
}
