import { setImmediate as nextTurn } from 'node:timers/promises'
import { DkimVerifier, type ParsedHeaders, type SignatureResult } from 'mailauth/lib/dkim/dkim-verifier.js'
import type { AuthVerdict } from '../domain/mail.js'
import { type Finding, found } from './finding.js'
import type { HeaderCut } from './header-cut.js'
import type { ResolveRecords } from './resolver.js'

export interface DkimFinding extends Finding {
  /** The addresses of every From header, as they are written. */
  from: string[]
  /** The header is too large to be read to its end, and there may be other authors in it. */
  isCut: boolean
  /** Domains whose signature holds. */
  passed: string[]
  /** Domains whose key could not be asked for. */
  unsure: string[]
}

/** Signatures that are looked at; those of the author's domain come first. */
const signaturesMax = 10
/** With more names than this, matching them with the headers is the attack. */
const signedHeadersMax = 200
/** RFC 8301, 3.2: shorter keys count as no key. */
const keyBitsMin = 1_024
const chunkBytes = 256 * 1024
/** For the hashes of one mail's body; 25 MB of base64 take half a second, 25 MB of single blanks five. */
const hashMsMax = 3_000

export interface DkimCheck {
  resolve: ResolveRecords
  /** Hears the addresses of every From header before the body is looked at. */
  onAuthors: (from: string[]) => void
}

/**
 * Verifies the signatures of a mail (RFC 6376). The body is hashed in slices, so that the thread goes on with other
 * mails between them.
 */
export async function checkDkim(mail: HeaderCut, { resolve, onAuthors }: DkimCheck): Promise<DkimFinding> {
  const verifier = new BoundedVerifier({
    resolver: (name, type) => resolve(name, type as 'TXT'),
    // Without it the verifier takes an envelope sender from the mail itself.
    sender: '<>',
    minBitLength: keyBitsMin,
  })
  const problem = await feed(verifier, mail, { resolve, onAuthors })
  const from = verifier.listAuthors()
  const { isCut } = mail
  const nothing = { from, isCut, passed: [], unsure: [] }
  if (problem !== null) return { ...found('permerror', problem), ...nothing }
  const checked = verifier.results.filter(({ signingDomain }) => signingDomain !== undefined).map(judge)
  if (checked.length > 0) return { ...pickFinding(checked), from, isCut, ...listDomains(checked) }
  if (isCut) return { ...found('permerror', 'the header is too large to look for signatures'), ...nothing }
  const reason = verifier.refused ?? 'the mail is not signed'
  return { ...found(verifier.refused === null ? 'none' : 'permerror', reason), ...nothing }
}

/** Why the verifier has no results, or null. What makes it throw is in the mail: DNS it takes as it comes. */
async function feed(verifier: BoundedVerifier, mail: HeaderCut, check: DkimCheck): Promise<string | null> {
  // Errors come by the callbacks of writing; without a listener the stream would throw them at the thread as well.
  verifier.on('error', () => undefined)
  try {
    return await feedAll(verifier, mail, check)
  } catch (error) {
    return `it cannot be verified: ${error instanceof Error ? error.message : String(error)}`
  }
}

async function feedAll(
  verifier: BoundedVerifier,
  mail: HeaderCut,
  { resolve, onAuthors }: DkimCheck,
): Promise<string | null> {
  await write(verifier, mail.header)
  onAuthors(verifier.listAuthors())
  if (verifier.isSigned()) {
    // All keys at once, so that a slow one takes no time from the others.
    for (const name of verifier.keyNames) void resolve(name, 'TXT').catch(() => undefined)
    let spentMs = 0
    for (let at = 0; at < mail.body.length; at += chunkBytes) {
      const startedAt = performance.now()
      await write(verifier, mail.body.subarray(at, at + chunkBytes))
      spentMs += performance.now() - startedAt
      if (spentMs > hashMsMax) return 'hashing the body took too long'
      await nextTurn()
    }
  }
  await new Promise<void>((resolveEnd, reject) => {
    verifier.once('error', reject)
    verifier.end(() => resolveEnd())
  })
  return null
}

function write(verifier: BoundedVerifier, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => verifier.write(bytes, (error) => (error ? reject(error) : resolve())))
}

/**
 * Looks at no more signatures than it may, at none that proves nothing, and at no ARC: the verifier counts the seals of
 * a forwarding chain among the signatures.
 */
class BoundedVerifier extends DkimVerifier {
  /** Where the keys are. */
  keyNames: string[] = []
  /** Why signatures that are there were not looked at, or null. */
  refused: string | null = null

  /** As written in every From header: what the reader of addresses makes nothing of is taken as it looks. */
  listAuthors(): string[] {
    if (this.headerFrom.length > 0 || !this.headers) return this.headerFrom
    const written = this.headers.parsed.filter(({ key }) => key === 'from').map(({ line }) => textOf(line))
    return written.flatMap((line) => decodeWords(line).match(/[^\s<>()[\]:;,"]{1,64}@[^\s<>()[\]:;,"]{1,255}/g) ?? [])
  }

