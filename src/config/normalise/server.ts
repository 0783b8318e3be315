import { resolve } from 'node:path'
import type { HttpSettings, LlmSettings, ProxyAuthSettings, ServerSettings } from '../../domain/config.js'
import { roles } from '../../domain/identity.js'
import type { RawFile } from '../schema/routes-file.js'
import { collectSecret } from '../secrets.js'
import { childOf, keyPlaceAt, nodeAt, type Place } from '../source.js'
import { type Reading, refuseUnavailable, under } from './reading.js'
import { normaliseSmtp } from './smtp.js'
import { bytesOf, durationMs, readListen, resolvePath } from './values.js'

const dayMs = 86_400_000
const loopback = ['127.0.0.0/8', '::1/128']
const namedRoles = Object.fromEntries(roles.map((role) => [role, role]))

type RawHttp = NonNullable<NonNullable<RawFile['server']>['http']>
type RawProxyAuth = NonNullable<RawHttp['proxy_auth']>

/** `folder` is where the program was started: the data folder lies there unless the file or a flag says otherwise. */
export function normaliseServer(raw: RawFile['server'], reading: Reading, folder: string): ServerSettings {
  const node = childOf(reading.root, 'server') ?? reading.root
  checkStore(raw?.store, keyPlaceAt(node, ['store']), reading)
  return {
    dataFolder: raw?.data === undefined ? resolve(folder, 'data') : resolvePath(raw.data, under(node, 'data')),
    store: { type: 'sqlite' },
    freeBytesMin: bytesOf(raw?.min_free, 256e6),
    smtp: normaliseSmtp(raw?.smtp, under(node, 'smtp'), reading),
    http: normaliseHttp(raw?.http),
    retention: {
      mailsMs: keepMs(raw?.retention?.mails, 30 * dayMs),
      deliveriesMs: keepMs(raw?.retention?.deliveries, 90 * dayMs),
      sizeBytesMax: raw?.retention?.max_size === 'unlimited' ? null : bytesOf(raw?.retention?.max_size, 20e9),
    },
    network: {
      denyPrivate: raw?.network?.deny_private ?? false,
      allow: raw?.network?.allow ?? [],
      deny: raw?.network?.deny ?? [],
    },
  }
}

export function normaliseLlm(raw: RawFile['llm'], reading: Reading): LlmSettings | null {
  if (!raw) return null
  const key = nodeAt(reading.root, ['llm', 'api_key'])
  if (key) collectSecret(key, 'llm.api_key', reading)
  return {
    baseUrl: (raw.base_url ?? 'https://api.openai.com/v1').replace(/\/+$/, ''),
    apiKey: raw.api_key ?? '',
    model: raw.model,
    timeoutMs: durationMs(raw.timeout, 10_000),
    callsPerDayMax: raw.max_calls_per_day ?? 2_000,
  }
}

function normaliseHttp(raw: RawHttp | undefined): HttpSettings {
  return {
    listen: readListen(raw?.listen ?? '127.0.0.1:8025'),
    publicUrl: raw?.public_url?.replace(/\/+$/, '') ?? null,
    trustedProxies: raw?.trusted_proxies ?? loopback,
    session: { idleMs: durationMs(raw?.session?.idle, dayMs / 2), maxMs: durationMs(raw?.session?.max, 7 * dayMs) },
    proxyAuth: raw?.proxy_auth ? normaliseProxyAuth(raw.proxy_auth) : null,
  }
}

function normaliseProxyAuth({ from, user_header, role, role_header, roles }: RawProxyAuth): ProxyAuthSettings {
  return {
    from,
    userHeader: user_header.toLowerCase(),
    // Without a role there is a header: the schema has seen to it.
    role:
      role === undefined
        ? { type: 'header', header: (role_header ?? '').toLowerCase(), roles: roles ?? namedRoles }
        : { type: 'fixed', role },
  }
}

function checkStore(store: string | undefined, place: Place, reading: Reading): void {
  if (store === undefined || store === 'sqlite') return
  if (/^postgres(?:ql)?:\/\//.test(store)) {
    refuseUnavailable('postgres', place, reading)
    return
  }
  reading.issues.error('unknown-value', 'server.store is no store we know', place, 'write "store: sqlite"')
}

function keepMs(text: string | undefined, fallbackMs: number): number | null {
  return text === 'forever' ? null : durationMs(text, fallbackMs)
}
