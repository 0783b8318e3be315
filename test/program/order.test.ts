import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { connectRaw } from '../receive/raw-client.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink } from '../stand-ins/webhook-sink.js'
import { oneHook, sendOne } from './load.js'
import { startServe } from './serve-process.js'
import { canTrace, traceProcess } from './strace.js'

const sessions = 4
const mailsPerSession = 6

it.skipIf(!canTrace())(
  'every 250 leaves after the fsync of its commit (skipped where there is no strace)',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-order-'))
    const hook = await startWebhookSink()
    writeFileSync(join(folder, 'routes.yaml'), oneHook(hook))
    const server = await startServe(folder, [])
    const calls = 'trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg'
    const trace = await traceProcess(server.pid, join(folder, 'trace'), ['-s', '8192', '-e', calls])
    const send = async (session: number): Promise<string[]> => {
      const client = await connectRaw(server.smtpPort)
      const replies: string[] = []
      for (let mail = 0; mail < mailsPerSession; mail++) {
        replies.push(await sendOne(client, `order-${session}-${mail}`, mail === 0 ? 300_000 : 500))
      }
      client.socket.destroy()
      return replies
    }
    const replies = (await Promise.all(Array.from({ length: sessions }, (_, index) => send(index)))).flat()
    await until(() => replies.every((reply) => trace.read().includes(reply)), 'the trace has every reply')
    await trace.stop()
    await server.kill('SIGTERM')
    await hook.stop()

    const lines = trace.read().split('\n')
    const orders = replies.map((reply) => describeOrder(lines, reply))
    rmSync(folder, { recursive: true, force: true })
    console.log(`order of system calls: ${orders.filter((order) => order === 'kept').length} of ${replies.length} 250s`)
    expect(orders).toEqual(replies.map(() => 'kept'))
  },
)

/**
 * The page with the mail's id is written to the log of the database by the one thread that writes there; the sync that
 * follows in that thread has to be over before the reply that names the id begins to be written.
 */
function describeOrder(lines: string[], reply: string): string {
  const id = /^250 .*stored as (\S+)$/.exec(reply)?.[1]
  if (!id) return reply
  const replied = lines.findIndex((line) => line.includes(`stored as ${id}`))
  const written = lines.findIndex((line) => /pwrite64\(\d+<[^>]*-wal>/.test(line) && line.includes(id))
  if (written < 0) return 'never written'
  const thread = lines[written]?.split(' ')[0] ?? ''
  const isSynced = (line: string): boolean =>
    line.startsWith(`${thread} `) && /(fsync|fdatasync)(\(\d+<[^>]*-wal>\)| resumed>\)?).*= 0$/.test(line)
  const synced = lines.findIndex((line, index) => index > written && isSynced(line))
  if (synced < 0) return 'never synced'
  return synced < replied ? 'kept' : `replied in line ${replied}, synced in line ${synced}`
}
