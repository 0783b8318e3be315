import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { spf } from 'mailauth/lib/spf/index.js'
import type { AuthVerdict, Envelope } from '../domain/mail.js'
import { authVerdicts } from '../domain/mail.js'
import { type Finding, found } from './finding.js'
import type { ResolveRecords } from './resolver.js'

export interface SpfFinding extends Finding {
  /** The domain that was asked, in ASCII: that of MAIL FROM, or of HELO for bounces (RFC 7208, 2.4). */
  domain: string
}

/**
 * May this client send for the domain of MAIL FROM? Ten lookups, two of them void, and ten addresses of each MX are
 * mailauth's limits, those of RFC 7208, 4.6.4.
 * @param hostname ours, for macros.
 */
export async function checkSpf(envelope: Envelope, resolve: ResolveRecords, hostname: string): Promise<SpfFinding> {
  const { client } = envelope
  const at = envelope.from.lastIndexOf('@')
  const written = at === -1 ? envelope.helo : envelope.from.slice(at + 1)
  const domain = domainToASCII(written.trim().replace(/\.$/, '')).toLowerCase()
  if (isIP(client) === 0) return { ...found('none', 'the client has no IP address'), domain }
  if (!domain.includes('.') || isIP(domain) !== 0) {
    return { ...found('none', `${JSON.stringify(written)} is no domain that could have a record`), domain }
  }
  const local = at === -1 ? 'postmaster' : envelope.from.slice(0, at)
  const sender = `${local}@${domain}`
  const resolver = (name: string, type: string) => resolve(name, type as 'TXT') as Promise<string[]>
  const { status } = await spf({ sender, ip: client, helo: envelope.helo, mta: hostname, resolver })
  const verdict = toVerdict(status.result)
  return { ...found(verdict, describe(verdict, domain, client, detailOf(status.comment, sender))), domain }
}

function toVerdict(result: string): AuthVerdict {
  return authVerdicts.find((verdict) => verdict === result) ?? 'permerror'
}

function describe(verdict: AuthVerdict, domain: string, client: string, detail: string): string {
  switch (verdict) {
    case 'pass':
      return `${domain} permits ${client}`
    case 'fail':
      return `${domain} does not permit ${client}`
    case 'softfail':
      return `${domain} does not quite permit ${client}`
    case 'neutral':
      return `${domain} says nothing about ${client}`
    case 'none':
      return `${domain} has no SPF record`
    default:
      return `${domain}: ${detail}`
  }
}

/** mailauth says what went wrong behind the sender only, in the middle of a sentence. */
function detailOf(comment: string | undefined, sender: string): string {
  const [, detail] = (comment ?? '').split(`${sender}: `)
  return detail || 'its SPF record cannot be used'
}
