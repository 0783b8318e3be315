import { Api, GrammyError, HttpError } from 'grammy'
import { z } from 'zod'
import type { ChannelContext, Outcome } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'
import { defineChannel } from './define-channel.js'
import { renderTelegram } from './dialects/telegram-html.js'
import { clampWait, type OutcomeFacts, outcomeFromAnswer, outcomeFromError } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { redactText } from './redact-text.js'
import { baseUrl, textOrNumber } from './settings.js'

/** `chat` or `chat:topic`; a chat is a number (groups are negative) or the @name of a channel. */
const chatAddress = textOrNumber(
  z
    .string()
    .regex(
      /^(?:-?\d{1,19}|@[A-Za-z]\w{3,31})(?::\d{1,10})?$/,
      'must be a chat id like 111111, -100123:7 or @channelname',
    ),
)

const settings = z.strictObject({
  bot_token: z.string().regex(/^\d+:[\w-]+$/, 'must look like 123456:ABC…, as @BotFather gives it'),
  base_url: baseUrl.default('https://api.telegram.org'),
  chat_id: chatAddress.optional(),
  parse_mode: z.enum(['html', 'plain']).default('html'),
  disable_preview: z.boolean().default(true),
  disable_notification: z.boolean().default(false),
})
type Settings = z.infer<typeof settings>

export const telegram = defineChannel<Settings>({
  kind: 'telegram',
  label: 'Telegram',
  description: 'Sends to Telegram chats, groups, topics and channels through a bot.',
  settings,
  address: { schema: chatAddress, hint: 'a chat id, chat:topic, or @channelname' },
  destination: ({ chat_id }) => chat_id ?? null,
  secrets: ['bot_token'],
  capabilities: {
    textMax: 4_096,
    textUnit: 'code_points',
    dialect: 'telegram_html',
    attachments: false,
    idempotent: false,
  },
  concurrency: 8,
  async send(message, address, settings, context) {
    const target = readTarget(settings.chat_id ?? address)
    if (!target)
      return { kind: 'permanent', scope: 'address', statusCode: null, text: 'the address is not a Telegram chat' }
    const html = settings.parse_mode === 'html' && context.form === 'full'
    const texts = renderTelegram(outlineMessage(message), { html, short: context.form === 'short' })
    const sent: number[] = []
    for (const text of texts) {
      const outcome = await sendPart(text, target, settings, context, html)
      if (typeof outcome === 'number') sent.push(outcome)
      else return sent.length === 0 ? outcome : reportPartial(outcome, sent, texts.length, target)
    }
    return {
      kind: 'delivered',
      remote: describeSent(sent, target),
      statusCode: 200,
      text: `message ${sent.join(', ')}`,
    }
  },
})

interface Target {
  chat: string
  topic: number | null
}

function readTarget(address: string | null): Target | null {
  if (address === null || !chatAddress.safeParse(address).success) return null
  const [chat = '', topic] = address.split(':')
  return { chat, topic: topic === undefined ? null : Number(topic) }
}

/** What grammY does not tell when an answer is not the Bot API's JSON. */
interface SeenAnswer {
  status: number | null
  retryAfter: string
}

/** Sends one text; the id of the message it became, or why it did not. */
async function sendPart(
  text: string,
  target: Target,
  settings: Settings,
  context: ChannelContext,
  html: boolean,
): Promise<number | Outcome> {
  const seen: SeenAnswer = { status: null, retryAfter: '' }
  const fetchNotingStatus: typeof fetch = async (input, init) => {
    const response = await context.fetch(input, init)
    seen.status = response.status
    seen.retryAfter = response.headers.get('retry-after') ?? ''
    return response
  }
  const api = new Api(settings.bot_token, { apiRoot: settings.base_url, fetch: fetchNotingStatus, timeoutSeconds: 30 })
  // grammY asks for the shape of another AbortSignal package; it only listens for "abort", as on ours.
  const signal = context.signal as Parameters<typeof api.sendMessage>[3]
  try {
    const options = {
      ...(html ? { parse_mode: 'HTML' as const } : {}),
      ...(target.topic === null ? {} : { message_thread_id: target.topic }),
      link_preview_options: { is_disabled: settings.disable_preview },
      disable_notification: settings.disable_notification,
    }
    return (await api.sendMessage(target.chat, text, options, signal)).message_id
  } catch (error) {
    const facts = {
      now: context.now(),
      idempotent: false,
      // The limit that is met first is the one of the chat: about one message a second.
      waitScope: settings.chat_id === undefined ? ('address' as const) : ('channel' as const),
      secrets: [settings.bot_token],
    }
    if (error instanceof GrammyError) return outcomeFromRefusal(error, context.form, html, facts)
    return outcomeFromLoss(error, seen, facts)
  }
}

