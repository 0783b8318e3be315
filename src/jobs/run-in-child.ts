import { readFile } from 'node:fs/promises'
import { SandboxError } from '../domain/errors.js'
import type { JobNotification } from '../domain/job.js'
import { openGuardedDatabase } from '../store/sqlite/guarded-database.js'
import { runGuest } from '../wasm/run-guest.js'
import type { CallReporter } from '../wasm/serve-calls.js'
import { createGuestCalls } from './guest-calls.js'
import type { RunRequest } from './messages.js'
import type { RunReport } from './notification.js'

/**
 * One run, inside its process: one transaction around everything the guest does to its database. What it raised is
 * committed in the same transaction, so that an alert is never lost between two databases. When the guest fails, or
 * this process is killed, nothing of the run stays.
 */
export async function runInChild(request: RunRequest, reporter: CallReporter): Promise<string> {
  const module = new WebAssembly.Module(await readFile(request.module.path))
  const database = openGuardedDatabase(request.database.path, request.database.bytesMax)
  try {
    const leftover = database.readReport()
    if (leftover) return JSON.stringify({ type: 'leftover', report: JSON.parse(leftover.report) })
    database.begin()
    const notifications: JobNotification[] = []
    const guestCalls = createGuestCalls({ database, surroundings: request.surroundings, notifications })
    reporter.begin()
    try {
      const { sha256, path } = request.module
      const { input, config, limits } = request
      await runGuest(
        module,
        { sha256, path, export: 'run', input, config, limits, http: null },
        reporter,
        guestCalls.answers,
      )
    } finally {
      await guestCalls.stop()
    }
    const report: RunReport = { run_id: request.runId, notifications, rows_changed: database.rowsChanged() }
    commit(() => database.commit(request.runId, JSON.stringify(report)))
    return JSON.stringify({ type: 'finished', report })
  } finally {
    database.close()
  }
}

/** What keeps a run from being committed is told as the run's failure: constraints that are checked last, a full disk. */
function commit(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (error instanceof SandboxError) throw error
    throw new SandboxError('trap', `the run could not be committed: ${error instanceof Error ? error.message : error}`)
  }
}
