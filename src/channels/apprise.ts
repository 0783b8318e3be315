import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { hideUrls, runApprise } from './apprise-command.js'
import { findDeniedHost } from './apprise-hosts.js'
import { callVendor, strangeAnswer } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import {
  type OutcomeFacts,
  outcomeFromAnswer,
  permanentFromAnswer,
  tooLongFromAnswer,
  transientFromAnswer,
} from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { redactText } from './redact-text.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

/**
 * Apprise hands most texts on as they are, and a service refuses what is too long for it. So many characters are taken
 * by nearly all of its chats.
 */
const textMaxDefault = 2_000
const shortTextMax = 500

const serviceUrl = z
  .string()
  .max(2_000)
  .regex(/^[a-z][a-z0-9+.-]{1,20}:\/\/[^\s,]+$/i, 'must be an Apprise URL like tgram://…, without spaces or commas')

const settings = z
  .strictObject({
    base_url: baseUrl.optional().describe('The root of an Apprise API server.'),
    config_key: z
      .string()
      .regex(/^[\w-]{1,128}$/, 'must be the key of a configuration')
      .optional()
      .describe('The configuration kept by that server.'),
    // By its name nothing else can be started through this setting.
    command: z
      .string()
      .max(1_000)
      .regex(/^(?:\/[^\0]*\/)?apprise$/, 'must be apprise, or an absolute path that ends in /apprise')
      .optional()
      .describe(
        'The command line tool instead of a server: apprise, or where it lies. The network policy sees the hosts in `urls` only; what the tool connects to by itself, it does not.',
      ),
    urls: z
      .array(serviceUrl)
      .min(1)
      .max(20)
      .optional()
      .describe('Apprise URLs; without them, the configuration of server or tool.'),
    tag: z
      .string()
      .regex(/^[\w-][\w, -]{0,199}$/, 'must be a tag, or several with commas')
      .optional()
      .describe('Which URLs of the configuration.'),
    text_max: z
      .number()
      .int()
      .min(200)
      .max(30_000)
      .default(textMaxDefault)
      .describe('What the services behind it take, in characters.'),
  })
  .refine(
    ({ base_url, command }) => (base_url === undefined) !== (command === undefined),
    'needs either base_url or command',
  )
  .refine(
    ({ base_url, config_key, urls }) => base_url === undefined || (config_key === undefined) !== (urls === undefined),
    {
      message: 'with base_url, either config_key or urls says whom to notify',
      path: ['config_key'],
    },
  )
  .refine(({ config_key, base_url }) => config_key === undefined || base_url !== undefined, {
    message: 'only a server has keys',
    path: ['config_key'],
  })
  .refine(({ tag, urls }) => tag === undefined || urls === undefined, {
    message: 'tags choose from a configuration; urls are all notified',
    path: ['tag'],
  })
type Settings = z.infer<typeof settings>

const types: Record<Severity, string> = {
  critical: 'failure',
  error: 'failure',
  warning: 'warning',
  info: 'info',
  resolved: 'success',
}

/**
 * The bridge to the services only Apprise knows, through an Apprise API server or its command line tool. It says only
 * whether all went well: when one of several services fails, all of them are notified again. The tool is outside of the
 * network policy but for what `findDeniedHost` can tell before it runs.
 */
export const apprise = defineChannel<Settings>({
  kind: 'apprise',
  label: 'Apprise',
  description: 'Hands messages to Apprise, for the many services only it knows.',
  guide: {
    steps: [
      'Run the Apprise API server and enter its address with the key of a configuration kept there; or install the tool and enter `apprise`.',
      'Or enter URLs of Apprise itself, one for each service.',
    ],
    note: 'Apprise does not say which of several services failed, and tells some failures as successes: a kind of its own is better where there is one.',
  },
  settings,
  address: null,
  destination: ({ base_url, command, tag }) => {
    const place = base_url === undefined ? (command ?? 'apprise') : new URL(base_url).host
    return tag === undefined ? place : `${place} (${tag})`
  },
  secrets: ['config_key', 'urls'],
  capabilities: {
    textMax: textMaxDefault,
    textUnit: 'code_points',
    dialect: 'plain',
    attachments: false,
    idempotent: false,
  },
  example: { settings: { base_url: 'https://apprise.example.org', config_key: null, tag: 'devops' } },
  concurrency: 4,
  rates: { channel: null, address: null },
  async send(message, _address, settings, context) {
    const notice = renderNotice(message, settings, context)
    const secrets = secretsOf(settings)
    const { command, urls = [] } = settings
    if (command === undefined) return post(notice, settings, secrets, context)
    const denied = await findDeniedHost(urls, context)
    if (denied === null) return runApprise(command, notice, { urls, secrets }, context.signal)
    return { kind: 'permanent', scope: 'channel', statusCode: null, text: redactText(denied, secrets) }
  },
})

function renderNotice(message: Message, { text_max, tag }: Settings, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const short = context.form === 'short'
  const max = short ? Math.min(shortTextMax, text_max) : text_max
  return {
    title: outline.title,
    body: composeText(outline, plainText, { max, unit: 'code_points', titled: false, short }),
    type: types[message.severity],
    ...(tag === undefined ? {} : { tag }),
  }
}

async function post(
  notice: ReturnType<typeof renderNotice>,
  { base_url, config_key, urls }: Settings,
  secrets: string[],
  context: ChannelContext,
): Promise<Outcome> {
  const facts: OutcomeFacts = { now: context.now(), idempotent: false, waitScope: 'channel', secrets }
  const call = {
    url: `${base_url}/notify${config_key === undefined ? '' : `/${config_key}`}`,
    headers: { accept: 'application/json' },
    json: { ...notice, format: 'text', ...(urls === undefined ? {} : { urls }) },
  }
  return callVendor(call, context, facts, (answer) => readAnswer(answer, context, facts))
}

/**
 * 204 is success of nothing: the key is unknown, or no URL fits the tag. 424 is that at least one service failed, and
 * not which (Apprise API, "API details").
 */
function readAnswer(given: HttpAnswer, { form }: ChannelContext, facts: OutcomeFacts): Outcome {
  const answer = { ...given, text: hideUrls(given.text) }
  const { status } = answer
  if (status === 204) {
    const text = 'nobody was notified: Apprise knows no URL for this key and tag'
    return { kind: 'permanent', scope: 'channel', statusCode: status, text }
  }
  if (status > 200 && status < 300) return strangeAnswer('Apprise')
  if (status === 424) return transientFromAnswer(answer, { ...facts, waitScope: 'delivery' })
  if (status === 413 || status === 431) return tooLongFromAnswer(answer, form, facts)
  // No other message would get further through too many servers, or to a path that is not there.
  if (status === 404 || status === 405 || status === 406) return permanentFromAnswer(answer, 'channel', facts)
  return outcomeFromAnswer(answer, facts)
}

/** Whole URLs, and each part of them: Apprise's own words repeat a host here and a token there. */
function secretsOf({ config_key, urls = [] }: Settings): string[] {
  const parts = urls.flatMap((url) => url.split(/[/:@?&=]+/)).filter((part) => part.length >= 8)
  return [...(config_key === undefined ? [] : [config_key]), ...urls, ...parts]
}
