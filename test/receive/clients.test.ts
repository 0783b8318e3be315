import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { describe, expect, it } from 'vitest'
import { ensureCertificate } from '#src/receive/certificate.js'
import { parseMail } from '#src/receive/mime/parse.js'
import { plainUser } from './open-settings.js'
import { type Gateway, startGateway } from './smtp-fixture.js'

const jenkins = plainUser('jenkins', 'p"ä ss:€')
const both = { listen: [{ host: '127.0.0.1', port: 0 }], implicitTls: [{ host: '127.0.0.1', port: 0 }] }

function portOf(gateway: Gateway, tls: 'starttls' | 'implicit'): number {
  return gateway.listener.addresses.find((address) => address.tls === tls)?.port ?? 0
}

const hasPython = spawnSync('python3', ['-c', 'import smtplib, ssl']).status === 0
const hasCurl = spawnSync('curl', ['--version']).stdout?.toString().includes('smtps') ?? false

describe('nodemailer', () => {
  it.each(
    (['plain', 'starttls', 'implicit'] as const).flatMap((tls) =>
      (['none', 'PLAIN', 'LOGIN'] as const).map((method) => ({ tls, method })),
    ),
  )('delivers over $tls with AUTH $method', async ({ tls, method }) => {
    await using gateway = await startGateway({
      ...both,
      users: [jenkins],
      ...(method === 'none' ? {} : encryptedOnly(tls)),
    })
    const transport = createTransport({
      host: '127.0.0.1',
      port: portOf(gateway, tls === 'implicit' ? 'implicit' : 'starttls'),
      secure: tls === 'implicit',
      ignoreTLS: tls === 'plain',
      requireTLS: tls === 'starttls',
      tls: { ca: gateway.certificate.cert, servername: 'gateway.test' },
      ...(method === 'none' ? {} : { auth: { user: jenkins.name, pass: jenkins.password }, authMethod: method }),
    })
    await transport.sendMail({
      from: '"Jénkins" <jenkins@ci.example>',
      to: 'ops@mailtrigger.app',
      subject: 'Build failed: 購物 #12',
      text: '.\n..two dots\nend',
      attachments: [{ filename: '報告.txt', content: 'x'.repeat(10_000) }],
    })
    transport.close()
    expect(gateway.saved).toHaveLength(1)
    expect(gateway.saved[0]?.envelope).toMatchObject({
      tls: tls !== 'plain',
      user: method === 'none' ? null : 'jenkins',
      to: ['ops@mailtrigger.app'],
    })
    const mail = gateway.saved[0] && (await parseMail(gateway.saved[0]))
    expect(mail).toMatchObject({ subject: 'Build failed: 購物 #12', text: '.\n..two dots\nend' })
    expect(mail?.from).toEqual([{ name: 'Jénkins', address: 'jenkins@ci.example' }])
    expect(mail?.attachments.map(({ filename, sizeBytes }) => [filename, sizeBytes])).toEqual([['報告.txt', 10_000]])
  })

  it('is not let in with a wrong password, nor offered AUTH in the clear', async () => {
    await using gateway = await startGateway({ ...both, allow: [], users: [jenkins] })
    const tls = { ca: gateway.certificate.cert, servername: 'gateway.test' }
    const send = (options: object): Promise<unknown> =>
      createTransport({ host: '127.0.0.1', port: portOf(gateway, 'starttls'), tls, ...options }).sendMail({
        from: 'a@b.example',
        to: 'c@d.example',
        text: 'x',
      })
    const auth = { user: 'jenkins', pass: jenkins.password }
    await expect(send({ auth: { user: 'jenkins', pass: 'no' } })).rejects.toMatchObject({ responseCode: 535 })
    await expect(send({ auth, ignoreTLS: true })).rejects.toThrow()
    await expect(send({})).rejects.toMatchObject({ responseCode: 530 })
    await send({ auth })
    expect(gateway.saved.map(({ envelope }) => envelope.user)).toEqual(['jenkins'])
  })

  it('gets the new certificate after an update', async () => {
    await using gateway = await startGateway()
    const folder = await mkdtemp(join(tmpdir(), 'mailtrigger-cert-'))
    const renewed = await ensureCertificate(folder, null, 'gateway.test')
    await rm(folder, { recursive: true })
    gateway.listener.update(gateway.settings, { ...renewed, clientCa: null })
    const transport = createTransport({
      host: '127.0.0.1',
      port: gateway.port,
      requireTLS: true,
      tls: { ca: renewed.cert, servername: 'gateway.test' },
    })
    await transport.sendMail({ from: 'a@b.example', to: 'c@d.example', text: 'x' })
    transport.close()
    expect(gateway.saved).toHaveLength(1)
  })
})

