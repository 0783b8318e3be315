import { resolve } from 'node:path'
import type {
  HttpSettings,
  ListenAddress,
  LlmSettings,
  ProxyAuthSettings,
  ServerSettings,
  SmtpSettings,
} from '../../domain/config.js'
import { roles } from '../../domain/identity.js'
import { parseDuration, parseSize } from '../../domain/units.js'
import { parseListen } from '../listen.js'
import type { RawFile } from '../schema/routes-file.js'
import { collectSecret } from '../secrets.js'
import { childOf, keyPlaceAt, nodeAt, type Place, type SourceNode } from '../source.js'
import { listOf, type Reading, refuseUnavailable, under } from './reading.js'

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

export function durationMs(text: string | undefined, fallbackMs: number): number {
  return (text === undefined ? null : parseDuration(text)) ?? fallbackMs
}

export function durationsMs(texts: string[]): number[] {
  return texts.map((text) => durationMs(text, 0))
}

/** Relative to the folder of the file that names it. */
export function resolvePath(path: string, node: SourceNode): string {
  return resolve(node.file.folder, path)
}

function normaliseSmtp(raw: NonNullable<RawFile['server']>['smtp'], node: SourceNode, reading: Reading): SmtpSettings {
  for (const [index, user] of (raw?.users ?? []).entries()) {
    const password = nodeAt(node, ['users', index, 'password'])
    if (password) collectSecret(password, `the password of ${user.name}`, reading)
  }
  return {
    listen: listenAddresses(raw?.listen ?? '127.0.0.1:2525', node),
    implicitTls: raw?.implicit_tls === undefined ? [] : listenAddresses(raw.implicit_tls, node),
    tls: raw?.tls ? tlsFiles(raw.tls, under(node, 'tls'), reading) : null,
    allow: raw?.allow ?? loopback,
    users: raw?.users ?? [],
    recipients: raw?.recipients?.map((glob) => glob.toLowerCase()) ?? null,
    sizeBytesMax: bytesOf(raw?.max_size, 25e6),
    connectionsMax: raw?.max_connections ?? 500,
    recipientsMax: raw?.max_recipients ?? 100,
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

function tlsFiles(
  raw: { cert: string; key: string },
  node: SourceNode,
  reading: Reading,
): { cert: string; key: string } {
  const resolved = { cert: '', key: '' }
  for (const part of ['cert', 'key'] as const) {
    const place = under(node, part)
    resolved[part] = resolvePath(raw[part], place)
    if (reading.fileExists(resolved[part])) continue
    reading.issues.error('missing-file', `there is no file ${raw[part]}`, place, `looked for ${resolved[part]}`)
  }
  return resolved
}

function checkStore(store: string | undefined, place: Place, reading: Reading): void {
  if (store === undefined || store === 'sqlite') return
  if (/^postgres(?:ql)?:\/\//.test(store)) {
    refuseUnavailable('postgres', place, reading)
    return
  }
  reading.issues.error('unknown-value', 'server.store is no store we know', place, 'write "store: sqlite"')
}

function listenAddresses(raw: string | string[], node: SourceNode): ListenAddress[] {
  return listOf(raw, node).map(({ value }) => readListen(value))
}

/** The schema has let through only what can be read. */
function readListen(text: string): ListenAddress {
  const address = parseListen(text)
  if (!address) throw new Error(`the schema accepted the listen address ${text}`)
  return address
}

function keepMs(text: string | undefined, fallbackMs: number): number | null {
  return text === 'forever' ? null : durationMs(text, fallbackMs)
}

function bytesOf(text: string | undefined, fallback: number): number {
  return (text === undefined ? null : parseSize(text)) ?? fallback
}
