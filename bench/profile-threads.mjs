// Loaded into the server by `--profile`, in each of its threads: `--cpu-prof` misses threads that are terminated. At
// SIGUSR2 every thread writes what it did so far.
import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { join } from 'node:path'
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'

const folder = process.env.MAILTRIGGER_BENCH_PROFILE ?? '.'
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.start')

const channel = new BroadcastChannel('mailtrigger-bench-profile')
channel.unref()
channel.onmessage = write
if (isMainThread) {
  process.once('SIGUSR2', () => {
    channel.postMessage('write')
    write()
  })
}

function write() {
  session.post('Profiler.stop', (error, result) => {
    if (error) throw error
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `thread-${threadId}.cpuprofile`), JSON.stringify(result.profile))
  })
}
