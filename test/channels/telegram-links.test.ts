import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { telegram } from '#src/channels/telegram.js'
import { takeHookCall } from '#src/channels/telegram-hook.js'
import { pollUpdates } from '#src/channels/telegram-polling.js'
import { telegramSettings } from '#src/channels/telegram-settings.js'
import { readStart } from '#src/channels/telegram-start.js'
import type { LinkAttempt, ListenContext } from '#src/domain/channel.js'
import { StoreError } from '#src/domain/errors.js'
import type { Outbound } from '#src/outbound/client.js'
import { botUsername, startTelegram, type TelegramReply, type TelegramStandIn } from '../stand-ins/telegram.js'
import { until } from '../stand-ins/until.js'
import { openOutbound, secretToken } from './context.js'

const code = 'AbC_-0123456789abcdefghijklmnopq'
let server: TelegramStandIn
let outbound: Outbound
let aborter: AbortController
let attempts: LinkAttempt[]
let running: Promise<void>[]

beforeEach(async () => {
  server = await startTelegram()
  outbound = openOutbound()
  aborter = new AbortController()
  attempts = []
  running = []
})
afterEach(async () => {
  aborter.abort()
  await Promise.all(running)
  await server.stop()
  await outbound.close()
})

const readSettings = (changes: Record<string, unknown> = {}) =>
  telegramSettings.parse({ bot_token: secretToken, base_url: server.url, ...changes })

function listenContext(onLink: ListenContext['onLink']): ListenContext {
  const hears: Pick<ListenContext, 'onPress' | 'onResult' | 'onSession' | 'onChat'> = {
    onPress: async () => 'Acknowledged.',
    onResult: async () => undefined,
    onSession: async () => undefined,
    onChat: () => undefined,
  }
  const { fetch } = outbound
  const { signal } = aborter
  return { ...hears, fetch, signal, now: Date.now, hookUrl: null, hookSecret: 's', onLink, onProblem: () => undefined }
}

function listen(answer: (attempt: LinkAttempt) => Promise<string | null> = async () => 'Linked.'): void {
  const onLink = async (attempt: LinkAttempt) => {
    attempts.push(attempt)
    return answer(attempt)
  }
  running.push(pollUpdates(readSettings(), listenContext(onLink)))
}

const heard = (count: number) => until(() => attempts.length === count, `${count} links were opened`)

describe('a link that is opened', () => {
  test('hands its code on, and is answered in its chat', async () => {
    listen()
    server.updates.write(secretToken, `/start ${code}`, { id: 42, first_name: 'Tim' })
    await until(() => server.shown().length === 1, 'the chat is answered')
    expect(attempts).toEqual([{ code, address: '42', isShared: false, by: 'telegram:Tim' }])
    expect(server.shown()[0]).toMatchObject({ chat: '42', text: 'Linked.', topic: null })
  })

  test('in a topic is an address with the topic, and is answered there', async () => {
    listen()
    const topic = { message_thread_id: 7, is_topic_message: true }
    server.updates.write(secretToken, `/start ${code}`, { id: 42 }, topic)
    await until(() => server.shown().length === 1, 'the chat is answered')
    expect(attempts[0]).toMatchObject({ address: '42:7', by: 'telegram:42' })
    expect(server.shown()[0]?.topic).toBe(7)
  })

  test.each(['group', 'supergroup', 'channel'])('in a %s is one of many readers', async (type) => {
    listen()
    const chat = { id: -100_777, type, title: 'ops' }
    server.updates.write(secretToken, `/start@${botUsername} ${code}`, { id: 42, first_name: 'Tim' }, { chat })
    await heard(1)
    expect(attempts[0]).toEqual({ code, address: '-100777', isShared: true, by: 'telegram:Tim' })
  })

  test('whose answer is nothing is not answered, nor is one whose answer is refused a trouble', async () => {
    listen(async ({ address }) => (address === '1' ? null : 'Linked.'))
    server.script({ error_code: 403, description: 'Forbidden: bot was blocked by the user' })
    server.updates.write(secretToken, '/start', { id: 1 })
    server.updates.write(secretToken, '/start', { id: 2 })
    server.updates.write(secretToken, '/start', { id: 3 })
    await until(() => server.calls.length === 2, 'two chats are answered')
    await until(() => server.shown().length === 1, 'one of them hears it')
    expect(server.calls.map(({ chat }) => chat).sort()).toEqual(['2', '3'])
  })

  test('and could not be kept is to be opened again', async () => {
    listen(async () => {
      throw new StoreError('the disk is full')
    })
    server.updates.write(secretToken, `/start ${code}`)
    await until(() => server.shown().length === 1, 'the chat is answered')
    expect(server.shown()[0]?.text).toMatch(/open the link again/)
  })

  test('comes through the webhook, too, with its secret', async () => {
    const onLink = async (attempt: LinkAttempt) => {
      attempts.push(attempt)
      return 'Linked.'
    }
    const settings = readSettings({ updates: 'webhook' })
    const message = {
      message_id: 1,
      date: 1,
      chat: { id: 42, type: 'private' },
      from: { id: 42 },
      text: `/start ${code}`,
    }
    const body = JSON.stringify({ update_id: 1, message })
    const call = (secret: string) =>
      takeHookCall({ headers: { 'x-telegram-bot-api-secret-token': secret }, body }, settings, listenContext(onLink))
    expect(await call('wrong')).toBe(false)
    expect(attempts).toEqual([])
    expect(await call('s')).toBe(true)
    expect(attempts).toHaveLength(1)
    expect(server.shown()[0]).toMatchObject({ chat: '42', text: 'Linked.' })
  })
})

