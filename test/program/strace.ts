import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { until } from '../stand-ins/until.js'

/** Whether strace is there and may look at other processes. */
export function canTrace(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
}

export interface Trace {
  /** What was seen so far, a line a call or a part of one. */
  read: () => string
  /** Lets the process go on alone. */
  stop: () => Promise<void>
}

/** Attaches strace to all threads of a process; resolves when it is attached. `args` say what is looked at, or broken. */
export async function traceProcess(pid: number, file: string, args: string[]): Promise<Trace> {
  const strace = spawn('strace', ['-f', '-y', '-p', String(pid), '-o', file, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(strace, 'exit')
  let said = ''
  strace.stderr.setEncoding('utf8')
  strace.stderr.on('data', (text: string) => {
    said += text
  })
  await until(() => said.includes(' attached') || strace.exitCode !== null, 'strace is attached')
  if (strace.exitCode !== null) throw new Error(`strace ended: ${said}`)
  return {
    read: () => readFileSync(file, 'utf8'),
    async stop() {
      if (strace.exitCode === null) strace.kill('SIGINT')
      await ended
    },
  }
}
