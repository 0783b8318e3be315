import type { ChannelContext, ListenContext, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { wrongAddress } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import { fillTemplate } from './dialects/whatsapp-template.js'
import { outlineMessage } from './outline-message.js'
import { phoneHint, phoneNumber, readPhoneNumber } from './phone-number.js'
import { createAtTwilio, twilioSecrets, twilioUrl } from './twilio-api.js'
import { canHearTwilio } from './twilio-hook.js'
import { untilAborted } from './wait.js'
import { type CloudContent, sendByCloud } from './whatsapp-cloud.js'
import { cloudListenKey, cloudUrl, takeCloudCall } from './whatsapp-hook.js'
import { isSessionOpen, placeOf } from './whatsapp-session.js'
import { type WhatsappSettings, whatsappSettings } from './whatsapp-settings.js'
import { takeWhatsappTwilioCall } from './whatsapp-twilio-hook.js'
import { withAckLink } from './with-ack-link.js'

/** A template has 1,024 characters once it is filled in; its own words want room, too. */
const valuesMax = 900
const valuesShortMax = 300
/** Twilio takes fewer than Meta does, and Meta takes fewer above a button. */
const textMax = { meta: 4_096, metaWithButton: 1_024, twilio: 1_600 }

export const whatsapp = defineChannel<WhatsappSettings>({
  kind: 'whatsapp',
  label: 'WhatsApp',
  description: "Sends WhatsApp messages by approved templates, through Meta's Cloud API or Twilio.",
  guide: {
    steps: [
      'At Meta: make an app with WhatsApp at developers.facebook.com, and add your number. Its page shows the phone number id.',
      'Make a system user with a token that may `whatsapp_business_messaging`, and copy it: tokens of the first page end after a day.',
      'Have a template of the category utility approved, with as many variables as you name under parameters.',
      'To hear of buttons and results, enter `/hooks/<channel>` of this server as the app’s webhook, with the verify token.',
      'At Twilio instead: the account, its token, the sender’s number, and the content id of the template (HX…).',
    ],
    note: 'Who has not written to you within 24 hours gets nothing but approved templates.',
  },
  settings: whatsappSettings,
  address: { schema: phoneNumber, hint: phoneHint },
  destination: ({ to }) => to ?? null,
  secrets: ['access_token', 'app_secret', 'verify_token', ...twilioSecrets],
  capabilities: { textMax: valuesMax, textUnit: 'utf16', dialect: 'plain', attachments: false, idempotent: false },
  example: {
    settings: { access_token: null, phone_number_id: '106540352242922', template_name: 'alert' },
    address: '+4915112345678',
  },
  concurrency: 8,
  // Meta, "Throughput" and "Pair rate limits": 80 messages a second, and one in six seconds to one recipient.
  rates: { channel: { count: 80, perMs: 1_000 }, address: { count: 1, perMs: 6_000 } },
  async send(message, address, settings, context): Promise<Outcome> {
    const to = readPhoneNumber(settings.to ?? address)
    if (to === null) return wrongAddress('the address is not a phone number')
    const template = await chooseTemplate(to, settings, context)
    const send = settings.provider === 'twilio' ? sendByTwilio : sendByMeta
    return send(message, to, template, settings, context)
  },
  // At Meta all numbers of an app have one webhook, so that the hook of one channel hears for all of them.
  listenKey: cloudListenKey,
  async listen(settings, context) {
    const isLost = settings.app_secret !== undefined && context.hookUrl === null
    context.onProblem(isLost ? 'buttons need `server.http.public_url`, which WhatsApp can call' : null)
    await untilAborted(context.signal)
  },
  hearsResults: (settings) =>
    settings.provider === 'meta' ? settings.app_secret !== undefined : canHearTwilio(settings),
  takeHook: (call, settings, context) =>
    settings.provider === 'meta'
      ? takeCloudCall(call, settings, context)
      : takeWhatsappTwilioCall(call, settings, context),
})

/** Free text within a session, and where there is nothing else; a template is the plain form. */
async function chooseTemplate(to: string, settings: WhatsappSettings, context: ChannelContext): Promise<string | null> {
  const { session, template_name } = settings
  if (template_name === undefined) return null
  if (session === 'never' || context.form !== 'full') return template_name
  const isOpen = await isSessionOpen(placeOf(to, settings), context)
  // Whom we would have heard has not written. Where nobody hears, the answer to the free text tells.
  return (isOpen ?? !hearsButtons(settings, context)) ? null : template_name
}

function sendByMeta(
  message: Message,
  to: string,
  template: string | null,
  settings: WhatsappSettings,
  context: ChannelContext,
): Promise<Outcome> {
  const { access_token: accessToken = '', phone_number_id: phoneNumberId = '', language } = settings
  const secrets = [settings.app_secret, settings.verify_token]
  const account = { accessToken, phoneNumberId, apiVersion: settings.api_version, baseUrl: cloudUrl(settings), secrets }
  const button = findButton(settings, context)
  if (template === null) {
    const text = renderText(message, button === null ? 'meta' : 'metaWithButton', button, context)
    return sendByCloud(to, { text, button }, account, context)
  }
  const shown = settings.template_button ? button : null
  const values = renderValues(message, settings, shown, context)
  const content: CloudContent = { template, language, values, button: templateButton(settings, shown, context) }
  return sendByCloud(to, content, account, context)
}

/** What the button carries, or null when there is nothing to acknowledge or nobody would hear it. */
function findButton(settings: WhatsappSettings, context: ChannelContext): string | null {
  return context.ack !== null && hearsButtons(settings, context) ? context.ack.data : null
}

/** A template that has a button has it always: where there is nothing to acknowledge, it carries words of no meaning. */
function templateButton({ template_button }: WhatsappSettings, button: string | null, context: ChannelContext) {
  return template_button ? (button ?? `none:${context.deliveryId}`.slice(0, 128)) : null
}

function sendByTwilio(
  message: Message,
  to: string,
  template: string | null,
  settings: WhatsappSettings,
  context: ChannelContext,
): Promise<Outcome> {
  const addresses = { To: `whatsapp:${to}`, From: `whatsapp:${readPhoneNumber(settings.from) ?? ''}` }
  const account = { ...settings, base_url: settings.base_url ?? twilioUrl }
  if (template === null) {
    const body = { ...addresses, Body: renderText(message, 'twilio', null, context) }
    return createAtTwilio('Messages', body, account, context)
  }
  const values = renderValues(message, settings, null, context).map((value, index) => [String(index + 1), value])
  const content = { ContentSid: template, ContentVariables: JSON.stringify(Object.fromEntries(values)) }
  return createAtTwilio('Messages', { ...addresses, ...content }, account, context)
}

function renderText(
  message: Message,
  room: keyof typeof textMax,
  button: string | null,
  context: ChannelContext,
): string {
  const outline = outlineMessage(button === null ? withAckLink(message, context) : message)
  const short = context.form === 'short'
  return composeText(outline, plainText, { max: textMax[room], unit: 'utf16', short })
}

function renderValues(
  message: Message,
  { parameters }: WhatsappSettings,
  button: string | null,
  context: ChannelContext,
): string[] {
  const max = context.form === 'short' ? valuesShortMax : valuesMax
  const outline = outlineMessage(button === null ? withAckLink(message, context) : message)
  return fillTemplate(parameters, outline, message, max)
}

/** At Twilio buttons belong to templates of its own, so links acknowledge there. */
function hearsButtons(
  { provider, app_secret }: WhatsappSettings,
  { hookUrl }: Pick<ListenContext, 'hookUrl'>,
): boolean {
  return provider === 'meta' && app_secret !== undefined && hookUrl !== null
}
