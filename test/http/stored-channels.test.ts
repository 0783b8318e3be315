import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { channelKinds } from '#src/channels/index.js'
import type { ChannelKind } from '#src/domain/channel.js'
import type { ChannelDetail } from '#src/engine/stored-channel-calls.js'
import { type Program, startProgram } from '../program/start-program.js'
import { startTelegram, type TelegramStandIn } from '../stand-ins/telegram.js'

const token = '123456:CANARY-of-the-bot'

let program: Program
let telegram: TelegramStandIn
const tokens: Record<string, string> = {}

beforeAll(async () => {
  telegram = await startTelegram()
  program = await startProgram(
    `version: 1
channels:
  inbox: { kind: inbox }
  hook: { kind: webhook, url: "http://127.0.0.1:9/x", secret: "\${HOOK_SECRET}" }
people: { tim@mailtrigger.app: { name: Tim } }
routes: [ { name: all, steps: [ { send: [inbox, hook] } ] } ]
`,
    { HOOK_SECRET: 'CANARY-of-the-hook' },
  )
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    tokens[role] = (await program.app.calls.createToken({ name: role, role, expiresInMs: null }, 'test')).token
  }
})
afterAll(async () => {
  await program.stop()
  await telegram.stop()
})

async function call<Answer = { error: { code: string; message: string; hint: string | null } }>(
  method: string,
  path: string,
  body?: unknown,
  role = 'admin',
) {
  const answer = await fetch(`${program.app.http.url}/api/v1/channels${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens[role]}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  expect(text).not.toContain('CANARY')
  return { status: answer.status, json: JSON.parse(text) as Answer }
}
const create = (name: string, kind: string, settings: Record<string, unknown>) =>
  call<ChannelDetail>('POST', '', { name, kind, settings })

describe('roles', () => {
  const channel = { name: 'roles', kind: 'log', settings: {} }
  it.each<[string, string, unknown, number[]]>([
    ['GET', '', undefined, [200, 200, 200]],
    ['GET', '/kinds', undefined, [200, 200, 200]],
    ['GET', '/hook', undefined, [200, 200, 200]],
    ['POST', '/hook/pause', {}, [403, 200, 200]],
    ['POST', '/hook/resume', undefined, [403, 200, 200]],
    ['POST', '/inbox/test', { to: 'tim@mailtrigger.app' }, [403, 200, 200]],
    ['POST', '/test', { kind: 'inbox', to: 'tim@mailtrigger.app' }, [403, 200, 200]],
    ['POST', '', channel, [403, 403, 201]],
    ['PUT', '/roles', { kind: 'log' }, [403, 403, 200]],
    ['PATCH', '/roles', { settings: {} }, [403, 403, 200]],
    ['DELETE', '/roles', undefined, [403, 403, 200]],
    ['POST', '/rotate-key', undefined, [403, 403, 200]],
  ])('%s %s', async (method, path, body, expected) => {
    const statuses = []
    for (const role of ['viewer', 'operator', 'admin']) statuses.push((await call(method, path, body, role)).status)
    expect(statuses).toEqual(expected)
  })
})

describe('a channel that is shown', () => {
  it('of the config has its secrets hidden', async () => {
    const { json } = await call<ChannelDetail>('GET', '/hook')
    expect(json).toMatchObject({
      origin: 'file',
      settings: { url: 'http://127.0.0.1:9/x', secret: '•••' },
      secrets: ['headers', 'secret'],
      used_by: [{ sort: 'route', name: 'all' }],
      changed_at: null,
    })
  })

  it('that was made here is as it was entered, and by whom', async () => {
    const made = await create('plain', 'telegram', { bot_token: token, base_url: telegram.url, daily_cap: 9 })
    expect(made.json).toMatchObject({
      origin: 'stored',
      destination: null,
      settings: { bot_token: '•••', base_url: telegram.url, daily_cap: 9 },
      changed_by: 'token:admin',
      used_by: [],
    })
    expect(made.json.settings).not.toHaveProperty('parse_mode')
  })
})

describe('a change', () => {
  const settings = { url: 'https://a.example/x', headers: { authorization: 'Bearer CANARY' }, secret: 'CANARY-one' }

  it('by patch keeps what it does not name, and takes out what is null', async () => {
    await create('changing', 'webhook', settings)
    const patch = (change: unknown) => call<ChannelDetail>('PATCH', '/changing', { settings: change })
    expect((await patch({ url: 'https://b.example/' })).json).toMatchObject({
      destination: 'b.example',
      settings: { headers: '•••', secret: '•••' },
    })
    expect((await patch({ secret: null })).json.settings).toEqual({ url: 'https://b.example/', headers: '•••' })
    expect((await patch({ headers: { 'x-more': 'CANARY-more' }, secret: '•••' })).status).toBe(422)
    expect((await patch({ headers: { 'x-more': 'CANARY-more' } })).status).toBe(200)
  })

  it('of all of it keeps secrets by their mask, and nothing else', async () => {
    await create('whole', 'webhook', settings)
    const put = (kind: string, given: unknown) => call<ChannelDetail>('PUT', '/whole', { kind, settings: given })
    const kept = await put('webhook', { url: 'https://c.example/', secret: '•••' })
    expect(kept.json.settings).toEqual({ url: 'https://c.example/', secret: '•••' })
    expect((await put('webhook', { url: 'https://c.example/', headers: '•••' })).json).toMatchObject({
      error: { code: 'missing_secret', message: 'there is no secret to keep for headers' },
    })
    expect((await put('mattermost', { webhook_url: '•••' })).status).toBe(422)
    expect((await put('log', {})).json).toMatchObject({ kind: 'log', settings: {} })
  })
})

describe('what cannot be', () => {
  beforeAll(async () => {
    await create('taken', 'telegram', { bot_token: token, base_url: telegram.url })
    await program.app.calls.setPerson('tim@mailtrigger.app', { channels: { taken: '42' } }, 'test')
  })

  it.each<[string, string, string, unknown, number, string]>([
    ['a name twice', 'POST', '', { name: 'taken', kind: 'log' }, 409, 'there is a channel "taken" already'],
    ['a name of a file', 'POST', '', { name: 'hook', kind: 'log' }, 409, 'the channel hook stands in a file'],
    ['a change of a file', 'PATCH', '/hook', { settings: {} }, 409, 'the channel hook stands in a file'],
    ['a deletion of a file', 'DELETE', '/hook', undefined, 409, 'the channel hook stands in a file'],
    ['a name with a meaning', 'POST', '', { name: 'kinds', kind: 'log' }, 422, 'a channel cannot be called "kinds"'],
    ['a kind that is none', 'POST', '', { name: 'x', kind: 'slak' }, 404, 'there is no kind of channel "slak"'],
    ['a kind without its address', 'PUT', '/taken', { kind: 'log' }, 409, 'the channel taken keeps its kind'],
    ['a deletion in use', 'DELETE', '/taken', undefined, 409, 'used by person tim@mailtrigger.app'],
    ['no such channel', 'PATCH', '/gone', { settings: {} }, 404, 'there is no channel "gone"'],
    ['a property of all objects', 'GET', '/constructor', undefined, 404, 'there is no channel "constructor"'],
    ['no kind of that name', 'GET', '/kinds/slak', undefined, 404, 'there is no kind of channel "slak"'],
    ['settings that are no map', 'POST', '', { name: 'x', kind: 'log', settings: [] }, 400, 'settings'],
    ['a key too many', 'POST', '', { name: 'x', kind: 'log', secret: 'CANARY' }, 400, 'secret'],
    ['a wrong secret', 'POST', '', { name: 'x', kind: 'slack', settings: { webhook_url: token } }, 422, 'webhook_url'],
  ])('%s', async (_, method, path, body, status, message) => {
    const answer = await call(method, path, body)
    expect([answer.status, answer.json.error.message]).toEqual([status, expect.stringContaining(message)])
  })

  it('settings without a bottom', async () => {
    const deep = `{"name":"x","kind":"log","settings":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`
    const answer = await fetch(`${program.app.http.url}/api/v1/channels`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.admin}` },
      body: deep,
    })
    expect(answer.status).toBe(400)
  })
})

