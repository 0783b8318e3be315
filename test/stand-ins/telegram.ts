import { parseTelegramHtml } from './telegram-html.js'
import { badRequest, chatIdOf, type TelegramRefusal } from './telegram-refusals.js'
import { startTelegramUpdates, type TelegramUpdates } from './telegram-updates.js'
import { type SinkReply, type SinkRequest, startWebhookSink } from './webhook-sink.js'

export interface TelegramCall {
  token: string
  method: string
  payload: Record<string, unknown>
  /** The chat as sent, as text. */
  chat: string
  /** What a reader would see: markup parsed and removed. Empty when the text was refused. */
  text: string
  /** The answer's status. */
  status: number
}

/** One scripted answer: an error of the Bot API, a plain HTTP answer of something in between, or a fault. */
export type TelegramReply = TelegramRefusal | SinkReply

/** A message as its reader sees it now. */
export interface ShownMessage {
  id: number
  token: string
  chat: string
  topic: number | null
  text: string
  replyTo: number | null
  edits: number
  buttons: { text: string; data: string }[]
}

export interface TelegramStandIn {
  /** For `base_url`. */
  url: string
  /** Every call but getUpdates, refused ones included, in order. */
  calls: TelegramCall[]
  /** Calls that became messages. */
  messages: () => TelegramCall[]
  /** What the chats show now, edits included. */
  shown: () => ShownMessage[]
  /** Queues answers for `calls`, used once each; `null` lets one call through to the normal answer. */
  script: (...replies: (TelegramReply | null)[]) => void
  /** The same for getUpdates alone. */
  scriptPolls: (...replies: (TelegramReply | null)[]) => void
  /** Resolves when `count` calls have arrived in total. */
  waitFor: (count: number) => Promise<void>
  /** Who polls, who is called, and what buttons are pressed. */
  updates: TelegramUpdates
  /** Presses the message's first button as a reader; resolves with the words the reader is shown. */
  press: (message: ShownMessage, from?: { id?: number; first_name?: string; username?: string }) => Promise<string>
  stop: () => Promise<void>
}

/** Of every bot here: what getMe says. */
export const botUsername = 'stand_in_bot'

type Answer = { result: unknown } | TelegramRefusal

/** A Bot API server on port 0 that is as strict about texts, keyboards and follow-ups as the real one. */
export async function startTelegram(): Promise<TelegramStandIn> {
  const calls: TelegramCall[] = []
  const queued: (TelegramReply | null)[] = []
  const queuedPolls: (TelegramReply | null)[] = []
  const shown = new Map<number, ShownMessage>()
  const waiting: { count: number; resolve: () => void }[] = []
  const updates = startTelegramUpdates()
  const sink = await startWebhookSink()
  sink.replyWith(async (request) => {
    const call = readCall(request)
    if (call.method === 'getUpdates') {
      updates.polls++
      return toReply(call, queuedPolls.shift() ?? (await updates.poll(call)))
    }
    calls.push(call)
    for (const waiter of waiting) if (calls.length >= waiter.count) waiter.resolve()
    return toReply(call, queued.shift() ?? updates.judge(call) ?? judge(call, calls.length, shown))
  })
  return {
    url: sink.url,
    calls,
    messages: () => calls.filter(({ status, method }) => status === 200 && method === 'sendMessage'),
    shown: () => [...shown.values()].map((message) => ({ ...message })),
    script: (...replies) => void queued.push(...replies),
    scriptPolls: (...replies) => void queuedPolls.push(...replies),
    waitFor: (count) =>
      calls.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    updates,
    press: (message, from = {}) => updates.press(message, { id: 4_711, first_name: 'Tim', ...from }),
    stop: async () => {
      updates.stop()
      await sink.stop()
    },
  }
}

function toReply(call: TelegramCall, reply: TelegramReply | { result: unknown }): SinkReply {
  if ('fault' in reply || 'status' in reply) {
    call.status = 'status' in reply ? reply.status : 0
    return reply
  }
  const isError = 'error_code' in reply
  call.status = isError ? reply.error_code : 200
  const retryAfter = isError ? reply.parameters?.retry_after : undefined
  return {
    status: call.status,
    headers: { 'content-type': 'application/json', ...(retryAfter ? { 'retry-after': String(retryAfter) } : {}) },
    body: JSON.stringify({ ok: !isError, ...reply }),
  }
}

