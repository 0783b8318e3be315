import fc from 'fast-check'
import { HttpError } from 'grammy'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { telegram } from '#src/channels/telegram.js'
import { setHook, takeHookCall } from '#src/channels/telegram-hook.js'
import { pollUpdates } from '#src/channels/telegram-polling.js'
import { telegramSettings } from '#src/channels/telegram-settings.js'
import { explainTrouble, nextBackoffMs } from '#src/channels/telegram-trouble.js'
import type { Pause } from '#src/channels/wait.js'
import type { ButtonPress, ListenContext } from '#src/domain/channel.js'
import { StoreError } from '#src/domain/errors.js'
import type { Outbound } from '#src/outbound/client.js'
import { type ShownMessage, startTelegram, type TelegramReply, type TelegramStandIn } from '../stand-ins/telegram.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound, secretToken } from './context.js'

let server: TelegramStandIn
let outbound: Outbound
let aborter: AbortController
/** What the channel told the engine while it listened. */
let presses: ButtonPress[]
let problems: (string | null)[]
let running: Promise<void>[]

beforeEach(async () => {
  server = await startTelegram()
  outbound = openOutbound()
  aborter = new AbortController()
  presses = []
  problems = []
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

function listenContext(changes: Partial<ListenContext> = {}): ListenContext {
  return {
    fetch: outbound.fetch,
    signal: aborter.signal,
    now: Date.now,
    hookUrl: null,
    hookSecret: 'hook-secret_CANARY',
    onPress: async (press) => {
      presses.push(press)
      return 'Acknowledged.'
    },
    onLink: async () => null,
    onResult: async () => {},
    onSession: async () => {},
    onChat: () => {},
    onProblem: (problem) => void problems.push(problem),
    ...changes,
  }
}

/** Starts listening as the engine does; waits between polls are noted and not waited. */
function listen(changes: Partial<ListenContext> = {}, pauses: number[] = []): Promise<void> {
  const pause: Pause = async (ms) => void pauses.push(ms)
  const listening = pollUpdates(readSettings(), listenContext(changes), pause)
  running.push(listening)
  return listening
}

async function showAlert(address = '111', data = 'ack:1'): Promise<ShownMessage> {
  const context = makeContext(outbound, { ack: { url: null, data } })
  await telegram.send(makeMessage(), address, readSettings(), context)
  const shown = server.shown().at(-1)
  if (!shown) throw new Error('the alert was not shown')
  return shown
}

const isPolled = () => until(server.updates.isPolled, 'a poll is held open')

describe('polling', () => {
  test('hears a press, and tells the reader what became of it', async () => {
    const alert = await showAlert('-100123:7')
    listen()
    expect(await server.press(alert)).toBe('Acknowledged.')
    expect(presses).toEqual([{ data: 'ack:1', address: '-100123:7', by: 'telegram:Tim' }])
    const answer = server.calls.at(-1)
    expect(answer).toMatchObject({ method: 'answerCallbackQuery', status: 200, payload: { show_alert: false } })
    await isPolled()
    expect(problems).toEqual([null])
  })

  test('asks for what it hears only, holds the poll open, and confirms what it took', async () => {
    const asked: unknown[] = []
    const spying: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/getUpdates')) asked.push(JSON.parse(String(init?.body)))
      return outbound.fetch(input, init)
    }
    const alert = await showAlert()
    listen({ fetch: spying })
    await server.press(alert)
    await isPolled()
    expect(asked[0]).toEqual({ offset: 0, timeout: 0, limit: 100, allowed_updates: ['callback_query', 'message'] })
    const last = asked.at(-1)
    expect(last).toMatchObject({ timeout: 25 })
    expect(last).not.toMatchObject({ offset: 0 })
  })

  test('hears what was pressed while nobody polled, and hears it once', async () => {
    const alert = await showAlert()
    const words = [server.press(alert), server.press(alert, { id: 5, first_name: 'Jo' })]
    listen()
    await Promise.all(words)
    await isPolled()
    expect(presses.map(({ by }) => by)).toEqual(['telegram:Tim', 'telegram:Jo'])
  })

  test('stopped before it confirmed, the press is heard again after a restart', async () => {
    const alert = await showAlert()
    const first = new AbortController()
    const onPress = async (press: ButtonPress) => {
      presses.push(press)
      first.abort()
      return 'kept'
    }
    const words = server.press(alert)
    await listen({ signal: first.signal, onPress })
    listen()
    expect(await words).toBe('Acknowledged.')
    expect(presses).toHaveLength(2)
  })

  test.each([
    [{ first_name: '\u202eTim\n', username: 'tim' }, 'telegram:Tim'],
    [{ first_name: '', username: 'tim_1' }, 'telegram:@tim_1'],
    [{ first_name: 'x'.repeat(500) }, `telegram:${'x'.repeat(63)}…`],
    [{ id: 99, first_name: '\u200b' }, 'telegram:99'],
  ])('%o is %s', async (from, by) => {
    const alert = await showAlert()
    listen()
    await server.press(alert, from)
    expect(presses[0]?.by).toBe(by)
  })

  test('words are cut to what Telegram shows', async () => {
    const alert = await showAlert()
    listen({ onPress: async () => `${'long '.repeat(100)}\u0000` })
    expect(await server.press(alert)).toMatch(/^long .{1,195}…$/)
  })

  test('a press that says nothing is answered, and goes no further', async () => {
    const alert = await showAlert()
    listen()
    const words = [
      server.updates.press(alert, { id: 1 }, { data: undefined, game_short_name: 'x' }),
      server.updates.press(alert, { id: 1 }, { message: undefined, inline_message_id: 'x' }),
    ]
    expect(await Promise.all(words)).toEqual(Array(2).fill('This button does nothing any more.'))
    expect(presses).toEqual([])
  })

  test('of a message that is a reply in a group without topics, the chat is the address', async () => {
    const alert = await showAlert('-5')
    listen()
    const message = { message_id: 1, date: 0, chat: { id: -5 }, message_thread_id: 3 }
    await server.updates.press(alert, { id: 1, first_name: 'T' }, { message })
    expect(presses[0]?.address).toBe('-5')
  })

  test('other updates are passed over, and confirmed', async () => {
    const alert = await showAlert()
    server.updates.push(secretToken, { message: { text: '/start' } })
    server.updates.push(secretToken, { callback_query: { id: 5 } })
    listen()
    await server.press(alert)
    await isPolled()
    expect(presses).toHaveLength(1)
    expect(server.updates.pendingOf(secretToken)).toBe(0)
  })

  test('a press that could not be kept says so, and the next is heard', async () => {
    const alert = await showAlert()
    let isDown = true
    const onPress = async () => {
      if (isDown) throw new StoreError('the disk is full')
      return 'Acknowledged.'
    }
    listen({ onPress })
    expect(await server.press(alert)).toMatch(/press again/)
    isDown = false
    expect(await server.press(alert)).toBe('Acknowledged.')
  })

  test('a fault of the program is not swallowed', async () => {
    const alert = await showAlert()
    const words = server.press(alert)
    words.catch(() => {})
    const onPress = async () => {
      throw new TypeError('a bug')
    }
    await expect(pollUpdates(readSettings(), listenContext({ onPress }))).rejects.toThrow('a bug')
  })

  test('an answer that Telegram refuses, or that gets lost, stops nothing', async () => {
    const alert = await showAlert()
    listen()
    await isPolled()
    server.script({ error_code: 400, description: 'Bad Request: query is too old' }, { fault: 'close' })
    void server.press(alert)
    void server.press(alert)
    await until(() => presses.length === 2, 'both presses were heard')
    expect(await server.press(alert)).toBe('Acknowledged.')
    expect(problems).toEqual([null])
  })

  test('an empty answer that comes at once is not asked for again at once', async () => {
    const empty = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true,"result":[]}' }
    server.scriptPolls(...Array(4).fill(empty))
    const pauses: number[] = []
    listen({}, pauses)
    await isPolled()
    expect(pauses).toEqual([1_000, 1_000, 1_000])
  })

  test('stops at once while a poll is held open, and while it waits', async () => {
    const listening = listen()
    await isPolled()
    aborter.abort()
    await listening
    aborter = new AbortController()
    server.scriptPolls({ error_code: 401, description: 'Unauthorized' })
    const waiting = pollUpdates(readSettings(), listenContext())
    await until(() => problems.length === 2, 'the problem was told')
    aborter.abort()
    await waiting
  })

  const troubles: [string, TelegramReply, RegExp][] = [
    [
      'another program',
      { error_code: 409, description: 'Conflict: terminated by other getUpdates request' },
      /^another program polls this bot/,
    ],
    [
      'a webhook',
      { error_code: 409, description: "Conflict: can't use getUpdates method while webhook is active" },
      /^a webhook is set for this bot/,
    ],
    ['a wrong token', { error_code: 401, description: 'Unauthorized' }, /does not know this bot_token/],
    ['no such bot', { error_code: 404, description: `Not Found ${secretToken}` }, /does not know this bot_token/],
  ]
  test.each(troubles)('%s is told at once, and once, until it is over', async (_, reply, words) => {
    server.scriptPolls(reply, reply, reply)
    const pauses: number[] = []
    listen({}, pauses)
    await isPolled()
    expect(problems).toEqual([expect.stringMatching(words), null])
    expect(JSON.stringify(problems)).not.toContain('CANARY')
    expect(pauses.slice(0, 3)).toEqual([1_000, 2_000, 4_000])
  })

  test.each([
    ['500', { error_code: 500, description: 'Internal Server Error' }, 'Telegram says 500'],
    ['a proxy’s page', { status: 502, body: '<html>' }, 'not one of the Bot API (HTTP 502)'],
    ['a login page', { status: 200, body: '<html>' }, 'not one of the Bot API (HTTP 200)'],
    ['nonsense', { status: 200, body: '{"ok":true,"result":{"a":1}}' }, 'not one of the Bot API'],
    ['a closed connection', { fault: 'close' }, 'Telegram cannot be reached'],
  ] as [string, TelegramReply, string][])('%s is told when it goes on', async (_, reply, words) => {
    server.scriptPolls(reply, reply)
    listen()
    await isPolled()
    expect(problems).toEqual([null])
    aborter.abort()
    await Promise.all(running)
    aborter = new AbortController()
    problems = []
    const polls = server.updates.polls
    server.scriptPolls(reply, reply, reply)
    listen()
    await until(() => server.updates.polls >= polls + 5, 'polling works again')
    expect(problems).toEqual([expect.stringContaining(words), null])
  })

  test('a real second poller is told by both sides’ conflict', async () => {
    listen()
    await isPolled()
    const other = new AbortController()
    const second = pollUpdates(readSettings(), listenContext({ signal: other.signal, onProblem: () => {} }))
    await until(() => problems.some((problem) => problem !== null), 'the conflict is told')
    other.abort()
    await second
  })

  test('waits grow to a minute, and to what Telegram asks for', () => {
    const trouble = { words: '', isClear: true, waitMs: null }
    expect([1, 2, 3, 6, 7, 1_000].map((failures) => nextBackoffMs(failures, trouble))).toEqual([
      1_000, 2_000, 4_000, 32_000, 60_000, 60_000,
    ])
    expect(nextBackoffMs(1, { ...trouble, waitMs: 90_000 })).toBe(90_000)
    const late = new HttpError('x', new Error("Request to 'getUpdates' timed out after 40 seconds"))
    const seen = { status: null, retryAfter: '' }
    expect(explainTrouble(late, seen, readSettings())).toMatchObject({ words: expect.stringContaining('in time') })
    expect(() => explainTrouble(new TypeError('a bug'), { status: null, retryAfter: '' }, readSettings())).toThrow(
      'a bug',
    )
  })

  test('whatever an update holds, polling goes on', async () => {
    const alert = await showAlert()
    listen()
    const key = fc.constantFrom('callback_query', 'id', 'data', 'from', 'message', 'chat', 'message_thread_id')
    const junk = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
    await fc.assert(
      fc.asyncProperty(junk, junk, async (update, query) => {
        server.updates.push(secretToken, { ...update, callback_query: query })
      }),
      { numRuns: 50 },
    )
    expect(await server.press(alert)).toBe('Acknowledged.')
    expect(problems).toEqual([null])
  })
})

