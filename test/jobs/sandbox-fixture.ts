import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { NetworkPolicy } from '#src/domain/config.js'
import type { RunSurroundings } from '#src/jobs/messages.js'
import { createJobSandbox, type JobSandboxOptions, type SandboxRunResult } from '#src/jobs/sandbox.js'
import { openSqliteStore } from '#src/store/sqlite/sqlite-store.js'
import { createWasmHost } from '#src/wasm/host.js'
import { jobModuleLimits } from '#src/wasm/limits.js'
import { makeFolder, writeGuest } from './guests.js'

const open: NetworkPolicy = { denyPrivate: false, allow: [], deny: [] }

interface RunChanges {
  database?: string
  timeoutMs?: number
  runId?: string
  /** ISO time. */
  now?: string
  surroundings?: Partial<RunSurroundings>
}

/** A sandbox with a store beside it, in a folder of its own. */
export function openSandbox(options: JobSandboxOptions = {}) {
  const { folder, remove } = makeFolder()
  const store = openSqliteStore(join(folder, 'data'), () => Date.now())
  const host = createWasmHost({ cacheFolder: join(folder, 'cache'), moduleLimits: jobModuleLimits })
  const sandbox = createJobSandbox(options)
  const databases = join(folder, 'databases')
  mkdirSync(databases)

  const surroundings: RunSurroundings = {
    archive: join(folder, 'data', 'mailtrigger.sqlite3'),
    people: [{ address: 'tim@x.example', name: 'Tim', manager: 'boss@x.example', channels: ['telegram'] }],
    groups: ['devops'],
    channels: ['ops'],
    allowHosts: [],
    network: open,
    userAgent: 'test',
  }

  async function runModule(
    path: string,
    changes: RunChanges = {},
    signal = new AbortController().signal,
  ): Promise<SandboxRunResult> {
    const module = await host.load(path)
    const { now = new Date().toISOString() } = changes
    const runId = changes.runId ?? randomUUID()
    return sandbox.run(
      {
        runId,
        module,
        input: JSON.stringify({ version: 1, job: { name: 'j', config: {} }, now, scheduled_at: now, run_id: runId }),
        config: {},
        surroundings: { ...surroundings, ...changes.surroundings },
        databasePath: changes.database ?? join(databases, 'j.sqlite3'),
        timeoutMs: changes.timeoutMs ?? 20_000,
      },
      signal,
    )
  }

  return {
    folder,
    store,
    host,
    sandbox,
    surroundings,
    databasePath: (name: string) => join(databases, `${name}.sqlite3`),
    runModule,
    /** Runs a job with this body; `$said` in the guest is what the test gets back, by the log. */
    runBody: (name: string, body: string, changes?: RunChanges, signal?: AbortSignal) =>
      runModule(writeGuest(folder, name, body), { database: join(databases, `${name}.sqlite3`), ...changes }, signal),
    stop: async () => {
      await sandbox.stop()
      await host.stop()
      await store.close()
      remove()
    },
  }
}