  isSigned(): boolean {
    return this.keyNames.length > 0
  }

  override async messageHeaders(headers: ParsedHeaders): Promise<void> {
    const signatures = headers.parsed.filter(({ key }) => key === 'dkim-signature')
    const authors = headers.parsed.filter(({ key }) => key === 'from').map(({ line }) => textOf(line))
    const kept = this.#choose(signatures, authors)
    const others = headers.parsed.filter(({ key }) => key !== 'dkim-signature' && !key?.startsWith('arc-'))
    await super.messageHeaders({ ...headers, parsed: [...kept, ...others] })
    // What was signed is looked for among all headers.
    this.headers = headers
  }

  #choose(signatures: ParsedHeaders['parsed'], authors: string[]): ParsedHeaders['parsed'] {
    const usable = signatures.flatMap((header) => {
      const tags = readTags(textOf(header.line))
      const problem = findProblem(tags)
      if (problem === null) return [{ header, tags, isAuthors: isNamedIn(tags.get('d') ?? '', authors) }]
      this.refused ??= problem
      return []
    })
    const chosen = usable.toSorted((a, b) => Number(b.isAuthors) - Number(a.isAuthors)).slice(0, signaturesMax)
    this.keyNames = chosen.map(({ tags }) => `${tags.get('s')}._domainkey.${tags.get('d')}`)
    return chosen.map(({ header }) => header)
  }
}

/** An address may not be an encoded word (RFC 2047, 5), and some programs read it from one all the same. */
function decodeWords(line: string): string {
  return line.replace(/=\?[^?\s]{1,40}\?([bq])\?([^?\s]*)\?=/gi, (_, encoding: string, text: string) =>
    encoding.toLowerCase() === 'b'
      ? Buffer.from(text, 'base64').toString('utf8')
      : text.replace(/=([0-9a-f]{2})/gi, (__, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  )
}

function textOf(line: Uint8Array): string {
  return Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8')
}

/** The tags of a signature, without any white space: enough to choose by. */
function readTags(line: string): Map<string, string> {
  const value = line.slice(line.indexOf(':') + 1).replace(/\s+/g, '')
  return new Map(
    value.split(';').map((tag): [string, string] => {
      const equals = tag.indexOf('=')
      return [tag.slice(0, equals).toLowerCase(), tag.slice(equals + 1)]
    }),
  )
}

/** RFC 6376, 5.4: From MUST be signed. RFC 8301, 3.1: SHA-1 MUST NOT be verified. */
function findProblem(tags: Map<string, string>): string | null {
  const signed = (tags.get('h') ?? '').toLowerCase().split(':')
  const algorithm = (tags.get('a') ?? '').toLowerCase()
  if (!tags.get('d') || !tags.get('s')) return 'a signature names no domain or no key'
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256')
    return 'a signature is of an algorithm without trust'
  if (signed.length > signedHeadersMax) return `a signature names more than ${signedHeadersMax} headers`
  return signed.includes('from') ? null : 'a signature leaves the From header out'
}

function isNamedIn(domain: string, authors: string[]): boolean {
  return authors.some((author) => author.toLowerCase().includes(domain.toLowerCase()))
}

interface JudgedSignature extends Finding {
  domain: string
}

/**
 * RFC 8601, 2.7.1: `fail` is a signature that does not hold, `permerror` one that cannot be verified. Mailauth says
 * `neutral` of both.
 */
function judge({ signingDomain: domain = '', selector = '', status }: SignatureResult): JudgedSignature {
  const signer = `${domain} (${selector})`
  const comment = status.comment ?? ''
  if (status.result === 'pass' && status.underSized) {
    return { ...found('fail', `${signer} signed only a part of the body: ${status.underSized} B are not`), domain }
  }
  if (status.result === 'pass') return { ...found('pass', `${signer} signed it`), domain }
  if (status.result === 'temperror') return { ...found('temperror', `${signer}: ${comment}`), domain }
  const fails = ['body hash did not verify', 'bad signature', 'expired', 'invalid expiration']
  const verdict: AuthVerdict = fails.includes(comment) ? 'fail' : 'permerror'
  const words =
    status.result === 'policy' ? `the key is shorter than ${keyBitsMin} bits` : comment || 'not to be verified'
  return { ...found(verdict, `${signer}: ${words}`), domain }
}

/** One that holds says most; else what may be better next time. */
const order: readonly AuthVerdict[] = ['pass', 'temperror', 'fail', 'permerror']

function pickFinding(checked: JudgedSignature[]): Finding {
  const [best] = checked.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
  return best ? { verdict: best.verdict, reason: best.reason } : found('none', 'the mail is not signed')
}

function listDomains(checked: JudgedSignature[]): Pick<DkimFinding, 'passed' | 'unsure'> {
  const of = (verdict: AuthVerdict): string[] =>
    checked.filter((one) => one.verdict === verdict).map(({ domain }) => domain.toLowerCase())
  return { passed: of('pass'), unsure: of('temperror') }
}