describe('a test of settings that nobody saved', () => {
  const test = (body: unknown) => call<{ ok: boolean; error?: string; permanent?: boolean }>('POST', '/test', body)

  it('sends by them, and hides them in what the vendor says', async () => {
    const settings = { bot_token: token, base_url: telegram.url, chat_id: '7' }
    expect((await test({ kind: 'telegram', settings })).json).toMatchObject({ ok: true })
    expect(telegram.messages().at(-1)).toMatchObject({ token, chat: '7' })
    telegram.script({ error_code: 401, description: `Unauthorized: ${token}` })
    const refused = await test({ kind: 'telegram', settings })
    expect(refused.json).toMatchObject({ ok: false, permanent: true, error: expect.stringContaining('Unauthorized') })
  })

  it('takes the secrets of a channel that is there', async () => {
    const before = telegram.messages().length
    const settings = { bot_token: '•••', base_url: telegram.url, chat_id: '8' }
    expect((await test({ name: 'taken', kind: 'telegram', settings })).json).toMatchObject({ ok: true })
    expect(telegram.messages().slice(before)).toMatchObject([{ token, chat: '8' }])
    expect((await test({ kind: 'telegram', settings })).status).toBe(422)
    expect((await test({ name: 'hook', kind: 'telegram', settings })).status).toBe(422)
  })
})

it('every kind comes with what a form needs', async () => {
  const { json } = await call<{ items: (Pick<ChannelKind, 'kind' | 'secrets'> & { settings: object })[] }>(
    'GET',
    '/kinds',
  )
  expect(json.items.map(({ kind, secrets }) => [kind, secrets])).toEqual(
    channelKinds.map(({ kind, secrets }) => [kind, secrets]),
  )
  const [first] = json.items
  expect(first?.settings).toMatchObject({
    type: 'object',
    properties: { bot_token: { type: 'string', description: expect.stringContaining('@BotFather') } },
    required: ['bot_token'],
  })
})
