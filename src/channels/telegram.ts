import { z } from 'zod'
import type { ChannelContext, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { defineChannel } from './define-channel.js'
import { renderTelegram } from './dialects/telegram-html.js'
import { outlineMessage } from './outline-message.js'
import { callTelegram, strangeAnswer } from './telegram-api.js'
import { setHook, takeHookCall } from './telegram-hook.js'
import { pollUpdates } from './telegram-polling.js'
import { describeSent, readSent, reportPartial, type SentText } from './telegram-sent.js'
import {
  chatAddress,
  readTarget,
  type TelegramSettings,
  type TelegramTarget,
  telegramSettings,
} from './telegram-settings.js'
import { offerStartLink } from './telegram-start.js'
import { untilAborted } from './wait.js'
import { withAckLink } from './with-ack-link.js'

export const telegram = defineChannel<TelegramSettings>({
  kind: 'telegram',
  label: 'Telegram',
  description: 'Sends to Telegram chats, groups, topics and channels through a bot.',
  guide: {
    steps: [
      'In Telegram, write `/newbot` to @BotFather, and choose a name. It answers with the token.',
      'For people: leave the chat empty, save, and make each of them a link under People. Whoever opens it is entered.',
      'For a group: add the bot to it, save, and write `/start` there. The channel’s page then lists the chat with its id.',
      'For a topic of a group write `id:topic`; for a public channel `@name`, with the bot as an administrator of it.',
    ],
    note: 'A bot cannot write first: each person has to have opened a chat with it once.',
  },
  settings: telegramSettings,
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
  acknowledgedBy: 'button',
  asksForAnswers: ({ updates }) => updates === 'polling',
  example: { address: '111111' },
  concurrency: 8,
  // Bots FAQ, "My bot is hitting limits": 30 messages a second in all, 20 a minute to one group.
  rates: { channel: { count: 30, perMs: 1_000 }, address: { count: 20, perMs: 60_000 } },
  send: sendTexts,
  async resolve(message, address, settings, context) {
    const outcome = await sendTexts(message, address, settings, context)
    if (outcome.kind === 'delivered' || outcome.kind === 'accepted') await removeButton(settings, context)
    return outcome
  },
  update: changeText,
  link: offerStartLink,
  // The number before the colon names the bot; what comes after it is the secret.
  listenKey: ({ base_url, bot_token, updates }) => `${updates} ${base_url} ${bot_token.split(':')[0]}`,
  // A hook stays set, and what it refuses Telegram says again for a day.
  hearsResults: ({ updates }) => updates === 'webhook',
  hearsChats: ({ updates }) => updates !== 'off',
  async listen(settings, context) {
    if (settings.updates === 'polling') await pollUpdates(settings, context)
    if (settings.updates === 'webhook') await setHook(settings, context)
    if (settings.updates === 'off') await untilAborted(context.signal)
  },
  takeHook: takeHookCall,
})

/** One text or several in a row. Follow-ups are a reply to the first text of what was sent before, where that is known. */
async function sendTexts(
  message: Message,
  address: string | null,
  settings: TelegramSettings,
  context: ChannelContext,
): Promise<Outcome> {
  // An address comes first even where the settings have a chat, because it may be where that chat has moved to.
  const target = readTarget(address ?? settings.chat_id ?? null)
  if (!target)
    return { kind: 'permanent', scope: 'address', statusCode: null, text: 'the address is not a Telegram chat' }
  const button = findButton(settings, context)
  const outline = outlineMessage(button === null ? withAckLink(message, context) : message)
  const texts = renderTelegram(outline, { ...readStyle(settings, context), parts: null })
  const sent: SentText[] = []
  for (const [index, text] of texts.entries()) {
    const keyboard = index === texts.length - 1 ? button : null
    const repliesTo = index === 0 ? findReplyTo(target, context) : null
    const part = await sendPart(text, { ...target, keyboard, repliesTo }, settings, context)
    if ('id' in part) sent.push(part)
    else return sent[0] === undefined ? part : reportPartial(part, sent, texts.length)
  }
  const remote = { ...describeSent(sent), ...(button === null ? {} : { button: 'acknowledge' }) }
  const ids = sent.map(({ id }) => id).join(', ')
  return { kind: 'delivered', remote, statusCode: 200, text: `message ${ids}` }
}

function readStyle(settings: TelegramSettings, { form }: ChannelContext): { html: boolean; short: boolean } {
  return { html: settings.parse_mode === 'html' && form === 'full', short: form === 'short' }
}

/** What the button carries, or null when there is nothing to acknowledge or a press would not reach us. */
function findButton({ updates }: TelegramSettings, { ack, form }: ChannelContext): string | null {
  if (ack === null || updates === 'off' || form === 'short') return null
  // Without a public URL there is no page to link to, and no hook that Telegram could call.
  return updates === 'webhook' && ack.url === null ? null : ack.data
}

/** A message id means something only in the chat it is from. */
function findReplyTo(target: TelegramTarget, context: ChannelContext): number | null {
  const before = readSent(context.sent)
  return before !== null && (before.chat === target.chat || target.chat.startsWith('@')) ? before.first : null
}

const sentMessage = z.object({ message_id: z.number().int(), chat: z.object({ id: z.number().int() }) })

async function sendPart(
  text: string,
  to: TelegramTarget & { keyboard: string | null; repliesTo: number | null },
  settings: TelegramSettings,
  context: ChannelContext,
): Promise<SentText | Outcome> {
  const { keyboard, repliesTo, topic } = to
  const options = {
    ...textOptions(settings, context),
    ...(topic === null ? {} : { message_thread_id: topic }),
    ...(repliesTo === null ? {} : { reply_parameters: { message_id: repliesTo, allow_sending_without_reply: true } }),
    ...(keyboard === null
      ? {}
      : { reply_markup: { inline_keyboard: [[{ text: 'Acknowledge', callback_data: keyboard }]] } }),
    disable_notification: settings.disable_notification,
  }
  const answer = await callTelegram(settings, context, (api, signal) => api.sendMessage(to.chat, text, options, signal))
  if (!answer.ok) return answer.outcome
  const sent = sentMessage.safeParse(answer.result)
  return sent.success ? { chat: String(sent.data.chat.id), id: sent.data.message_id } : strangeAnswer
}

function textOptions(settings: TelegramSettings, context: ChannelContext) {
  return {
    ...(readStyle(settings, context).html ? { parse_mode: 'HTML' as const } : {}),
    link_preview_options: { is_disabled: settings.disable_preview },
  }
}

/** Puts the message in place of the last text of what was sent, and takes the button away. */
async function changeText(
  message: Message,
  _address: string | null,
  settings: TelegramSettings,
  context: ChannelContext,
): Promise<Outcome> {
  const before = readSent(context.sent)
  if (before === null) return lostMessage('it is not known which message was sent')
  const texts = renderTelegram(outlineMessage(message), { ...readStyle(settings, context), parts: before.count })
  const options = { ...textOptions(settings, context), reply_markup: { inline_keyboard: [] } }
  const answer = await callTelegram(settings, context, (api, signal) =>
    api.editMessageText(before.chat, before.last, texts.at(-1) ?? '', options, signal),
  )
  const changed = { chat_id: before.chat, message_id: String(before.last) }
  if (answer.ok) return { kind: 'delivered', remote: changed, statusCode: 200, text: `message ${before.last} changed` }
  const { outcome } = answer
  // The first try may have been heard although its answer was lost.
  if (/message is not modified/i.test(outcome.text)) {
    return { kind: 'delivered', remote: changed, statusCode: 400, text: `message ${before.last} says so already` }
  }
  return outcome.kind === 'retarget' ? lostMessage(`the message stayed behind: ${outcome.text}`) : outcome
}

function lostMessage(text: string): Outcome {
  return { kind: 'permanent', scope: 'message', statusCode: null, text }
}

/**
 * Takes the button of what was sent away, for there is nothing left to acknowledge. Whether that works changes nothing:
 * the message that it is over has arrived, and a press of the button is answered with how things stand.
 */
async function removeButton(settings: TelegramSettings, context: ChannelContext): Promise<void> {
  const before = readSent(context.sent)
  if (before === null || context.sent?.button === undefined) return
  await callTelegram(settings, context, (api, signal) =>
    api.editMessageReplyMarkup(before.chat, before.last, { reply_markup: { inline_keyboard: [] } }, signal),
  )
}
