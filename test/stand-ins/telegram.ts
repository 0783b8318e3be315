import { parseTelegramHtml } from './telegram-html.js'
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

interface TelegramRefusal {
  error_code: number
  description: string
  parameters?: { retry_after?: number; migrate_to_chat_id?: number }
}

/** One scripted answer: an error of the Bot API, a plain HTTP answer of something in between, or a fault. */
export type TelegramReply = TelegramRefusal | SinkReply

export interface TelegramStandIn {
  /** For `base_url`. */
  url: string
  /** Every call, refused ones included, in order. */
  calls: TelegramCall[]
  /** Calls that became messages. */
  messages: () => TelegramCall[]
  /** Queues answers, used once each; `null` lets one call through to the normal answer. */
  script: (...replies: (TelegramReply | null)[]) => void
  /** Resolves when `count` calls have arrived in total. */
  waitFor: (count: number) => Promise<void>
  stop: () => Promise<void>
}

/** A Bot API server on port 0 that is as strict about texts as the real one. */
export async function startTelegram(): Promise<TelegramStandIn> {
  const calls: TelegramCall[] = []
  const queued: (TelegramReply | null)[] = []
  const sink = await startWebhookSink()
  sink.replyWith((request) => {
    const call = readCall(request)
    calls.push(call)
    const reply = queued.shift() ?? judge(call, calls.length)
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
  })
  return {
    url: sink.url,
    calls,
    messages: () => calls.filter(({ status, method }) => status === 200 && method === 'sendMessage'),
    script: (...replies) => void queued.push(...replies),
    waitFor: sink.waitFor,
    stop: sink.stop,
  }
}

function readCall(request: SinkRequest): TelegramCall {
  const [, token = '', method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(request.path) ?? []
  const payload = (request.json ?? {}) as Record<string, unknown>
  return { token, method, payload, chat: String(payload.chat_id ?? ''), text: '', status: 0 }
}

/** The normal answer: success with a message id, or the refusal the real server would give to this text. */
function judge(call: TelegramCall, id: number): { result: unknown } | TelegramRefusal {
  if (call.method === '') return { error_code: 404, description: 'Not Found' }
  if (call.method !== 'sendMessage') return { result: { id: 1, is_bot: true, first_name: 'stand-in' } }
  const given = String(call.payload.text ?? '')
  if (/\p{Surrogate}/u.test(given)) return badRequest('strings must be encoded in UTF-8')
  const parsed = call.payload.parse_mode === 'HTML' ? parseTelegramHtml(given) : { ok: true as const, text: given }
  if (!parsed.ok) return { error_code: 400, description: parsed.description }
  // Characters nobody sees do not make a message.
  if (!/[^\s\p{Cf}\p{Cc}]/u.test(parsed.text)) return badRequest('message text is empty')
  if ([...parsed.text].length > 4_096) return badRequest('message is too long')
  call.text = parsed.text
  return {
    result: { message_id: id, date: 1, chat: { id: Number(call.chat) || 1, type: 'private' }, text: parsed.text },
  }
}

function badRequest(words: string): TelegramRefusal {
  return { error_code: 400, description: `Bad Request: ${words}` }
}
