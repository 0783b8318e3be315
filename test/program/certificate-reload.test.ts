import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { issue, makeAuthority, type Pair } from '../receive/pki.js'
import { connectRaw } from '../receive/raw-client.js'
import { until } from '../stand-ins/until.js'
import { type Program, startProgram } from './start-program.js'

// As certbot keeps them: `live` has links into `archive`, and a renewal points them to new files, one after the other.
const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-letsencrypt-'))
const [live, archive] = [join(folder, 'live'), join(folder, 'archive')]
const pairs: Pair[] = []
let program: Program

function link(name: string, target: string): void {
  symlinkSync(target, join(live, `${name}.new`))
  renameSync(join(live, `${name}.new`), join(live, name))
}

beforeAll(async () => {
  for (const path of [live, archive]) mkdirSync(path)
  const authority = await makeAuthority('Test CA')
  for (const n of [1, 2, 3]) {
    const pair = await issue(authority, 'mail.example.com', { dns: `mail${n}.example.com`, use: 'serverAuth' })
    writeFileSync(join(archive, `cert${n}.pem`), pair.cert)
    writeFileSync(join(archive, `key${n}.pem`), pair.key)
    pairs.push(pair)
  }
  link('cert.pem', join(archive, 'cert1.pem'))
  link('key.pem', join(archive, 'key1.pem'))
  program = await startProgram(`version: 1
server: { smtp: { tls: { cert: ${live}/cert.pem, key: ${live}/key.pem } } }
channels: { inbox: { kind: inbox } }
routes: []
`)
})
afterAll(async () => {
  await program.stop()
  rmSync(folder, { recursive: true })
})

async function startTls(): Promise<TLSSocket> {
  const client = await connectRaw(program.app.smtp[0]?.port ?? 0)
  await client.ask('EHLO test')
  await client.ask('STARTTLS')
  client.socket.removeAllListeners('data')
  const socket = connectTls({ socket: client.socket, rejectUnauthorized: false })
  socket.setEncoding('latin1')
  await once(socket, 'secureConnect')
  return socket
}

/** Which of the pairs a client is shown now. */
async function shown(): Promise<number> {
  const socket = await startTls()
  const raw = socket.getPeerCertificate().raw
  socket.destroy()
  return 1 + pairs.findIndex(({ cert }) => new X509Certificate(cert).raw.equals(raw))
}

async function findingOf(check: string) {
  return (await program.app.calls.diagnose()).findings.find((finding) => finding.check === check)
}

it('is taken over when links are pointed elsewhere, and sessions with the one before go on', async () => {
  expect(await shown()).toBe(1)
  const old = await startTls()
  link('cert.pem', join(archive, 'cert2.pem'))
  link('key.pem', join(archive, 'key2.pem'))
  await until(async () => (await shown()) === 2, 'the new certificate is shown')
  old.write('EHLO still there\r\n')
  expect(String((await once(old, 'data'))[0])).toMatch(/^501/)
  old.write('EHLO still.there\r\n')
  expect(String((await once(old, 'data'))[0])).toMatch(/^250/)
  old.destroy()
  expect(await findingOf('certificate')).toMatchObject({ state: 'ok' })
})

it('is not when the pair does not fit, which the doctor sees, until it does', async () => {
  const from = program.events.length
  link('cert.pem', join(archive, 'cert3.pem'))
  await until(() => program.events.slice(from).some(({ type }) => type === 'config.reloaded'), 'files are looked at')
  expect(await shown()).toBe(2)
  expect(await findingOf('certificate')).toMatchObject({
    state: 'bad',
    text: expect.stringContaining('the key is not that of the certificate'),
  })
  await program.app.reload()
  expect(await shown()).toBe(2)
  link('key.pem', join(archive, 'key3.pem'))
  await until(async () => (await shown()) === 3, 'the mended pair is shown')
})

it('is needed at a start', async () => {
  const text = `version: 1
server: { smtp: { tls: { cert: ${archive}/cert1.pem, key: ${archive}/key2.pem } } }
channels: { inbox: { kind: inbox } }
routes: []
`
  await expect(startProgram(text)).rejects.toThrow('the key is not that of the certificate; mend server.smtp.tls')
})
