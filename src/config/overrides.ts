import type { IssueList } from './issues.js'
import { emptyMap, setEntry } from './merge.js'
import { createSourceFile, type ListNode, type MapNode, type ScalarNode } from './source.js'

/** Settings that flags and `MAILTRIGGER_*` variables put above the file. All are texts, in the forms the file takes. */
export interface ConfigOverrides {
  data?: string
  store?: string
  hostname?: string
  smtpListen?: string[]
  smtpImplicitTls?: string[]
  smtpTlsCert?: string
  smtpTlsKey?: string
  smtpAllow?: string[]
  smtpRecipients?: string[]
  smtpMaxSize?: string
  smtpMaxConnections?: string
  smtpMaxRecipients?: string
  httpListen?: string
  httpPublicUrl?: string
  httpTrustedProxies?: string[]
  httpSessionIdle?: string
  httpSessionMax?: string
  retentionMails?: string
  retentionDeliveries?: string
  retentionMaxSize?: string
  networkDenyPrivate?: string
  networkAllow?: string[]
  networkDeny?: string[]
}

type Form = 'text' | 'list' | 'number' | 'boolean'

interface Overridable {
  path: [string, ...string[]]
  variable: string
  form: Form
}

/** Each setting's place in the file and its variable. `MAILTRIGGER_SMTP_LISTEN` and other lists are separated by commas. */
export const overridableSettings: Record<keyof ConfigOverrides, Overridable> = {
  data: { path: ['server', 'data'], variable: 'MAILTRIGGER_DATA', form: 'text' },
  store: { path: ['server', 'store'], variable: 'MAILTRIGGER_STORE', form: 'text' },
  hostname: { path: ['server', 'hostname'], variable: 'MAILTRIGGER_HOSTNAME', form: 'text' },
  smtpListen: { path: ['server', 'smtp', 'listen'], variable: 'MAILTRIGGER_SMTP_LISTEN', form: 'list' },
  smtpImplicitTls: {
    path: ['server', 'smtp', 'implicit_tls'],
    variable: 'MAILTRIGGER_SMTP_IMPLICIT_TLS',
    form: 'list',
  },
  smtpTlsCert: { path: ['server', 'smtp', 'tls', 'cert'], variable: 'MAILTRIGGER_SMTP_TLS_CERT', form: 'text' },
  smtpTlsKey: { path: ['server', 'smtp', 'tls', 'key'], variable: 'MAILTRIGGER_SMTP_TLS_KEY', form: 'text' },
  smtpAllow: { path: ['server', 'smtp', 'allow'], variable: 'MAILTRIGGER_SMTP_ALLOW', form: 'list' },
  smtpRecipients: { path: ['server', 'smtp', 'recipients'], variable: 'MAILTRIGGER_SMTP_RECIPIENTS', form: 'list' },
  smtpMaxSize: { path: ['server', 'smtp', 'max_size'], variable: 'MAILTRIGGER_SMTP_MAX_SIZE', form: 'text' },
  smtpMaxConnections: {
    path: ['server', 'smtp', 'max_connections'],
    variable: 'MAILTRIGGER_SMTP_MAX_CONNECTIONS',
    form: 'number',
  },
  smtpMaxRecipients: {
    path: ['server', 'smtp', 'max_recipients'],
    variable: 'MAILTRIGGER_SMTP_MAX_RECIPIENTS',
    form: 'number',
  },
  httpListen: { path: ['server', 'http', 'listen'], variable: 'MAILTRIGGER_HTTP_LISTEN', form: 'text' },
  httpPublicUrl: {
    path: ['server', 'http', 'public_url'],
    variable: 'MAILTRIGGER_HTTP_PUBLIC_URL',
    form: 'text',
  },
  httpTrustedProxies: {
    path: ['server', 'http', 'trusted_proxies'],
    variable: 'MAILTRIGGER_HTTP_TRUSTED_PROXIES',
    form: 'list',
  },
  httpSessionIdle: {
    path: ['server', 'http', 'session', 'idle'],
    variable: 'MAILTRIGGER_HTTP_SESSION_IDLE',
    form: 'text',
  },
  httpSessionMax: {
    path: ['server', 'http', 'session', 'max'],
    variable: 'MAILTRIGGER_HTTP_SESSION_MAX',
    form: 'text',
  },
  retentionMails: { path: ['server', 'retention', 'mails'], variable: 'MAILTRIGGER_RETENTION_MAILS', form: 'text' },
  retentionDeliveries: {
    path: ['server', 'retention', 'deliveries'],
    variable: 'MAILTRIGGER_RETENTION_DELIVERIES',
    form: 'text',
  },
  retentionMaxSize: {
    path: ['server', 'retention', 'max_size'],
    variable: 'MAILTRIGGER_RETENTION_MAX_SIZE',
    form: 'text',
  },
  networkDenyPrivate: {
    path: ['server', 'network', 'deny_private'],
    variable: 'MAILTRIGGER_NETWORK_DENY_PRIVATE',
    form: 'boolean',
  },
  networkAllow: { path: ['server', 'network', 'allow'], variable: 'MAILTRIGGER_NETWORK_ALLOW', form: 'list' },
  networkDeny: { path: ['server', 'network', 'deny'], variable: 'MAILTRIGGER_NETWORK_DENY', form: 'list' },
}

