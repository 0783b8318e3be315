import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Finding, ok } from '../domain/finding.js'
import { formatDuration } from '../domain/units.js'

const child = fileURLToPath(new URL('../store/sqlite/check-child.js', import.meta.url))
const timeoutMs = 15 * 60_000
const outputBytesMax = 100_000

/** The check of the whole database: one at a time, and the last answer is remembered until the next. */
export interface DatabaseCheck {
  /** Begins one, unless one is under way. */
  start: () => void
  /** What is known now. */
  read: () => Finding & { is_running: boolean }
  stop: () => void
}

export function createDatabaseCheck(folder: string, now: () => number): DatabaseCheck {
  const ending = new AbortController()
  let running: { since: number } | null = null
  let last: Finding = {
    check: 'database',
    state: 'unknown',
    text: 'not looked at since the start',
    hint: 'mailtrigger doctor --database looks at all of it',
    fixable: false,
  }
  return {
    start() {
      if (running !== null) return
      const since = now()
      running = { since }
      void examineDatabase(folder, ending.signal).then((finding) => {
        running = null
        last = { ...finding, text: `${finding.text} (${new Date(since).toISOString().slice(0, 16)}Z)` }
      })
    },
    read() {
      if (running === null) return { ...last, is_running: false }
      const text = `is being looked at, for ${formatDuration(now() - running.since)}`
      return { ...ok('database', text), is_running: true }
    },
    stop: () => ending.abort(),
  }
}

/** Reads all of it in a process of its own, also while the server runs. Never rejects. */
export function examineDatabase(folder: string, signal: AbortSignal): Promise<Finding> {
  const check = 'database'
  const file = join(folder, 'mailtrigger.sqlite3')
  if (!existsSync(file)) return Promise.resolve(ok(check, 'there is none yet'))
  const hint = 'stop the server, keep a copy of the data folder, and restore the last backup'
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: outputBytesMax, signal } as const
    execFile(process.execPath, [child, file], options, (error, stdout, stderr) => {
      const problems = stdout.trim()
      if (!error && problems === '') return resolve(ok(check, 'is whole'))
      const said =
        problems ||
        stderr
          .trim()
          .split('\n')
          .find((line) => /Error/.test(line)) ||
        error?.message ||
        ''
      resolve({ check, state: 'bad', text: `is damaged: ${said.slice(0, 500)}`, hint, fixable: false })
    })
  })
}
