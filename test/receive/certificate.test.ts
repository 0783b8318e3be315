import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureCertificate } from '#src/receive/certificate.js'

const dayMs = 86_400_000
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailtrigger-cert-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('ensureCertificate', () => {
  it('makes an EC pair once, for its owner’s eyes, in a folder that may not exist yet', async () => {
    const data = join(folder, 'new', 'data')
    const made = await ensureCertificate(data, null, 'gateway.example')
    const certificate = new X509Certificate(made.cert)
    expect(certificate.checkHost('gateway.example')).toBe('gateway.example')
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
    expect(certificate.checkPrivateKey(createPrivateKey(made.key))).toBe(true)
    expect((await stat(join(data, 'smtp-key.pem'))).mode & 0o777).toBe(0o600)
    expect((await readdir(data)).sort()).toEqual(['smtp-cert.pem', 'smtp-key.pem'])
    expect(await ensureCertificate(data, null, 'renamed.example')).toEqual(made)
  })

  it('renews it in its last 30 days', async () => {
    const made = await ensureCertificate(folder, null, 'a.example')
    const later = (days: number) => () => Date.now() + days * dayMs
    expect(await ensureCertificate(folder, null, 'a.example', later(334))).toEqual(made)
    const renewed = await ensureCertificate(folder, null, 'a.example', later(336))
    expect(renewed.cert).not.toBe(made.cert)
    expect(Date.parse(new X509Certificate(renewed.cert).validTo)).toBeGreaterThan(Date.now() + 600 * dayMs)
  })

  it.each([
    ['half a file', async () => writeFile(join(folder, 'smtp-cert.pem'), '-----BEGIN CERT')],
    ['no key', async () => rm(join(folder, 'smtp-key.pem'))],
    [
      'the key of another pair',
      async () => {
        const other = await ensureCertificate(join(folder, 'other'), null, 'a.example')
        await writeFile(join(folder, 'smtp-key.pem'), other.key)
      },
    ],
  ])('makes a new one when it finds %s', async (_name, damage) => {
    const made = await ensureCertificate(folder, null, 'a.example')
    await damage()
    const mended = await ensureCertificate(folder, null, 'a.example')
    expect(mended.cert).not.toBe(made.cert)
    expect(new X509Certificate(mended.cert).checkPrivateKey(createPrivateKey(mended.key))).toBe(true)
  })

  it('reads named files, and fails when they are not there', async () => {
    const files = { cert: join(folder, 'c.pem'), key: join(folder, 'k.pem') }
    await writeFile(files.cert, 'C')
    await writeFile(files.key, 'K')
    expect(await ensureCertificate(folder, files, 'a')).toEqual({ cert: 'C', key: 'K' })
    await expect(ensureCertificate(folder, { ...files, key: join(folder, 'none') }, 'a')).rejects.toThrow('ENOENT')
    expect(await readFile(files.cert, 'utf8')).toBe('C')
  })
})