/** Reads the `MAILTRIGGER_*` variables that are set and not empty. Flags are laid over the result by the caller. */
export function readOverrides(env: Record<string, string | undefined>): ConfigOverrides {
  const overrides: Record<string, string | string[]> = {}
  for (const [setting, { variable, form }] of Object.entries(overridableSettings)) {
    const value = env[variable]?.trim()
    if (!value) continue
    overrides[setting] =
      form === 'list'
        ? value
            .split(',')
            .map((one) => one.trim())
            .filter(Boolean)
        : value
  }
  return overrides
}

/** Lays the overrides over what the files say, as if a file named like the variable had said it. */
export function applyOverrides(root: MapNode, overrides: ConfigOverrides, folder: string, issues: IssueList): void {
  for (const [setting, { path, variable, form }] of Object.entries(overridableSettings)) {
    const value: unknown = Reflect.get(overrides, setting)
    if (value === undefined) continue
    const node = Array.isArray(value)
      ? listOf(value.map(String), variable, folder)
      : scalarOf(String(value), variable, folder, form)
    setAt(root, path, node, issues)
  }
}

function setAt(root: MapNode, path: readonly string[], node: ScalarNode | ListNode, issues: IssueList): void {
  let map = root
  for (const key of path.slice(0, -1)) {
    const next = map.entries.get(key)?.node ?? emptyMap(node)
    if (next.type !== 'map') {
      issues.error('wrong-type', `${key} has to be a map`, next)
      return
    }
    // A copy, because an alias elsewhere in the file may share the node.
    const copy: MapNode = {
      ...next,
      entries: new Map(next.entries),
      value: Object.assign(Object.create(null), next.value),
    }
    setEntry(map, key, { key: map.entries.get(key)?.key ?? node, node: copy })
    map = copy
  }
  setEntry(map, path.at(-1) ?? '', { key: node, node })
}

function scalarOf(text: string, variable: string, folder: string, form: Form): ScalarNode {
  const file = createSourceFile(variable, folder, text)
  const value =
    form === 'number' && /^\d+$/.test(text)
      ? Number(text)
      : form === 'boolean' && /^(?:true|false)$/.test(text)
        ? text === 'true'
        : text
  return {
    type: 'scalar',
    value,
    style: 'plain',
    written: text,
    pieces: [],
    incomplete: false,
    sizeNodes: 1,
    file,
    start: 0,
    end: text.length,
  }
}

function listOf(texts: string[], variable: string, folder: string): ListNode {
  const items = texts.map((text) => scalarOf(text, variable, folder, 'text'))
  const file = createSourceFile(variable, folder, texts.join(','))
  const value = texts.slice()
  return { type: 'list', value, items, flow: false, sizeNodes: 1 + items.length, file, start: 0, end: file.text.length }
}
