import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { beginData, connectRaw, type RawClient } from '../receive/raw-client.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink } from '../stand-ins/webhook-sink.js'
import { listDelivered, oneHook, sendOne } from './load.js'
import { startServe } from './serve-process.js'

const senders = 300
const rounds = 10
const pieceBytes = 200_000
const finishing = 20
/** Of the whole process, of which about 200 MB are there before the first mail. Unspooled, the mails would be 600 MB more. */
const residentBytesMax = 700_000_000

/** `bench/slow-senders.mjs` does it with 1,000 senders of 25 MB. */
it.skipIf(!existsSync('/proc/self/status'))(
  `${senders} slow senders of large mails take bounded memory, and no place of others (skipped where there is no /proc)`,
  { timeout: 240_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-slow-'))
    const hook = await startWebhookSink()
    writeFileSync(join(folder, 'routes.yaml'), oneHook(hook, 'server: { smtp: { max_connections: 400 } }\n'))
    const server = await startServe(folder, [])
    const spool = join(folder, 'data', 'spool')
    const clients = await Promise.all(Array.from({ length: senders }, () => connectRaw(server.smtpPort)))
    await Promise.all(clients.map((client) => beginData(client)))
    const canary = await connectRaw(server.smtpPort)
    const line = `${'x'.repeat(98)}\r\n`
    for (let round = 0; round < rounds; round++) {
      const piece = (round === 0 ? 'Subject: slow\r\n\r\n' : '') + line.repeat(pieceBytes / line.length)
      await Promise.all(clients.map((client) => writeAndDrain(client, piece)))
      expect(await sendOne(canary, `canary-${round}`, 500)).toMatch(/^250/)
    }
    await until(() => readdirSync(spool).length === senders, 'all are in the spool', 30_000)
    const replies = await Promise.all(clients.slice(0, finishing).map((client) => client.ask('.')))
    expect(replies.filter((reply) => reply.startsWith('250'))).toHaveLength(finishing)
    for (const client of clients) client.socket.destroy()
    await until(() => readdirSync(spool).length === 0, 'the spool is empty', 30_000)
    await until(() => listDelivered(hook).length === rounds + finishing, 'all are delivered', 30_000)

    const peakBytes = readPeak(server.pid)
    await server.kill('SIGTERM')
    await hook.stop()
    rmSync(folder, { recursive: true, force: true })
    console.log(
      `slow senders: ${senders} of ${(rounds * pieceBytes) / 1e6} MB, at most ${Math.round(peakBytes / 1e6)} MB resident`,
    )
    expect(peakBytes).toBeLessThan(residentBytesMax)
  },
)

async function writeAndDrain({ socket }: RawClient, text: string): Promise<void> {
  if (!socket.write(text)) await once(socket, 'drain')
}

/** The most that the process ever had in memory. */
function readPeak(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024
}
