import type { SenderLimits, SmtpSettings, SmtpTls, SmtpUser } from '../../domain/smtp-settings.js'
import { parseRate } from '../rate.js'
import type { RawFile } from '../schema/routes-file.js'
import { collectSecret } from '../secrets.js'
import { nodeAt, type SourceNode } from '../source.js'
import { type Reading, under } from './reading.js'
import { bytesOf, durationMs, listenAddresses, resolvePath } from './values.js'

type RawSmtp = NonNullable<NonNullable<RawFile['server']>['smtp']>
type RawUser = NonNullable<RawSmtp['users']>[number]

const loopback = ['127.0.0.0/8', '::1/128']

export function normaliseSmtp(raw: RawSmtp | undefined, node: SourceNode, reading: Reading): SmtpSettings {
  checkUsers(raw, node, reading)
  return {
    listen: listenAddresses(raw?.listen ?? '127.0.0.1:2525', node),
    implicitTls: raw?.implicit_tls === undefined ? [] : listenAddresses(raw.implicit_tls, node),
    tls: normaliseTls(raw?.tls, under(node, 'tls'), reading),
    allow: raw?.allow ?? loopback,
    insecureAuth: raw?.insecure_auth ?? false,
    users: (raw?.users ?? []).map(normaliseUser),
    recipients: lowerCase(raw?.recipients),
    sizeBytesMax: bytesOf(raw?.max_size, 25e6),
    connectionsMax: raw?.max_connections ?? 500,
    recipientsMax: raw?.max_recipients ?? 100,
    clientLimits: { connectionsMax: 50, mails: null, mailsPerDayMax: null, ...readLimits(raw?.client_limits) },
    userLimits: { connectionsMax: null, mails: null, mailsPerDayMax: null, ...readLimits(raw?.user_limits) },
    proxyProtocol: raw?.proxy_protocol ?? [],
    xclient: raw?.xclient ?? [],
    senderAuth: raw?.sender_auth
      ? {
          policy: raw.sender_auth.policy ?? 'none',
          resolvers: raw.sender_auth.resolvers ?? [],
          timeoutMs: durationMs(raw.sender_auth.timeout, 5_000),
        }
      : null,
  }
}

function checkUsers(raw: RawSmtp | undefined, node: SourceNode, reading: Reading): void {
  const known = new Set<string>()
  for (const [index, user] of (raw?.users ?? []).entries()) {
    const password = nodeAt(node, ['users', index, 'password'])
    if (password) collectSecret(password, `the password of ${user.name}`, reading)
    const place = nodeAt(node, ['users', index, 'name'])
    if (place && known.has(user.name)) {
      reading.issues.error('duplicate-name', `there are two users ${JSON.stringify(user.name)}`, place)
    }
    known.add(user.name)
    const certificate = nodeAt(node, ['users', index, 'certificate'])
    if (certificate && raw?.tls?.client_ca === undefined) {
      const hint = 'name the authority that signs such certificates under server.smtp.tls.client_ca'
      reading.issues.error('no-client-ca', 'no client certificate is asked for', certificate, hint)
    }
  }
}

function normaliseUser(raw: RawUser): SmtpUser {
  return {
    name: raw.name,
    password: raw.password ?? null,
    certificate: raw.certificate?.toLowerCase() ?? null,
    senders: lowerCase(raw.senders),
    recipients: lowerCase(raw.recipients),
    limits: readLimits(raw.limits),
  }
}

/** Only what is said, so that it can stand before something else. */
function readLimits(raw: RawSmtp['client_limits']): Partial<SenderLimits> {
  const { connections, rate, per_day } = raw ?? {}
  return {
    ...(connections === undefined ? {} : { connectionsMax: connections }),
    ...(rate === undefined ? {} : { mails: parseRate(rate) }),
    ...(per_day === undefined ? {} : { mailsPerDayMax: per_day }),
  }
}

function normaliseTls(raw: RawSmtp['tls'], node: SourceNode, reading: Reading): SmtpTls {
  const { cert, key, client_ca, min_version = '1.2' } = raw ?? {}
  const find = (name: 'cert' | 'key' | 'client_ca', path: string): string => findFile(path, under(node, name), reading)
  return {
    pair: cert === undefined || key === undefined ? null : { cert: find('cert', cert), key: find('key', key) },
    versionMin: `TLSv${min_version}`,
    clientCa: client_ca === undefined ? null : find('client_ca', client_ca),
  }
}

function findFile(path: string, place: SourceNode, reading: Reading): string {
  const resolved = resolvePath(path, place)
  if (!reading.fileExists(resolved)) {
    reading.issues.error('missing-file', `there is no file ${path}`, place, `looked for ${resolved}`)
  }
  return resolved
}

function lowerCase(globs: string[] | undefined): string[] | null {
  return globs?.map((glob) => glob.toLowerCase()) ?? null
}