test('off listens to nothing, and ends with the signal', async () => {
  if (!telegram.listen) throw new Error('telegram listens')
  const listening = telegram.listen(readSettings({ updates: 'off' }), listenContext())
  aborter.abort()
  await listening
  expect(server.updates.polls).toBe(0)
})

test('channels of one bot listen together, whatever else their settings say', () => {
  const keyOf = (changes: Record<string, unknown>) => telegram.listenKey?.(readSettings(changes))
  expect(keyOf({ chat_id: 5 })).toBe(keyOf({}))
  expect(keyOf({ bot_token: '99:x' })).not.toBe(keyOf({}))
  expect(keyOf({ updates: 'webhook' })).not.toBe(keyOf({}))
  expect(keyOf({})).not.toContain('CANARY')
})

describe('the webhook', () => {
  const settings = () => readSettings({ updates: 'webhook' })

  /** Our hook as the HTTP room has it. */
  async function startHook(changes: Partial<ListenContext> = {}) {
    const hook = await startWebhookSink()
    const context = listenContext({ hookUrl: `${hook.url}/hooks/telegram`, ...changes })
    hook.replyWith(async ({ headers, body }) => {
      const isTaken = await takeHookCall({ headers, body }, settings(), context)
      return { status: isTaken ? 200 : 403 }
    })
    return { hook, context }
  }

  test('is set with our secret, and its calls are presses', async () => {
    const { hook, context } = await startHook()
    running.push(setHook(settings(), context))
    await until(() => problems.length > 0, 'the webhook is set')
    expect(problems).toEqual([null])
    expect(server.updates.webhookOf(secretToken)).toMatchObject({
      url: context.hookUrl,
      secret: 'hook-secret_CANARY',
    })
    expect(server.calls[0]?.payload.allowed_updates).toEqual(['callback_query', 'message'])
    expect(await server.press(await showAlert())).toBe('Acknowledged.')
    expect(presses).toEqual([{ data: 'ack:1', address: '111', by: 'telegram:Tim' }])
    await hook.stop()
  })

  test('needs a public URL, and says so', async () => {
    const listening = setHook(settings(), listenContext())
    expect(problems).toEqual([expect.stringContaining('server.http.public_url')])
    aborter.abort()
    await listening
    expect(server.calls).toHaveLength(0)
  })

  test('that Telegram refuses is a problem in its words', async () => {
    const pauses: number[] = []
    const pause: Pause = async (ms) => {
      pauses.push(ms)
      if (pauses.length === 2) aborter.abort()
    }
    await setHook(settings(), listenContext({ hookUrl: 'http://alerts.example/hooks/t' }), pause)
    expect(problems).toEqual([expect.stringContaining('An HTTPS URL must be provided')])
    expect(pauses).toEqual([1_000, 2_000])
  })

  test('is looked after: failing calls are told, and it is set again when it is gone', async () => {
    const { hook, context } = await startHook()
    let round = 0
    const pause: Pause = async (ms) => {
      expect(ms).toBe(600_000)
      round++
      const webhook = server.updates.webhookOf(secretToken)
      if (round === 1 && webhook) {
        webhook.lastError = { date: Math.floor(Date.now() / 1_000), message: 'Connection refused' }
      }
      if (round === 2) server.updates.dropWebhook(secretToken)
      if (round === 3) aborter.abort()
    }
    await setHook(settings(), context, pause)
    expect(problems).toEqual([null, expect.stringMatching(/^Telegram cannot call .*: Connection refused$/), null])
    expect(server.updates.webhookOf(secretToken)?.url).toBe(context.hookUrl)
    expect(server.calls.map(({ method }) => method)).toEqual([
      'setWebhook',
      'getWebhookInfo',
      'getWebhookInfo',
      'setWebhook',
    ])
    await hook.stop()
  })

  const press = {
    update_id: 1,
    callback_query: { id: 'q', data: 'ack:1', from: { id: 1 }, message: { chat: { id: 1 } } },
  }
  const secretHeader = { 'x-telegram-bot-api-secret-token': 'hook-secret_CANARY' }
  test.each([
    ['no secret', {}, JSON.stringify(press), 'webhook', false],
    [
      'a wrong one',
      { 'x-telegram-bot-api-secret-token': 'hook-secret_CANARX' },
      JSON.stringify(press),
      'webhook',
      false,
    ],
    ['half of it', { 'x-telegram-bot-api-secret-token': 'hook' }, JSON.stringify(press), 'webhook', false],
    ['polling', secretHeader, JSON.stringify(press), 'polling', false],
    ['off', secretHeader, JSON.stringify(press), 'off', false],
    ['no JSON', secretHeader, 'x', 'webhook', true],
    ['another update', secretHeader, '{"update_id":1,"message":{}}', 'webhook', true],
    ['a strange press', secretHeader, '{"callback_query":{"id":7}}', 'webhook', true],
  ])('%s: no press', async (_, headers, body, updates, expected) => {
    const taken = await takeHookCall({ headers, body }, readSettings({ updates }), listenContext())
    expect(taken).toBe(expected)
    expect(presses).toEqual([])
  })

  test('a press is kept although its answer gets lost', async () => {
    const onPress = vi.fn(async () => 'kept')
    await server.stop()
    const call = { headers: secretHeader, body: JSON.stringify(press) }
    expect(await takeHookCall(call, settings(), listenContext({ onPress }))).toBe(true)
    expect(onPress).toHaveBeenCalledOnce()
    server = await startTelegram()
  })
})
