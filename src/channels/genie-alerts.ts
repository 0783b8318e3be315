import { z } from 'zod'
import type { ChannelContext, ChannelKind, HttpAnswer, Outcome, SetupGuide } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { callVendor, strangeAnswer } from './call-vendor.js'
import { cleanText, isVisible } from './clean-text.js'
import { cutText } from './cut-text.js'
import { dedupKey } from './dedup-key.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import { askRequest, judgeRequest } from './genie-request.js'
import { type OutcomeFacts, outcomeFromAnswer, permanentFromAnswer, tooLongFromAnswer } from './outcome-from-answer.js'
import { outlineLabels } from './outline-labels.js'
import { outlineLine, outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

/** Opsgenie, "Alert API", "Create alert": lengths in characters. */
const messageMax = 130
const descriptionMax = 15_000
const shortDescriptionMax = 1_000
const aliasMax = 512
const entityMax = 512
const detailsMax = 8_000
const noteMax = 25_000
const tagMax = 50
const tagsMax = 20
const respondersMax = 50

const responder = z
  .string()
  .max(200)
  .regex(/^(?:user|team|schedule|escalation):\S/, 'must look like user:tim@example.com or team:Operations')

const tag = z.string().trim().min(1).max(tagMax)

export const genieSettings = z.strictObject({
  api_key: z
    .string()
    .regex(/^[\x21-\x7e]{8,200}$/, 'must be the API key of an integration')
    .describe('The API key of an API integration.'),
  responders: z
    .array(responder)
    .max(respondersMax)
    .default([])
    .describe(
      'Whom to alert, beside those of the integration: user:tim@example.com, team:Operations, schedule:…, escalation:….',
    ),
  tags: z.array(tag).max(tagsMax).default([]).describe('Tags of every alert.'),
  base_url: baseUrl.optional().describe('Another root of the API, for a proxy.'),
})
type GenieSettings = z.infer<typeof genieSettings>

/** What is over has no priority: it closes the alert. */
const priorities: Record<Exclude<Severity, 'resolved'>, string> = {
  critical: 'P1',
  error: 'P2',
  warning: 'P3',
  info: 'P5',
}

/** A step of the guides of both. */
export const genieKeyStep = 'Copy its API key. It may create and close alerts, which is all that is needed.'

/** The alert API that Opsgenie had first and Jira Service Management took over, behind an address of its own. */
export function defineGenie<Settings extends GenieSettings>(given: {
  kind: string
  label: string
  description: string
  guide: SetupGuide
  settings: z.ZodType<Settings>
  root: (settings: Settings) => string
}): ChannelKind {
  const { root, ...names } = given
  const act = (action: 'acknowledge' | 'close', message: Message, settings: Settings, context: ChannelContext) => {
    const path = `/${encodeURIComponent(aliasOf(context))}/${action}?identifierType=alias`
    return call(`${root(settings)}/v2/alerts${path}`, renderAction(message), settings, context)
  }
  return defineChannel<Settings>({
    ...names,
    address: null,
    destination: (settings) => new URL(root(settings)).host,
    secrets: ['api_key'],
    capabilities: {
      textMax: descriptionMax,
      textUnit: 'utf16',
      dialect: 'plain',
      attachments: false,
      idempotent: true,
    },
    concurrency: 4,
    // The limits depend on the plan and the number of its users, and are told with each answer.
    rates: { channel: null, address: null },
    send(message, _address, settings, context) {
      const { severity } = message
      if (severity === 'resolved') return act('close', message, settings, context)
      const alert = renderAlert(message, priorities[severity], settings, context)
      return call(`${root(settings)}/v2/alerts`, alert, settings, context)
    },
    resolve: (message, _address, settings, context) => act('close', message, settings, context),
    updatesOnce: true,
    update: (message, _address, settings, context) => act('acknowledge', message, settings, context),
  })
}

function aliasOf({ sent, fingerprint }: ChannelContext): string {
  return dedupKey(sent?.alias || fingerprint, aliasMax)
}

/**
 * 202 says that the request is queued there, so what became of it is asked for. An alias that is open already only
 * counts up.
 */
async function call(
  url: string,
  json: Record<string, unknown>,
  { api_key }: GenieSettings,
  context: ChannelContext,
): Promise<Outcome> {
  const facts: OutcomeFacts = {
    now: context.now(),
    idempotent: true,
    waitScope: 'channel',
    waitHints: [{ header: 'x-ratelimit-period-in-sec', as: 'seconds' }],
    secrets: [api_key],
  }
  const headers = { authorization: `GenieKey ${api_key}` }
  const outcome = await callVendor({ url, headers, json }, context, facts, (answer) =>
    readAnswer(answer, context, facts),
  )
  const requestId = outcome.kind === 'accepted' ? outcome.remote.request_id : undefined
  if (outcome.kind !== 'accepted' || requestId === undefined) return outcome
  const root = url.slice(0, url.indexOf('/v2/alerts'))
  const status = await askRequest(`${root}/v2/alerts/requests/${encodeURIComponent(requestId)}`, headers, context)
  return judgeRequest(outcome, status, json.alias !== undefined, facts)
}

const queued = z.object({ requestId: z.string().max(200).optional() })

function readAnswer(answer: HttpAnswer, context: ChannelContext, facts: OutcomeFacts): Outcome {
  const outcome = outcomeFromAnswer(answer, facts)
  if (outcome.kind === 'accepted') {
    if (answer.status !== 202) return strangeAnswer('the alert API')
    const requestId = queued.safeParse(parseJson(answer.text)).data?.requestId
    const remote = { alias: aliasOf(context), ...(requestId === undefined ? {} : { request_id: requestId }) }
    return { ...outcome, remote }
  }
  if (answer.status === 413) return tooLongFromAnswer(answer, context.form, facts)
  // 402 is an account whose plan lacks the API; a key of the wrong form is 422 like a wrong field is.
  const isAboutChannel = answer.status === 402 || (answer.status === 422 && /key format/i.test(answer.text))
  return isAboutChannel ? permanentFromAnswer(answer, 'channel', facts) : outcome
}

function renderAlert(message: Message, priority: string, { responders, tags }: GenieSettings, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const short = context.form === 'short'
  const max = short ? shortDescriptionMax : descriptionMax
  const labels = outlineLabels(message.labels)
  return {
    message: cutText(outline.title, messageMax, 'utf16'),
    alias: aliasOf(context),
    description: composeText(outline, plainText, { max, unit: 'utf16', titled: false, short }),
    priority,
    source: 'MailTrigger',
    tags: [...new Set(tags)],
    responders: responders.map(readResponder),
    details: fitDetails({ from: outlineLine(message.from, 200), mail_id: message.mailId ?? '', ...labels }),
    ...(labels.host === undefined ? {} : { entity: cutText(labels.host, entityMax, 'utf16') }),
  }
}

/** Users are known by their mail address, all others by their name. */
function readResponder(text: string): Record<string, string> {
  const [type = '', ...rest] = text.split(':')
  const name = rest.join(':')
  return type === 'user' ? { type, username: name } : { type, name }
}

/** As many of them as fit, the first first: names and values count together. */
function fitDetails(details: Record<string, string>): Record<string, string> {
  let used = 0
  return Object.fromEntries(
    Object.entries(details).filter(([name, value]) => {
      if (!isVisible(value)) return false
      used += name.length + value.length
      return used <= detailsMax
    }),
  )
}

/** The last note says who acknowledged; without notes the text says how it ended. */
function renderAction(message: Message) {
  const note = cleanText(message.notes.at(-1) ?? message.text.slice(0, noteMax))
  return { user: 'MailTrigger', source: 'MailTrigger', note: cutText(note, noteMax, 'utf16') }
}
