import { z } from 'zod'
import { roles } from '../../domain/identity.js'
import { smtp } from './smtp.js'
import {
  baseUrl,
  cidr,
  duration,
  httpUrl,
  keyPart,
  listenAddress,
  name,
  networkRule,
  oneOrMore,
  path,
  size,
  waitDuration,
  waitDurationOrNone,
} from './values.js'

/** A span that something is kept for. */
const keepDuration = z.union([z.literal('forever'), duration])

const role = z.enum(roles)
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/)
  .describe('The name of a header.')

const proxyAuth = z
  .strictObject({
    from: z
      .array(cidr.refine((range) => !range.endsWith('/0'), 'with all addresses, anybody could say who they are'))
      .min(1)
      .max(100)
      .describe('Address ranges the proxy calls from. The headers of everybody else are ignored.'),
    user_header: headerName.describe('The header with the name of who signed in, such as Remote-User.'),
    role: role.optional().describe('The role of everybody the proxy lets through. Either this, or role_header.'),
    role_header: headerName.optional().describe('The header with the role, or with groups that "roles" translates.'),
    roles: z
      .record(z.string().min(1).max(200), role)
      .optional()
      .describe('What each value of role_header stands for. Default: the names of the roles themselves.'),
  })
  .refine((auth) => (auth.role === undefined) !== (auth.role_header === undefined), {
    error: 'proxy_auth has either "role" or "role_header"',
  })
  .refine((auth) => auth.roles === undefined || auth.role_header !== undefined, {
    error: '"roles" translates what "role_header" says, and there is none',
  })

const http = z.strictObject({
  listen: listenAddress.optional().describe('Where HTTP listens, host:port. Default 127.0.0.1:8025.'),
  public_url: baseUrl
    .optional()
    .describe('How people reach this server, such as https://alerts.example.com: for links in messages.'),
  trusted_proxies: z
    .array(cidr)
    .max(100)
    .optional()
    .describe('Address ranges of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Default: loopback.'),
  session: z
    .strictObject({
      idle: waitDuration.optional().describe('How long somebody stays signed in without being seen. Default 12h.'),
      max: waitDuration.optional().describe('How long somebody stays signed in at all. Default 7d.'),
    })
    .optional()
    .describe('How long signing in counts.'),
  proxy_auth: proxyAuth.optional().describe('A reverse proxy that signs people in says who they are.'),
})

export const server = z.strictObject({
  data: path.optional().describe('The folder for the store and everything else that lasts. Default ./data.'),
  store: z.string().min(1).optional().describe('sqlite, or postgres://user:pass@host/db. Default sqlite.'),
  hostname: z
    .string()
    .regex(/^[\p{L}\p{N}.-]{1,253}$/u)
    .optional()
    .describe('The name we greet with and sign mails with. Default: the name of the machine.'),
  min_free: size
    .optional()
    .describe('Free space of the disk under the data folder below which mails are put off (452). Default 256MB.'),
  smtp: smtp.optional().describe('The SMTP server that mails come in by.'),
  http: http.optional().describe('The HTTP server with the console and the API.'),
  retention: z
    .strictObject({
      mails: keepDuration.optional().describe('How long mails are kept; "forever" is allowed. Default 30d.'),
      deliveries: keepDuration.optional().describe('How long the record of deliveries is kept. Default 90d.'),
      max_size: z
        .union([z.literal('unlimited'), size])
        .optional()
        .describe('How large the stored mails may grow before the oldest go; "unlimited" is allowed. Default 20GB.'),
    })
    .optional()
    .describe('How long things are kept.'),
  network: z
    .strictObject({
      deny_private: z.boolean().optional().describe('Refuse private and link-local addresses. Default false.'),
      allow: z.array(networkRule).max(1_000).optional().describe('Ranges and hosts allowed in spite of other rules.'),
      deny: z.array(networkRule).max(1_000).optional().describe('Ranges and hosts never called.'),
    })
    .optional()
    .describe('What everything we fetch or post to may reach.'),
})

export const defaults = z.strictObject({
  retry: z
    .array(waitDuration)
    .max(50)
    .optional()
    .describe('The wait before each retry of a delivery. Default [1m, 5m, 15m, 30m, 1h].'),
  dedupe: z
    .strictObject({
      key: z
        .array(keyPart)
        .min(1)
        .max(20)
        .optional()
        .describe('What makes two notifications the same. Default [route, subject, recipients].'),
      for: waitDurationOrNone.optional().describe('For how long a repeat is suppressed. Default 0s: none is.'),
    })
    .optional()
    .describe('Suppresses repeats, in routes without a "dedupe" step of their own.'),
  retry_window: waitDuration
    .optional()
    .describe('How long a delivery is tried at all, whatever is left of the retries. Default 3d.'),
  on_error: z.enum(['send', 'hold']).optional().describe('What a route does when an action fails. Default send.'),
})

export const otherwise = z.strictObject({
  archive: z.boolean().optional().describe('Keep mails that no route matches. Default true.'),
  send: oneOrMore(name).optional().describe('The channel, or list of channels, for what is unrouted or undeliverable.'),
  reject: z
    .string()
    .regex(/^[45]\d\d(?: [\x20-\x7e]{1,400})?$/)
    .optional()
    .describe(
      'Refuse mails that no route matches, with this answer, such as "550 5.7.1 no route". Default: keep them.',
    ),
})

export const llm = z.strictObject({
  base_url: httpUrl.optional().describe('The OpenAI-compatible API. Default https://api.openai.com/v1.'),
  api_key: z.string().max(4_096).optional().describe(`The API key; best from "\${VAR}" or "\${file:…}".`),
  model: z.string().min(1).max(200).describe('The model that answers.'),
  timeout: waitDuration.optional().describe('How long an answer may take. Default 10s.'),
  max_calls_per_day: z
    .int()
    .min(0)
    .max(100_000_000)
    .optional()
    .describe('The budget; when spent, on_error decides. Default 2000.'),
})
