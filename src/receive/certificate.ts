import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** PEM texts. */
export interface Certificate {
  cert: string
  key: string
}

const dayMs = 86_400_000
const renewBeforeMs = 30 * dayMs
const validForMs = 365 * dayMs

/**
 * The pair for STARTTLS and implicit TLS. Named files are read as they are. Without them a self-signed EC P-256 pair is
 * made once in the data folder (`smtp-cert.pem`, `smtp-key.pem`, both readable by the owner alone) and made anew when
 * it has less than 30 days left or its halves do not fit together. A changed host name is no reason: containers get a
 * new one at every start, and clients may have pinned the certificate. EC because a handshake costs about a third less
 * than with RSA-2048. Rejects with the file system's error.
 */
export async function ensureCertificate(
  dataFolder: string,
  tls: { cert: string; key: string } | null,
  hostname: string,
  now: () => number = Date.now,
): Promise<Certificate> {
  if (tls !== null) {
    const [cert, key] = await Promise.all([readFile(tls.cert, 'utf8'), readFile(tls.key, 'utf8')])
    return { cert, key }
  }
  const files = { cert: join(dataFolder, 'smtp-cert.pem'), key: join(dataFolder, 'smtp-key.pem') }
  const kept = await readPair(files)
  if (kept !== null && isUsable(kept, now())) return kept
  const made = await makePair(hostname, now())
  await mkdir(dataFolder, { recursive: true })
  await writePrivately(files.key, made.key)
  await writePrivately(files.cert, made.cert)
  return made
}

async function readPair(files: { cert: string; key: string }): Promise<Certificate | null> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')])
    return { cert, key }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** False as well for a pair that does not fit together, which a crash between the two writes can leave. */
function isUsable(pair: Certificate, nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(pair.cert)
    const isFresh = Date.parse(certificate.validTo) - nowMs > renewBeforeMs
    return isFresh && certificate.checkPrivateKey(createPrivateKey(pair.key))
  } catch {
    return false
  }
}

async function makePair(hostname: string, nowMs: number): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: hostname }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // An hour back, for clients whose clock is a little behind ours.
    notBeforeDate: new Date(nowMs - 3_600_000),
    notAfterDate: new Date(nowMs + validForMs),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: hostname },
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  })
  return { cert: made.cert, key: made.private }
}

/** Written under another name and renamed, so that a crash never leaves half a file; born with mode 0600. */
async function writePrivately(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}