function encryptedOnly(tls: 'plain' | 'starttls' | 'implicit'): { allow: string[] } {
  return tls === 'plain' ? { allow: ['127.0.0.0/8'] } : { allow: [] }
}

describe.skipIf(!hasPython)('python3 smtplib', () => {
  it.each(['plain', 'starttls', 'implicit'] as const)('delivers over %s', async (tls) => {
    await using gateway = await startGateway({ ...both, users: [jenkins], ...encryptedOnly(tls) })
    const port = portOf(gateway, tls === 'implicit' ? 'implicit' : 'starttls')
    const script = [
      'import smtplib, ssl, sys',
      'context = ssl._create_unverified_context()',
      `c = smtplib.${tls === 'implicit' ? `SMTP_SSL("127.0.0.1", ${port}, context=context)` : `SMTP("127.0.0.1", ${port})`}`,
      tls === 'starttls' ? 'c.starttls(context=context)' : '',
      'c.login("jenkins", sys.argv[1])',
      'c.sendmail("a@b.example", ["ops@x.example", "dev@x.example"], "Subject: from python\\n\\n.dot\\n")',
      'c.quit()',
    ].join('\n')
    // smtplib encodes passwords as ASCII.
    gateway.listener.update({ ...gateway.settings, users: [plainUser('jenkins', 'plain')] }, gateway.certificate)
    expect(await run('python3', ['-c', script, 'plain'])).toBe(0)
    expect(gateway.saved[0]?.envelope.to).toEqual(['ops@x.example', 'dev@x.example'])
    expect(Buffer.from(gateway.saved[0]?.raw ?? []).toString()).toBe('Subject: from python\r\n\r\n.dot\r\n')
  })
})

describe.skipIf(!hasCurl)('curl', () => {
  it.each(['plain', 'starttls', 'implicit'] as const)('delivers over %s', async (tls) => {
    await using gateway = await startGateway({ ...both, users: [jenkins], ...encryptedOnly(tls) })
    const folder = await mkdtemp(join(tmpdir(), 'mailtrigger-curl-'))
    await writeFile(join(folder, 'mail'), 'Subject: from curl\r\n\r\nhello\r\n')
    const scheme = tls === 'implicit' ? 'smtps' : 'smtp'
    const port = portOf(gateway, tls === 'implicit' ? 'implicit' : 'starttls')
    const code = await run('curl', [
      ...[
        '--silent',
        '--insecure',
        '--max-time',
        '20',
        '--noproxy',
        '*',
        '--url',
        `${scheme}://127.0.0.1:${port}/client.example`,
      ],
      ...(tls === 'starttls' ? ['--ssl-reqd'] : []),
      ...['--user', `jenkins:${jenkins.password}`],
      ...['--mail-from', 'a@b.example', '--mail-rcpt', 'ops@x.example', '--upload-file', join(folder, 'mail')],
    ])
    await rm(folder, { recursive: true })
    expect(code).toBe(0)
    expect(gateway.saved[0]?.envelope).toMatchObject({ helo: 'client.example', user: 'jenkins', tls: tls !== 'plain' })
    expect(Buffer.from(gateway.saved[0]?.raw ?? []).toString()).toBe('Subject: from curl\r\n\r\nhello\r\n')
  })
})

function run(command: string, args: string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code))
  })
}