test('whatever else is written to the bot reaches nobody, and is not answered', async () => {
  listen()
  const words = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.constantFrom('start', '/started x', '/stop', ' /start', '/start a b', `x /start ${code}`, '/start\u0000x y'),
  )
  const key = fc.constantFrom('chat', 'from', 'text', 'message_thread_id', 'is_topic_message', 'entities')
  const junk = fc.dictionary(key, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  await fc.assert(
    fc.asyncProperty(words, junk, async (text, changes) => {
      fc.pre(readStart(text) === undefined && typeof changes.text !== 'string')
      server.updates.write(secretToken, text, { id: 9 }, changes)
      server.updates.push(secretToken, { message: changes, edited_message: { text } })
    }),
    { numRuns: 100 },
  )
  server.updates.write(secretToken, `/start ${code}`)
  await heard(1)
  await until(() => server.shown().length === 1, 'the last one is answered')
  expect(server.calls).toHaveLength(1)
})

test.each<[string, string | null | undefined]>([
  ['/start', null],
  ['/start ', null],
  [`/start ${code}`, code],
  [`/start@some_bot ${code}\n`, code],
  [`/start \u00a0`, null],
  [`/start ${'x'.repeat(300)}`, undefined],
  ['/START x', undefined],
  ['/start a b', undefined],
  ['', undefined],
])('%j starts with %j', (text, expected) => {
  expect(readStart(text)).toBe(expected)
})

describe('the offer', () => {
  const offer = (changes: Record<string, unknown> = {}) => {
    const { fetch } = outbound
    return telegram.link?.(readSettings(changes), code, { fetch, signal: aborter.signal })
  }

  test('is a link into the chat of the bot', async () => {
    expect(await offer()).toEqual({ ok: true, url: `https://t.me/${botUsername}?start=${code}` })
    expect(server.calls.map(({ method }) => method)).toEqual(['getMe'])
  })

  test('is none while the bot hears nobody', async () => {
    expect(await offer({ updates: 'off' })).toMatchObject({ ok: false, isClear: true })
    expect(server.calls).toEqual([])
  })

  test.each<[string, TelegramReply, boolean, RegExp]>([
    ['a wrong token', { error_code: 401, description: `Unauthorized ${secretToken}` }, true, /bot_token/],
    ['trouble at the vendor', { error_code: 502, description: 'Bad Gateway' }, false, /502/],
    ['a proxy’s page', { status: 200, body: '<html>' }, false, /not one of the Bot API/],
    ['nonsense', { status: 200, body: '{"ok":true,"result":{"username":"a/b"}}' }, false, /not one of the Bot API/],
    ['a closed connection', { fault: 'close' }, false, /cannot be reached/],
  ])('is none with %s, and says why', async (_, reply, isClear, words) => {
    server.script(reply)
    const given = await offer()
    expect(given).toEqual({ ok: false, isClear, problem: expect.stringMatching(words) })
    expect(JSON.stringify(given)).not.toContain('CANARY')
  })
})
