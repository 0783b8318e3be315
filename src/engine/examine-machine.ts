import { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { access, chmod, constants, readFile, stat, statfs } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { ServerSettings } from '../domain/config.js'
import { type Finding, ok } from '../domain/finding.js'
import { formatSize } from '../domain/units.js'
import { checkTls } from '../receive/tls.js'

/** What only the owner of the process may read. */
const privateFiles = [
  'mailtrigger.sqlite3',
  'mailtrigger.sqlite3-wal',
  'mailtrigger.key',
  'token',
  'runtime.json',
  'smtp-key.pem',
  'spool',
]
const othersBits = 0o077
const freeBytesBad = 200_000_000
const freeBytesLow = 1_000_000_000
const freePartLow = 0.05
const dayMs = 86_400_000
/** Ours is made anew with 30 days left, at a start or a reload. */
const certificateMsLow = 25 * dayMs
const lookupTimeoutMs = 3_000
const namesMax = 20

/** Whether we can write where everything is kept, and nobody else can read it. */
export async function examineFolder(folder: string): Promise<Finding> {
  const check = 'folder'
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return {
        check,
        state: 'warn',
        text: `${folder} is not there yet`,
        hint: 'mailtrigger serve makes it',
        fixable: false,
      }
    }
    const text = `the data folder ${folder} cannot be used: ${codeOf(error)}`
    return { check, state: 'bad', text, hint: 'give it to the user that runs mailtrigger', fixable: false }
  }
  const open = await listOpenFiles(folder)
  if (open.length === 0) return ok(check, `${folder} is ours, and readable by nobody else`)
  const text = `others on this machine may read ${open.map(({ name }) => name).join(', ')} in ${folder}`
  return { check, state: 'bad', text, hint: 'mailtrigger doctor --fix takes that away', fixable: true }
}

/** Takes away what others may do with the data folder; how many files and folders it changed. */
export async function closeFolder(folder: string): Promise<number> {
  const open = await listOpenFiles(folder)
  for (const { path, mode } of open) await chmod(path, mode & ~othersBits)
  return open.length
}

async function listOpenFiles(folder: string): Promise<{ name: string; path: string; mode: number }[]> {
  // On Windows the bits say nothing of what others may do.
  if (process.platform === 'win32') return []
  const names = ['.', ...privateFiles]
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name)
      const mode = await stat(path).then(
        ({ mode }) => mode & 0o777,
        () => 0,
      )
      return { name: name === '.' ? 'the folder itself' : name, path, mode }
    }),
  )
  return found.filter(({ mode }) => (mode & othersBits) !== 0)
}

/** Nothing is accepted that cannot be kept, so a full disk stops everything. */
export async function examineDisk({
  dataFolder,
  freeBytesMin,
}: Pick<ServerSettings, 'dataFolder' | 'freeBytesMin'>): Promise<Finding> {
  const check = 'disk'
  const { bavail, blocks, bsize } = await statfs(dataFolder)
  const free = bavail * bsize
  const text = `${formatSize(free)} of ${formatSize(blocks * bsize)} are free under the data folder`
  if (free < freeBytesMin) {
    const refused = `${text}, and no mail is taken in below ${formatSize(freeBytesMin)} (server.min_free)`
    return { check, state: 'bad', text: refused, hint: 'make room, or keep less: server.retention', fixable: false }
  }
  if (free >= freeBytesLow && bavail >= blocks * freePartLow) return ok(check, text)
  const hint = 'make room, or keep less: server.retention'
  return { check, state: free < freeBytesBad ? 'bad' : 'warn', text, hint, fixable: false }
}

/**
 * Whether the certificate of the SMTP door and what belongs to it can be used, and for how long. A server that runs goes
 * on with the files it could use before.
 */
export async function examineCertificate(
  { dataFolder, smtp }: Pick<ServerSettings, 'dataFolder' | 'smtp'>,
  now: number,
): Promise<Finding> {
  const { pair, clientCa } = smtp.tls
  const check = 'certificate'
  const hint = pair === null ? 'mailtrigger reload makes a new one' : 'renew it, then mailtrigger reload'
  try {
    const [cert, key, authorities] = await Promise.all([
      readFile(pair?.cert ?? join(dataFolder, 'smtp-cert.pem'), 'utf8'),
      readFile(pair?.key ?? join(dataFolder, 'smtp-key.pem'), 'utf8'),
      clientCa === null ? null : readFile(clientCa, 'utf8'),
    ])
    const trouble = checkTls({ cert, key, clientCa: authorities })
    if (trouble !== null) return { check, state: 'bad', text: trouble, hint, fixable: false }
    const until = Date.parse(new X509Certificate(cert).validTo)
    const kind = pair === null ? 'self-signed, made by the server itself' : 'as the config names it'
    const text = `${until < now ? 'expired on' : 'good until'} ${new Date(until).toISOString().slice(0, 10)}, ${kind}`
    if (until - now > certificateMsLow) return ok(check, text)
    return { check, state: until < now ? 'bad' : 'warn', text, hint, fixable: false }
  } catch (error) {
    return { check, state: 'bad', text: `the certificate cannot be read: ${codeOf(error)}`, hint, fixable: false }
  }
}

/** Whether names of hosts that the config calls are known to the resolver. Addresses need none. */
export async function examineNames(urls: readonly string[]): Promise<Finding> {
  const check = 'names'
  const hosts = [...new Set(urls.map(hostOf))].filter((host) => host !== '' && isIP(host) === 0).slice(0, namesMax)
  const unknown = (await Promise.all(hosts.map(async (host) => ((await isKnown(host)) ? null : host)))).filter(
    (host) => host !== null,
  )
  if (unknown.length === 0) {
    return ok(
      check,
      hosts.length === 0 ? 'the config names no host to look up' : `${hosts.join(', ')} can be looked up`,
    )
  }
  const text = `cannot be looked up: ${unknown.join(', ')}`
  const hint = 'look at the names, and at the DNS server of this machine (/etc/resolv.conf)'
  return { check, state: unknown.length === hosts.length ? 'bad' : 'warn', text, hint, fixable: false }
}

async function isKnown(host: string): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), lookupTimeoutMs)
  })
  const found = lookup(host).then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([found, late])
  } finally {
    clearTimeout(timer)
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replaceAll(/[[\]]/g, '') : ''
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error))
}
