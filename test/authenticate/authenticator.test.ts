import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Authenticator, createAuthenticator } from '#src/authenticate/authenticator.js'
import type { RawMail } from '../../src/domain/mail.js'
import { type DnsServer, startDnsServer } from '../stand-ins/dns-server.js'
import { until } from '../stand-ins/until.js'
import { makeKey, signMail, writeMail } from './signed-mail.js'

const key = makeKey()
let dns: DnsServer
let authenticator: Authenticator

beforeAll(async () => {
  dns = await startDnsServer()
})
beforeEach(() => {
  dns.zone = {
    'example.com': { TXT: ['v=spf1 ip4:192.0.2.1 -all'] },
    's1._domainkey.example.com': { TXT: [key.record] },
    '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject'] },
    'slow.test': { trouble: 'silence' },
  }
  authenticator = createAuthenticator()
})
afterEach(() => authenticator.stop())
afterAll(() => dns.stop())

function makeMail(text: string, from = 'alert@example.com'): RawMail {
  const envelope = { from, to: ['ops@gw.test'], client: '192.0.2.1', helo: 'mx', tls: true, user: null }
  return { id: '1', receivedAt: 0, envelope, raw: Buffer.from(text) }
}

function check(mail: RawMail, signal = new AbortController().signal) {
  const settings = { resolvers: [dns.address], timeoutMs: 5_000 }
  return authenticator.authenticate(mail, { settings, hostname: 'gw.test' }, signal)
}

it('verifies a mail of many megabytes, and leaves its bytes to the caller', async () => {
  const text = await signMail(writeMail('alert@example.com', 'A line of a long log.\r\n'.repeat(300_000)), key, {
    domain: 'example.com',
  })
  const mail = makeMail(text)
  expect(await check(mail)).toMatchObject({ spf: 'pass', dkim: 'pass', dmarc: 'pass' })
  expect(mail.raw.byteLength).toBe(Buffer.byteLength(text))
})

it('checks more mails than it asks about at a time, each for itself', async () => {
  const mails = Array.from({ length: 200 }, (_, n) => makeMail(writeMail('alert@example.com'), `a@n${n}.test`))
  const found = await Promise.all(mails.map((mail) => check(mail)))
  expect(found.map(({ reasons }) => reasons.spf)).toEqual(mails.map((_, n) => `n${n}.test has no SPF record`))
})

it('is not held up by a mail whose sender does not answer', async () => {
  const slow = check(makeMail(writeMail('a@slow.test'), 'a@slow.test'))
  expect(await check(makeMail(writeMail('alert@example.com')))).toMatchObject({ dmarc: 'pass' })
  await authenticator.stop()
  expect(await slow).toMatchObject({ spf: 'temperror', reasons: { spf: 'the program is stopping' } })
})

it('answers everybody while DNS answers nobody', async () => {
  const settings = { resolvers: [dns.address], timeoutMs: 300 }
  const mail = makeMail(writeMail('a@slow.test'), 'a@slow.test')
  const asked = Array.from({ length: 700 }, () => {
    const { signal } = new AbortController()
    return authenticator.authenticate(mail, { settings, hostname: 'gw.test' }, signal)
  })
  expect(new Set((await Promise.all(asked)).map(({ spf }) => spf))).toEqual(new Set(['temperror']))
})

it('goes on with other servers when it is told of others', async () => {
  const other = await startDnsServer({ 'example.com': { TXT: ['v=spf1 -all'] } })
  const mail = makeMail(writeMail('alert@example.com'))
  expect((await check(mail)).spf).toBe('pass')
  const settings = { resolvers: [other.address], timeoutMs: 5_000 }
  const { signal } = new AbortController()
  expect((await authenticator.authenticate(mail, { settings, hostname: 'gw.test' }, signal)).spf).toBe('fail')
  await other.stop()
})

it('leaves when the caller does', async () => {
  const leaving = new AbortController()
  const slow = check(makeMail(writeMail('a@slow.test'), 'a@slow.test'), leaving.signal)
  await until(() => dns.asked.includes('TXT slow.test'), 'the question is asked')
  leaving.abort(new Error('enough'))
  await expect(slow).rejects.toThrow('enough')
})

it('is unsure of everything once it is stopped', async () => {
  await authenticator.stop()
  expect(await check(makeMail(writeMail('alert@example.com')))).toMatchObject({ dmarc: 'temperror' })
})
