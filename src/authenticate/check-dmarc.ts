import { domainToASCII } from 'node:url'
import { dmarc } from 'mailauth/lib/dmarc/index.js'
import type { AuthVerdict, DmarcPolicy } from '../domain/mail.js'
import type { DkimFinding } from './check-dkim.js'
import type { SpfFinding } from './check-spf.js'
import { type Finding, found } from './finding.js'
import type { ResolveRecords } from './resolver.js'

export interface DmarcFinding extends Finding {
  /** What the domain asks for when a mail of its fails; null without a record. */
  policy: DmarcPolicy | null
}

/** More authors than an honest mail has: each is a domain to be asked. */
const authorDomainsMax = 4

/** From the least to the most that tells against a mail. */
const severity: readonly AuthVerdict[] = ['pass', 'none', 'neutral', 'softfail', 'permerror', 'temperror', 'fail']

/**
 * Is the domain in the From header the one that SPF or DKIM vouches for (RFC 7489)? Of several authors the worst counts,
 * since any of them is what a mail program may show (6.6.1).
 */
export async function checkDmarc(spf: SpfFinding, dkim: DkimFinding, resolve: ResolveRecords): Promise<DmarcFinding> {
  const domains = listAuthorDomains(dkim.from)
  if (dkim.isCut) return { ...found('fail', 'the header is too large to be searched for authors'), policy: 'reject' }
  if (domains.length === 0)
    return { ...found('none', 'the mail names no author whose domain could be asked'), policy: null }
  if (domains.length > authorDomainsMax) {
    return { ...found('fail', `the From header has addresses of ${domains.length} domains`), policy: 'reject' }
  }
  const findings = await Promise.all(domains.map((domain) => checkDomain(domain, spf, dkim, resolve)))
  return findings.reduce((worst, one) => (rank(one) > rank(worst) ? one : worst))
}

/**
 * Asks for the records before it is known who vouches: an SPF record or a key that is slow on purpose must not leave the
 * author's domain unasked.
 * @param from addresses of the From headers.
 */
export function askAhead(from: readonly string[], resolve: ResolveRecords): void {
  for (const domain of listAuthorDomains(from).slice(0, authorDomainsMax)) {
    askDmarc(domain, [], [], resolve).catch(() => undefined)
  }
}

function rank({ verdict }: Finding): number {
  return severity.indexOf(verdict)
}

/** In ASCII and without repeats. */
export function listAuthorDomains(addresses: readonly string[]): string[] {
  const domains = addresses.map((address) => {
    // What a mail program does not show must not make another domain of it.
    const written = address.slice(address.lastIndexOf('@') + 1).replace(/[\p{Cc}\p{Cf}\s]/gu, '')
    return domainToASCII(written).toLowerCase().replace(/\.$/, '')
  })
  return [...new Set(domains)].filter((domain) => domain.includes('.'))
}

async function checkDomain(
  domain: string,
  spf: SpfFinding,
  dkim: DkimFinding,
  resolve: ResolveRecords,
): Promise<DmarcFinding> {
  const ask = (spfDomains: string[], dkimDomains: string[]) => askDmarc(domain, spfDomains, dkimDomains, resolve)
  const vouching = { spf: spf.verdict === 'pass' ? [spf.domain] : [], dkim: dkim.passed }
  const record = await ask(vouching.spf, vouching.dkim)
  if (record === false || record.status.result === 'none') {
    return { ...found('none', `${domain} has no DMARC record`), policy: null }
  }
  if (record.status.result === 'temperror') {
    return { ...found('temperror', `${domain}: ${record.error ?? 'DNS failed'}`), policy: null }
  }
  const policy = readPolicy(record.policy, record.rr ?? '', record.pct)
  const witness = findAligned(record, domain, vouching)
  if (witness !== null) return { ...found('pass', `${domain} is what ${witness} vouches for`), policy }
  // What could not be asked might have vouched for it; a stranger's slow domain could not.
  const unsure = { spf: spf.verdict === 'temperror' ? [spf.domain] : [], dkim: dkim.unsure }
  const perhaps = await ask(unsure.spf, unsure.dkim)
  if (perhaps !== false && findAligned(perhaps, domain, unsure) !== null) {
    return { ...found('temperror', `${domain}: what could vouch for it could not be asked`), policy }
  }
  return { ...found('fail', `neither SPF nor DKIM vouches for ${domain} (its policy: ${policy})`), policy }
}

function askDmarc(domain: string, spfDomains: string[], dkimDomains: string[], resolve: ResolveRecords) {
  const resolver = (name: string, type: string) => resolve(name, type as 'TXT') as Promise<string[]>
  const signers = dkimDomains.map((signer) => ({ id: signer, domain: signer }))
  return dmarc({ headerFrom: [`x@${domain}`], spfDomains, dkimDomains: signers, resolver })
}

interface Aligned {
  alignment?: {
    spf?: { result?: string | false | undefined; strict?: boolean | undefined }
    dkim?: { result?: string | false | undefined; strict?: boolean | undefined }
  }
}

/**
 * Strict alignment (`aspf=s`, `adkim=s`: RFC 7489, 3.1) is looked at here: mailauth 4.13.3 reads the tags, and then
 * takes the organisation's domain all the same.
 */
function findAligned(
  { alignment }: Aligned,
  domain: string,
  vouching: { spf: string[]; dkim: string[] },
): string | null {
  for (const [name, label] of [
    ['dkim', 'DKIM'],
    ['spf', 'SPF'],
  ] as const) {
    const { result, strict } = alignment?.[name] ?? {}
    const holds = strict ? vouching[name].includes(domain) : Boolean(result)
    if (holds) return label
  }
  return null
}

/**
 * What is unknown asks for nothing. A domain that still tries its policy out (`pct` below 100, RFC 7489, 6.6.4, or
 * `t=y` of its successor) is taken at its word, one step milder.
 */
function readPolicy(written: string | undefined, record: string, percent: number | undefined): DmarcPolicy {
  const asked = (written ?? '').trim().toLowerCase()
  const isTrial = (percent !== undefined && percent < 100) || /;\s*t\s*=\s*y\b/i.test(record)
  if (asked === 'reject') return isTrial ? 'quarantine' : 'reject'
  return asked === 'quarantine' && !isTrial ? 'quarantine' : 'none'
}