/** Refusals that are about the recipient. The words are those of the Bot API server. */
const addressWords =
  /chat not found|user not found|thread not found|topic_closed|topic_deleted|not enough rights|have no rights|need administrator|chat_write_forbidden|peer_id_invalid|bot was blocked|bot was kicked|deactivated|not a member|can't initiate conversation|chat_restricted/i

/** Maps `{ ok: false }` answers of the Bot API. The wait stands in `parameters.retry_after`, in seconds. */
function outcomeFromRefusal(
  error: GrammyError,
  form: ChannelContext['form'],
  html: boolean,
  facts: OutcomeFacts,
): Outcome {
  const statusCode = error.error_code
  const text = redactText(error.description, facts.secrets)
  const { migrate_to_chat_id: movedTo, retry_after: retryAfter } = error.parameters
  if (movedTo !== undefined) {
    // Topics do not survive the move from group to supergroup, so the new address has none.
    return { kind: 'retarget', address: String(movedTo), text }
  }
  if (statusCode === 429) {
    const waitMs = retryAfter === undefined ? null : clampWait(retryAfter * 1_000)
    return { kind: 'transient', waitMs, waitScope: facts.waitScope, statusCode, text }
  }
  if (html && /can't parse entities/i.test(text)) return { kind: 'degrade', to: 'plain', statusCode, text }
  if (form !== 'short' && /message is too long|message_too_long/i.test(text)) {
    return { kind: 'degrade', to: 'short', statusCode, text }
  }
  if (statusCode === 403 || addressWords.test(text)) return { kind: 'permanent', scope: 'address', statusCode, text }
  if (statusCode === 401 || statusCode === 404) return { kind: 'permanent', scope: 'channel', statusCode, text }
  if (statusCode === 400) return { kind: 'permanent', scope: 'message', statusCode, text }
  return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode, text }
}

/** No answer of the Bot API: the network failed, or something in between answered without its JSON. */
function outcomeFromLoss(error: unknown, seen: SeenAnswer, facts: OutcomeFacts): Outcome {
  if (!(error instanceof HttpError)) throw error
  const failure = findOutboundError(error.error)
  if (failure) return outcomeFromError(failure, facts)
  if (seen.status === null || seen.status < 300)
    return { kind: 'unknown', text: 'the answer was not one of the Bot API' }
  const headers = { 'retry-after': seen.retryAfter }
  return outcomeFromAnswer({ status: seen.status, headers, text: '', truncated: false }, facts)
}

function findOutboundError(error: unknown): OutboundError | null {
  if (error instanceof OutboundError) return error
  return error instanceof Error && error.cause instanceof OutboundError ? error.cause : null
}

/**
 * The first parts have arrived, and with them the title and the start of the text. Sending all again would repeat them
 * in the chat, so the delivery counts as accepted and says what is missing.
 */
function reportPartial(outcome: Outcome, sent: number[], total: number, target: Target): Outcome {
  return {
    kind: 'accepted',
    remote: { ...describeSent(sent, target), parts_sent: `${sent.length}/${total}` },
    statusCode: 'statusCode' in outcome ? outcome.statusCode : null,
    text: redactText(
      `${sent.length} of ${total} parts sent (message ${sent.join(', ')}), the rest failed: ${outcome.text}`,
      [],
    ),
  }
}

function describeSent(sent: number[], target: Target): Record<string, string> {
  return {
    chat_id: target.chat,
    message_id: String(sent[0]),
    ...(sent.length > 1 ? { message_ids: sent.join(',') } : {}),
  }
}
