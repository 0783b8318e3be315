import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { until } from '../stand-ins/until.js'
import { beginData, connectRaw } from './raw-client.js'
import { startGateway } from './smtp-fixture.js'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** HAProxy in front of the gateway, which also asks by itself every 100 ms whether it is there. */
async function startProxy(
  target: number,
  header: string,
): Promise<AsyncDisposable & { port: number; log: () => string }> {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-haproxy-'))
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
  timeout check 5s
listen smtp
  bind 127.0.0.1:${port}
  option smtpchk EHLO health.example
  server gateway 127.0.0.1:${target} ${header} check check-send-proxy inter 100
`,
  )
  const proxy = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [proxy.stdout, proxy.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return {
    port,
    log: () => said,
    async [Symbol.asyncDispose]() {
      proxy.kill()
      if (proxy.exitCode === null && proxy.signalCode === null) await once(proxy, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}

function hasHaproxy(): boolean {
  try {
    execFileSync('haproxy', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.skipIf(!hasHaproxy())('HAProxy (skipped where there is none)', () => {
  it.each(['send-proxy', 'send-proxy-v2'])('says by %s for whom it calls, and its own checks pass', async (header) => {
    await using gateway = await startGateway({ proxyProtocol: ['127.0.0.1/32'], allow: ['127.0.0.2/32'] })
    await using proxy = await startProxy(gateway.port, header)
    await until(async () => {
      const client = await connectRaw(proxy.port, false).catch(() => null)
      const greeting = await client?.reply().catch(() => null)
      client?.socket.destroy()
      return greeting?.startsWith('220')
    }, `HAProxy serves: ${proxy.log()}`)
    const stranger = await connectRaw(proxy.port)
    await stranger.ask('EHLO test')
    expect(await stranger.ask('MAIL FROM:<a@b.example>')).toBe('554 5.7.1 127.0.0.1 may not send here')
    const known = await connectRaw(proxy.port, true, '127.0.0.2')
    await beginData(known)
    expect(await known.ask('hello\r\n.')).toMatch(/^250/)
    expect(gateway.saved[0]?.envelope.client).toBe('127.0.0.2')
    expect(gateway.rejections.filter(({ reason }) => reason !== 'not_allowed')).toEqual([])
    expect(proxy.log()).not.toMatch(/DOWN|WARNING/)
    for (const { socket } of [stranger, known]) socket.destroy()
  })
})
