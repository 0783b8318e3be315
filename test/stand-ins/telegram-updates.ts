import type { ShownMessage, TelegramCall } from './telegram.js'
import { badRequest, chatIdOf, type TelegramRefusal } from './telegram-refusals.js'

interface Update {
  update_id: number
  [kind: string]: unknown
}

interface Bot {
  /** What was not confirmed yet, oldest first. */
  pending: Update[]
  held: { answer: (reply: PollReply) => void } | null
  webhook: { url: string; secret: string; lastError: { date: number; message: string } | null } | null
}

type PollReply = { result: Update[] } | TelegramRefusal

/** The half of the Bot API that tells a bot what its readers do: polls held open, webhooks, callback queries. */
export interface TelegramUpdates {
  /** How many getUpdates came, answered or not. */
  polls: number
  /** How many polls were ended because another program polled. */
  conflicts: number
  /** True while a poll of any bot is held open. */
  isPolled: () => boolean
  poll: (call: TelegramCall) => Promise<PollReply>
  /** The answer to answerCallbackQuery and the webhook's calls; null for every other method. */
  judge: (call: TelegramCall) => { result: unknown } | TelegramRefusal | null
  press: (
    message: ShownMessage,
    from: { id: number; first_name?: string; username?: string },
    changes?: Record<string, unknown>,
  ) => Promise<string>
  /** Somebody writes to the bot; without `changes` in a private chat whose number is their own. */
  write: (token: string, text: string, from?: Writer, changes?: Record<string, unknown>) => void
  /** Queues any update for a bot, for those that are no press. */
  push: (token: string, update: Record<string, unknown>) => void
  webhookOf: (token: string) => Bot['webhook']
  /** As when somebody calls deleteWebhook. */
  dropWebhook: (token: string) => void
  /** How many updates the bot has yet to confirm. */
  pendingOf: (token: string) => number
  stop: () => void
}

interface Writer {
  id: number
  first_name?: string
  username?: string
}

export function startTelegramUpdates(): TelegramUpdates {
  const bots = new Map<string, Bot>()
  const asked = new Map<string, (words: string) => void>()
  const timers = new Set<NodeJS.Timeout>()
  let lastId = 0

  const botOf = (token: string): Bot => {
    const bot = bots.get(token) ?? { pending: [], held: null, webhook: null }
    bots.set(token, bot)
    return bot
  }

  const updates: TelegramUpdates = {
    polls: 0,
    conflicts: 0,
    isPolled: () => [...bots.values()].some(({ held }) => held !== null),
    webhookOf: (token) => botOf(token).webhook,
    dropWebhook: (token) => {
      botOf(token).webhook = null
    },
    pendingOf: (token) => botOf(token).pending.length,

    async poll(call) {
      const bot = botOf(call.token)
      const { offset = 0, timeout = 0, limit = 100 } = call.payload as Record<string, number>
      if (bot.webhook)
        return conflict(
          "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        )
      // The newer poll wins, whoever sent it.
      if (bot.held) updates.conflicts++
      bot.held?.answer(
        conflict('terminated by other getUpdates request; make sure that only one bot instance is running'),
      )
      bot.pending = bot.pending.filter(({ update_id }) => update_id >= offset)
      if (bot.pending.length > 0 || timeout === 0) return { result: bot.pending.slice(0, limit) }
      return new Promise((resolve) => {
        const answer = (reply: PollReply): void => {
          clearTimeout(timer)
          timers.delete(timer)
          bot.held = null
          resolve(reply)
        }
        const timer = setTimeout(() => answer({ result: [] }), timeout * 1_000)
        timers.add(timer)
        bot.held = { answer }
      })
    },

    judge(call) {
      const bot = botOf(call.token)
      switch (call.method) {
        case 'answerCallbackQuery':
          return answerQuery(call, asked)
        case 'setWebhook':
          return setWebhook(call, bot)
        case 'getWebhookInfo': {
          const error = bot.webhook?.lastError
          const last = error ? { last_error_date: error.date, last_error_message: error.message } : {}
          return { result: { url: bot.webhook?.url ?? '', pending_update_count: bot.pending.length, ...last } }
        }
        default:
          return null
      }
    },

    press(message, from, changes = {}) {
      const id = `query-${++lastId}`
      const topic = message.topic === null ? {} : { message_thread_id: message.topic, is_topic_message: true }
      const data = message.buttons[0]?.data
      const shown = { message_id: message.id, date: 1, chat: { id: chatIdOf(message.chat) }, ...topic }
      const query = { id, from: { is_bot: false, ...from }, chat_instance: '1', message: shown, data, ...changes }
      const words = new Promise<string>((resolve) => asked.set(id, resolve))
      updates.push(message.token, { callback_query: query })
      return words
    },

    write(token, text, from = { id: 4_711, first_name: 'Tim' }, changes = {}) {
      const chat = { id: from.id, type: 'private', first_name: from.first_name }
      const entities = text.startsWith('/')
        ? [{ type: 'bot_command', offset: 0, length: text.split(' ', 1)[0]?.length }]
        : []
      const message = {
        message_id: ++lastId,
        date: 1,
        chat,
        from: { is_bot: false, ...from },
        text,
        entities,
        ...changes,
      }
      updates.push(token, { message })
    },

    push(token, given) {
      const bot = botOf(token)
      const update: Update = { update_id: ++lastId, ...given }
      if (bot.webhook) return void callWebhook(bot.webhook, update)
      bot.pending.push(update)
      bot.held?.answer({ result: [...bot.pending] })
    },

    stop() {
      for (const timer of timers) clearTimeout(timer)
    },
  }
  return updates
}

function answerQuery(call: TelegramCall, asked: Map<string, (words: string) => void>) {
  const { callback_query_id: id, text = '' } = call.payload
  const answer = asked.get(String(id))
  if (!answer) return badRequest('query is too old and response timeout expired or query ID is invalid')
  if (String(text).length > 200) return badRequest('MESSAGE_TOO_LONG')
  asked.delete(String(id))
  answer(String(text))
  return { result: true }
}

/** Takes plain HTTP for this machine, as a Bot API server of one's own does (`--local`). */
function setWebhook(call: TelegramCall, bot: Bot) {
  const { url = '', secret_token: secret = '' } = call.payload as Record<string, string>
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:' && hostname !== '127.0.0.1') {
    return badRequest('bad webhook: An HTTPS URL must be provided for webhook')
  }
  if (!/^[\w-]{1,256}$/.test(secret)) {
    return badRequest('secret token contains unallowed characters')
  }
  bot.held?.answer(conflict('terminated by setWebhook request'))
  bot.webhook = { url, secret, lastError: null }
  return { result: true }
}

async function callWebhook(webhook: NonNullable<Bot['webhook']>, update: Update): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': webhook.secret }
  const failed = (message: string) => {
    webhook.lastError = { date: Math.floor(Date.now() / 1_000), message }
  }
  try {
    const answer = await fetch(webhook.url, { method: 'POST', headers, body: JSON.stringify(update) })
    if (!answer.ok) failed(`Wrong response from the webhook: ${answer.status} ${answer.statusText}`)
  } catch {
    failed('Connection refused')
  }
}

function conflict(words: string): TelegramRefusal {
  return { error_code: 409, description: `Conflict: ${words}` }
}
