import type { Channel } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import { hideSecrets } from '../domain/secrets.js'

const mask = '•••'

/**
 * The config as it works, for people: defaults filled in, places in files left out, and every secret shown as `•••`,
 * both the settings that are secret and the values that came from variables and files.
 */
export function redactConfig(config: Config): unknown {
  const { secrets, server, llm, channels, lookups, ...rest } = config
  const open = {
    ...rest,
    server: {
      ...server,
      smtp: { ...server.smtp, users: server.smtp.users.map((user) => ({ ...user, password: mask })) },
    },
    llm: llm && { ...llm, apiKey: llm.apiKey === '' ? '' : mask },
    channels: mapValues(channels, redactChannel),
    lookups: mapValues(lookups, ({ source, ...lookup }) => ({
      ...lookup,
      source:
        source.type === 'http'
          ? { ...source, url: hideUrlSecrets(source.url), headers: mapValues(source.headers, () => mask) }
          : source,
    })),
  }
  return hideValues(open, secrets)
}

/** The settings of one channel, in the same way. */
export function redactSettings({ kind, settings }: Channel, secrets: readonly string[]): Record<string, unknown> {
  const copy: unknown = structuredClone(settings)
  for (const secret of kind.secrets) maskPath(copy, secret.split('.'))
  return { ...(hideValues(copy, secrets) as object) }
}

function redactChannel({ kind, settings, destination, limits, template }: Channel): unknown {
  const copy: unknown = structuredClone(settings)
  for (const secret of kind.secrets) maskPath(copy, secret.split('.'))
  return { kind: kind.kind, destination, settings: copy, limits, template }
}

function maskPath(value: unknown, [key, ...rest]: string[]): void {
  if (typeof value !== 'object' || value === null || key === undefined || !Object.hasOwn(value, key)) return
  if (rest.length > 0) maskPath(Reflect.get(value, key), rest)
  else Reflect.set(value, key, mask)
}

/** Credentials and query values; the host and path are what a person looks for. */
function hideUrlSecrets(text: string): string {
  const url = new URL(text)
  if (url.password) url.password = mask
  for (const key of [...url.searchParams.keys()]) url.searchParams.set(key, mask)
  return decodeURI(url.href).replaceAll('%E2%80%A2%E2%80%A2%E2%80%A2', mask)
}

function hideValues(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return hideSecrets(value, secrets)
  if (Array.isArray(value)) return value.map((item) => hideValues(item, secrets))
  if (typeof value !== 'object' || value === null) return value
  const shown = Object.entries(value).filter(([key, inner]) => key !== 'position' || !isPosition(inner))
  return Object.fromEntries(shown.map(([key, inner]) => [key, hideValues(inner, secrets)]))
}

function isPosition(value: unknown): boolean {
  return value === null || (typeof value === 'object' && 'file' in value && 'line' in value && 'column' in value)
}

function mapValues<From, To>(record: Record<string, From>, convert: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value)]))
}
