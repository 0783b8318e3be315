import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../stand-ins/until.js'
import { startWebhookSink } from '../stand-ins/webhook-sink.js'
import { type Load, listDelivered, listStored, missingFrom, oneHook, startLoad } from './load.js'
import { type ServeProcess, startServe } from './serve-process.js'
import { canTrace, traceProcess } from './strace.js'

interface Fault {
  /** What the file system does: the system call and its error. */
  call: 'fsync' | 'pwrite64'
  error: 'EIO' | 'ENOSPC'
  /** The first call of a thread that fails; `+` for all of them from then on. */
  when: string
  /** What the program does about it. */
  outcome: 'goes on' | 'ends'
}

/** `bench/faults.mjs` tries many more, at random. */
const faults: Fault[] = [
  { call: 'fsync', error: 'EIO', when: '7', outcome: 'ends' },
  { call: 'pwrite64', error: 'ENOSPC', when: '23', outcome: 'goes on' },
  { call: 'pwrite64', error: 'EIO', when: '41+', outcome: 'goes on' },
  { call: 'fsync', error: 'ENOSPC', when: '3+', outcome: 'ends' },
]

it.skipIf(!canTrace())(
  'a failing disk under load loses nothing acknowledged (skipped where there is no strace)',
  { timeout: 240_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-faults-'))
    const hook = await startWebhookSink()
    writeFileSync(join(folder, 'routes.yaml'), oneHook(hook))
    let server: ServeProcess | null = await startServe(folder, [])
    const load = startLoad({ sessions: 8, largeEvery: 10, port: () => server?.smtpPort ?? null })
    const outcomes: string[] = []
    for (const fault of faults) {
      const struck: ServeProcess = server
      const code = await strike(struck, fault, join(folder, 'trace'), load)
      outcomes.push(`${fault.call} ${fault.error} ${fault.when}: ${code === null ? 'went on' : `ended with ${code}`}`)
      expect(code, fault.call + struck.log()).toBe(fault.outcome === 'ends' ? 1 : null)
      if (code === null) continue
      expect(struck.log()).toMatch(/the disk did not keep what the store wrote .*Look at the disk/s)
      server = null
      server = await startServe(folder, [])
    }
    await load.stop()
    // What was claimed while nothing could be written is free again at the next start.
    await server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    server = await startServe(folder, [])
    await until(() => missingFrom(listDelivered(hook), load.acknowledged).length === 0, 'all are delivered', 60_000)
    const stored = await listStored(server)
    await server.kill('SIGTERM')
    await hook.stop()
    rmSync(folder, { recursive: true, force: true })
    console.log(`disk faults: acknowledged ${load.acknowledged.size}, stored ${stored.length}; ${outcomes.join('; ')}`)
    expect(missingFrom(stored, load.acknowledged)).toEqual([])
  },
)

/** Lets the fault happen once mails flow; resolves with the exit code, or with null when mails flow again after it. */
async function strike(server: ServeProcess, fault: Fault, file: string, load: Load): Promise<number | null> {
  const { call, error, when } = fault
  let code: number | null | undefined
  void server.ended.then((ended) => {
    code = ended ?? -1
  })
  const flows = async (what: string): Promise<void> => {
    const goal = load.acknowledged.size + 20
    await until(() => code !== undefined || load.acknowledged.size >= goal, what, 30_000)
  }
  await flows('mails flow')
  const inject = `inject=${call}:error=${error}:when=${when}`
  const trace = await traceProcess(server.pid, file, ['-e', `trace=${call}`, '-e', inject])
  const wanted = when.endsWith('+') ? 10 : 1
  const isStruck = (): boolean => trace.read().split('(INJECTED)').length > wanted
  await until(() => code !== undefined || isStruck(), `${call} fails`, 30_000)
  await trace.stop()
  await flows('mails flow again')
  return code ?? null
}
