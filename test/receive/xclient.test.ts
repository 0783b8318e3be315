import { describe, expect, it } from 'vitest'
import { plainUser } from './open-settings.js'
import { connectRaw, type RawClient } from './raw-client.js'
import { startGateway } from './smtp-fixture.js'

const trusting = {
  xclient: ['127.0.0.0/8'],
  allow: ['127.0.0.0/8', '192.0.2.0/24'],
  users: [plainUser('jenkins', 'x')],
}

async function refusalOfMail(client: RawClient): Promise<string> {
  await client.ask('EHLO test')
  return client.ask('MAIL FROM:<a@b.example>')
}

describe('XCLIENT', () => {
  it('is neither offered nor known to whom the settings do not name', async () => {
    await using gateway = await startGateway({ xclient: ['10.0.0.0/8', '::1/128'] })
    const client = await connectRaw(gateway.port)
    expect(await client.ask('EHLO test')).not.toMatch(/XCLIENT|XFORWARD/)
    expect(await client.ask('XCLIENT ADDR=192.0.2.7')).toMatch(/^500/)
    expect(await client.ask('XFORWARD ADDR=192.0.2.7')).toMatch(/^502/)
  })

  it('names the client, whose rights and limits hold from then on, and can do so once', async () => {
    await using gateway = await startGateway(trusting)
    const client = await connectRaw(gateway.port)
    expect(await client.ask('EHLO proxy')).toMatch(/XCLIENT NAME ADDR PORT PROTO HELO$/m)
    expect(await client.ask('XCLIENT ADDR=192.0.2.7 PORT=1234 NAME=host.example HELO=elsewhere')).toMatch(/^220/)
    expect(await client.ask('MAIL FROM:<a@b.example>')).toMatch(/^503/)
    expect(await client.ask('EHLO host')).not.toContain('XCLIENT')
    expect(await client.ask('XCLIENT ADDR=127.0.0.1')).toMatch(/^5/)
    for (const line of ['MAIL FROM:<a@b.example>', 'RCPT TO:<ops@mailtrigger.app>', 'DATA']) await client.ask(line)
    expect(await client.ask('hello\r\n.')).toMatch(/^250/)
    expect(gateway.saved[0]?.envelope).toMatchObject({ client: '192.0.2.7', helo: 'host', user: null })
  })

  it('takes away what the proxy may and the client may not', async () => {
    await using gateway = await startGateway(trusting)
    const client = await connectRaw(gateway.port)
    expect(await client.ask('EHLO proxy')).toContain('AUTH PLAIN LOGIN')
    const token = Buffer.from('\0jenkins\0x').toString('base64')
    expect(await client.ask(`AUTH PLAIN ${token}`)).toMatch(/^235/)
    expect(await client.ask('XCLIENT ADDR=IPV6:2001:db8::9')).toMatch(/^220/)
    expect(await client.ask('EHLO stranger')).not.toContain('AUTH')
    expect(await client.ask(`AUTH PLAIN ${token}`)).toMatch(/^538/)
    expect(await client.ask('MAIL FROM:<a@b.example>')).toMatch(/^530/)
    expect(gateway.rejections).toMatchObject([{ client: '2001:db8::9', user: null }])
  })

  it.each(['LOGIN=jenkins', 'login=jenkins', 'LOGIN=nobody', 'LOGIN='])('logs nobody in by %s', async (login) => {
    await using gateway = await startGateway({ ...trusting, allow: [] })
    const client = await connectRaw(gateway.port)
    expect(await client.ask(`XCLIENT ADDR=198.51.100.9 ${login}`)).toMatch(/^220/)
    expect(await refusalOfMail(client)).toMatch(/^530/)
    const alone = await connectRaw(gateway.port)
    expect(await alone.ask(`XCLIENT ${login}`)).toMatch(/^220/)
    expect(await refusalOfMail(alone)).toMatch(/^530/)
    expect(gateway.rejections.map(({ reason }) => reason)).toEqual(['auth_required', 'auth_required'])
  })

  it.each(['XCLIENT', 'XCLIENT ADDR=host.example', 'XCLIENT FOO=bar', 'XCLIENT NAME=a+0D+0Ab', 'XCLIENT ADDR=1.2.3'])(
    'refuses %s, and nothing of it holds',
    async (line) => {
      await using gateway = await startGateway(trusting)
      const client = await connectRaw(gateway.port)
      await client.ask('EHLO proxy')
      expect(await client.ask(line)).toMatch(/^501/)
      expect(await refusalOfMail(client)).toMatch(/^250/)
      expect(await client.ask('XCLIENT ADDR=192.0.2.7')).toMatch(/^503/)
    },
  )

  it('counts the connections of the client it names', async () => {
    await using gateway = await startGateway({
      ...trusting,
      clientLimits: { connectionsMax: 1, mails: null, mailsPerDayMax: null },
    })
    const first = await connectRaw(gateway.port)
    expect(await first.ask('XCLIENT ADDR=198.51.100.9')).toMatch(/^220/)
    const second = await connectRaw(gateway.port)
    second.write('XCLIENT ADDR=198.51.100.9\r\n')
    expect(await second.reply()).toMatch(/^220/)
    expect(await second.reply()).toMatch(/^421 4\.7\.0 too many connections from 198\.51\.100\.9/)
    await second.closed
    first.socket.destroy()
  })
})
