import { z } from '@hono/zod-openapi'
import { areSettingsSmall } from '../../config/channel-settings.js'
import type { ChannelLine, ChatFinds } from '../../engine/channel-calls.js'
import type { ChannelDetail, RotatedKey } from '../../engine/stored-channel-calls.js'
import { Time } from './time.js'

const line = {
  name: z.string(),
  kind: z.string(),
  label: z.string().describe('The kind, for people.'),
  destination: z.string().nullable().describe('Its own place; null when it delivers to people.'),
  address_hint: z.string().nullable().describe('How an address of a person looks on it; null when people have none.'),
  paused: z
    .object({ until: Time.nullable().describe('Null for a pause that a person ends.'), reason: z.string() })
    .nullable(),
  buttons: z.string().nullable().describe('Why its buttons do not work at the moment; null when they do.'),
  origin: z.enum(['file', 'stored']).describe('`stored`: made while the server ran; the others stand in a file.'),
  problem: z.string().nullable().describe('Why it cannot be used, and what to do; null when it can.'),
  rate_limit: z.string().nullable().describe('At most so many in so long, as set or by the vendor: `30/1m`.'),
  daily_cap: z.int().nullable().describe('At most so many a day; null when there is no limit.'),
  has_links: z.boolean().describe('Whether people can link an address of theirs by opening a link.'),
  hears_chats: z.boolean().describe('Whether it can tell in which chats somebody wrote to it.'),
}

export const Channel = z.object(line).openapi('Channel') satisfies z.ZodType<ChannelLine>

const settings = z.record(z.string(), z.unknown())

/** Checked for its size here, so that what is too deep for a stack gets no further. */
export const EnteredSettings = settings
  .refine(areSettingsSmall, 'more than 64 KiB, or nested too deep')
  .describe('As in a file, beside `kind`: see the schema of the kind. Variables are not filled in.')

export const ChannelDetailAnswer = z
  .object({
    ...line,
    settings: settings.describe('Of a secret only that it is set: `•••`, which keeps it when it is given back.'),
    secrets: z.array(z.string()).describe('Dotted names of the settings that are secret.'),
    used_by: z.array(
      z.object({
        sort: z.enum(['route', 'person', 'job', 'monitor', 'otherwise', 'rule']),
        name: z.string().describe('Of a rule its id; empty for `otherwise`.'),
      }),
    ),
    created_at: Time.nullable().describe('Null for a channel of a file, as the next two.'),
    changed_at: Time.nullable(),
    changed_by: z.string().nullable(),
  })
  .openapi('ChannelDetail') satisfies z.ZodType<ChannelDetail>

export const ChatFindsAnswer = z
  .object({
    chats: z.array(
      z.object({
        address: z.string().describe('As addresses of the channel are written.'),
        title: z.string(),
        is_shared: z.boolean().describe('False for a chat with one person.'),
        heard_at: Time,
      }),
    ),
    until: Time.nullable().describe('Until when the channel listens for this; null when it does not.'),
    problem: z.string().nullable().describe('Why it hears nobody at the moment.'),
  })
  .openapi('ChatFinds') satisfies z.ZodType<ChatFinds>

const jsonSchema = z.record(z.string(), z.unknown())

export const ChannelKind = z
  .object({
    kind: z.string(),
    label: z.string(),
    description: z.string(),
    guide: z
      .object({ steps: z.array(z.string()), note: z.string().nullable() })
      .describe('How one gets what the settings ask for.'),
    settings: jsonSchema.describe('JSON Schema of its own settings.'),
    limits: jsonSchema.describe('JSON Schema of what a channel of any kind takes beside them.'),
    secrets: z.array(z.string()).describe('Dotted names of the settings that are sealed, and never shown.'),
    address_hint: z.string().nullable(),
    has_secret_addresses: z.boolean().describe('Whether only its owner and the vendor may know an address.'),
    capabilities: z.object({
      textMax: z.number(),
      textUnit: z.enum(['code_points', 'utf16', 'bytes', 'sms_segments']),
      dialect: z.string(),
      attachments: z.boolean(),
      idempotent: z.boolean(),
    }),
    acknowledged_by: z.enum(['link', 'button', 'vendor', 'nobody']),
    example: z.object({ settings: jsonSchema.describe('What is secret is null.'), address: z.string().nullable() }),
  })
  .openapi('ChannelKind')

/** What a vendor said to a test message. */
export const ChannelTest = z
  .union([
    z.object({ ok: z.literal(true), provider: z.string() }),
    z.object({
      ok: z.literal(false),
      error: z.string(),
      permanent: z.boolean().describe('It will not work by itself.'),
    }),
  ])
  .openapi('ChannelTest')

export const RotatedKeyAnswer = z
  .object({
    key_id: z.string().describe('Which key it is, and nothing of the key.'),
    channels: z.number().int().describe('How many channels were sealed anew.'),
  })
  .openapi('RotatedKey') satisfies z.ZodType<RotatedKey>
