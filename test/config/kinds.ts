import { z } from 'zod'
import { type LoadedConfig, type ParseOptions, parseConfig } from '#src/config/load.js'
import type { ChannelKind } from '#src/domain/channel.js'
import { ConfigError, type ConfigIssue } from '#src/domain/errors.js'

const capabilities = {
  textMax: 100,
  textUnit: 'bytes',
  dialect: 'plain',
  attachments: false,
  idempotent: false,
} as const

function kindOf(
  kind: Pick<ChannelKind, 'kind' | 'settings' | 'address' | 'secrets' | 'destination' | 'listen'>,
): ChannelKind {
  return {
    ...kind,
    label: kind.kind.charAt(0).toUpperCase() + kind.kind.slice(1),
    description: `Sends by ${kind.kind}.`,
    guide: { steps: [], note: null },
    capabilities,
    concurrency: 1,
    rates: { channel: null, address: null },
    send: async () => ({ kind: 'delivered', remote: {}, statusCode: null, text: 'ok' }),
  }
}

/** Small kinds of our own: these tests are about config, not about vendors. */
export const testKinds: readonly ChannelKind[] = [
  kindOf({
    kind: 'telegram',
    settings: z.strictObject({
      bot_token: z.string().min(3),
      chat_id: z.string().optional(),
      silent: z.boolean().default(false),
      base_url: z.string().default('https://api.telegram.org'),
    }),
    address: { schema: z.string().regex(/^-?\d+(?::\d+)?$/), hint: 'a chat id, or chat:topic' },
    secrets: ['bot_token'],
    destination: (settings) => readText(settings, 'chat_id'),
  }),
  kindOf({
    kind: 'slack',
    settings: z.strictObject({ webhook_url: z.url() }),
    address: null,
    secrets: ['webhook_url'],
    destination: () => 'hooks.slack.com',
  }),
  kindOf({
    kind: 'email',
    settings: z.strictObject({
      host: z.string().min(1),
      port: z.number().int().default(25),
      auth: z.strictObject({ user: z.string(), password: z.string() }).optional(),
    }),
    address: { schema: z.string().includes('@'), hint: 'a mail address' },
    secrets: ['auth.password'],
    destination: () => null,
  }),
]

function readText(settings: unknown, key: string): string | null {
  const value: unknown = typeof settings === 'object' && settings !== null ? Reflect.get(settings, key) : null
  return typeof value === 'string' ? value : null
}

export const folder = '/etc/mailtrigger'

export function testOptions(changes: Partial<ParseOptions> = {}): ParseOptions {
  return {
    overrides: {},
    env: {},
    kinds: testKinds,
    checkPattern: (pattern) => (pattern.includes('(((') ? 'missing closing )' : null),
    checkSchedule: () => null,
    hostname: 'gateway.test',
    folder,
    readSecretFile: () => {
      throw new Error('there is no such file')
    },
    fileExists: () => true,
    ...changes,
  }
}

export function parse(text: string, changes: Partial<ParseOptions> = {}): LoadedConfig {
  return parseConfig([{ file: 'routes.yaml', text }], testOptions(changes))
}

/** All issues of a text, whether or not it could be used. */
export function issuesOf(text: string, changes: Partial<ParseOptions> = {}): ConfigIssue[] {
  return issuesOfFiles([{ file: 'routes.yaml', text }], changes)
}

export function issuesOfFiles(
  files: { file: string; text: string }[],
  changes: Partial<ParseOptions> = {},
): ConfigIssue[] {
  try {
    return parseConfig(files, testOptions(changes)).warnings
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
}

/** `code line:column`, for tables. */
export function shortly(issues: ConfigIssue[]): string[] {
  return issues.map(({ code, position }) => (position ? `${code} ${position.line}:${position.column}` : code))
}

/** A file that is right, to which tests add what they are about. */
export const base = `version: 1
channels:
  telegram: { kind: telegram, bot_token: "\${TOKEN:-123456:abc}" }
people:
  tim@mailtrigger.app: { telegram: "111111" }
`