function readCall(request: SinkRequest): TelegramCall {
  const [, token = '', method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(request.path) ?? []
  const payload = (request.json ?? {}) as Record<string, unknown>
  return { token, method, payload, chat: String(payload.chat_id ?? ''), text: '', status: 0 }
}

/** The normal answer: success with a message id, or the refusal the real server would give to this call. */
function judge(call: TelegramCall, id: number, shown: Map<number, ShownMessage>): Answer {
  switch (call.method) {
    case '':
      return { error_code: 404, description: 'Not Found' }
    case 'getMe':
      return { result: { id: 1, is_bot: true, first_name: 'stand-in', username: botUsername } }
    case 'sendMessage':
      return judgeSend(call, id, shown)
    case 'editMessageText':
    case 'editMessageReplyMarkup':
      return judgeEdit(call, shown)
    default:
      return { result: { id: 1, is_bot: true, first_name: 'stand-in' } }
  }
}

function judgeSend(call: TelegramCall, id: number, shown: Map<number, ShownMessage>): Answer {
  const refusal = judgeText(call)
  if (refusal) return refusal
  const buttons = readButtons(call.payload.reply_markup)
  if ('error_code' in buttons) return buttons
  const reply = call.payload.reply_parameters as
    | { message_id?: number; allow_sending_without_reply?: boolean }
    | undefined
  const replied = shown.get(reply?.message_id ?? 0)
  const isThere = replied !== undefined && chatIdOf(replied.chat) === chatIdOf(call.chat)
  if (reply && !isThere && !reply.allow_sending_without_reply) return badRequest('message to be replied not found')
  const topic = typeof call.payload.message_thread_id === 'number' ? call.payload.message_thread_id : null
  const replyTo = isThere ? replied.id : null
  const { token, chat, text } = call
  shown.set(id, { id, token, chat, topic, text, replyTo, edits: 0, buttons: buttons.buttons })
  return { result: describeMessage(id, call) }
}

function judgeEdit(call: TelegramCall, shown: Map<number, ShownMessage>): Answer {
  const message = shown.get(Number(call.payload.message_id))
  if (!message || chatIdOf(message.chat) !== chatIdOf(call.chat) || message.token !== call.token) {
    return badRequest('message to edit not found')
  }
  const refusal = call.method === 'editMessageText' ? judgeText(call) : null
  if (refusal) return refusal
  const buttons = readButtons(call.payload.reply_markup)
  if ('error_code' in buttons) return buttons
  const text = call.method === 'editMessageText' ? call.text : message.text
  if (text === message.text && JSON.stringify(buttons.buttons) === JSON.stringify(message.buttons)) {
    return badRequest(
      'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
    )
  }
  Object.assign(message, { text, buttons: buttons.buttons, edits: message.edits + 1 })
  return { result: describeMessage(message.id, call) }
}

function judgeText(call: TelegramCall): TelegramRefusal | null {
  const given = String(call.payload.text ?? '')
  if (/\p{Surrogate}/u.test(given)) return badRequest('strings must be encoded in UTF-8')
  const parsed = call.payload.parse_mode === 'HTML' ? parseTelegramHtml(given) : { ok: true as const, text: given }
  if (!parsed.ok) return { error_code: 400, description: parsed.description }
  // Characters nobody sees do not make a message.
  if (!/[^\s\p{Cf}\p{Cc}]/u.test(parsed.text)) return badRequest('message text is empty')
  if ([...parsed.text].length > 4_096) return badRequest('message is too long')
  call.text = parsed.text
  return null
}

/** Only buttons that call back are known here: each with a text, and 1 to 64 bytes of data (InlineKeyboardButton). */
function readButtons(markup: unknown): { buttons: ShownMessage['buttons'] } | TelegramRefusal {
  if (markup === undefined) return { buttons: [] }
  const rows = (markup as { inline_keyboard?: unknown }).inline_keyboard
  if (!Array.isArray(rows) || !rows.every(Array.isArray)) {
    return badRequest("object expected as reply markup: can't parse inline keyboard")
  }
  const buttons: ShownMessage['buttons'] = []
  for (const { text, callback_data: data } of rows.flat() as Record<string, unknown>[]) {
    if (typeof text !== 'string' || text === '') return badRequest("can't parse inline keyboard button: no text")
    if (typeof data !== 'string') return badRequest('text buttons are unallowed in the inline keyboard')
    const size = Buffer.byteLength(data)
    if (size < 1 || size > 64) return badRequest('BUTTON_DATA_INVALID')
    buttons.push({ text, data })
  }
  return { buttons }
}

function describeMessage(id: number, call: TelegramCall): unknown {
  return { message_id: id, date: 1, chat: { id: chatIdOf(call.chat), type: 'private' }, text: call.text }
}
