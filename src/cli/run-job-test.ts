import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../domain/config.js'
import type { JobSettings } from '../domain/job.js'
import { createIdSource } from '../domain/new-id.js'
import type { GivenMail, JobTest } from '../domain/route-test.js'
import { jobSurroundings } from '../engine/job-surroundings.js'
import { planRun } from '../engine/plan-run.js'
import { userAgent } from '../engine/user-agent.js'
import { openJobFiles } from '../jobs/job-files.js'
import { loadConfigJobs } from '../jobs/load-jobs.js'
import { type RunParts, runJob } from '../jobs/run-job.js'
import { createJobSandbox } from '../jobs/sandbox.js'
import { openSqliteStore } from '../store/sqlite/sqlite-store.js'
import type { Store } from '../store/store.js'
import { createWasmHost } from '../wasm/host.js'
import { jobModuleLimits } from '../wasm/limits.js'
import { composeTestMail } from './compose-test-mail.js'
import type { TestedRun } from './judge-route-test.js'

/** Runs jobs of a config in the real sandbox, at a time of the test's choosing. Always `stop` it. */
export interface JobTester {
  run: (test: JobTest, now: number, signal: AbortSignal) => Promise<TestedRun[]>
  stop: () => Promise<void>
}

export function openJobTester(config: Config): JobTester {
  const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-'))
  const host = createWasmHost({ cacheFolder: join(folder, 'wasm-cache'), moduleLimits: jobModuleLimits })
  const sandbox = createJobSandbox()
  return {
    async run(test, now, signal) {
      const settings = config.jobs[test.job]
      if (!settings) throw new Error(`the config has no job "${test.job}"`)
      // A route test never touches the network.
      const job = { ...settings, allowHosts: [] }
      const dataFolder = mkdtempSync(join(folder, 'test-'))
      const clock = { now }
      const store = openSqliteStore(dataFolder, () => clock.now)
      try {
        return await runAll({ config, host, sandbox, store, dataFolder, clock }, job, test, signal)
      } finally {
        await store.close()
        rmSync(dataFolder, { recursive: true, force: true })
      }
    },
    stop: async () => {
      await sandbox.stop()
      await host.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface TestSurroundings extends Pick<RunParts, 'host' | 'sandbox'> {
  config: Config
  store: Store
  dataFolder: string
  clock: { now: number }
}

/** One run after the other, on the database the run before left, with the mails that came before each. */
async function runAll(
  surroundings: TestSurroundings,
  job: JobSettings,
  test: JobTest,
  signal: AbortSignal,
): Promise<TestedRun[]> {
  const { store, clock, host } = surroundings
  const startedAt = clock.now
  const [loaded] = await loadConfigJobs(host, { [job.name]: job })
  const waiting = test.given.map((given) => ({ mail: given.mail, receivedAt: timeOf(given, startedAt) }))
  waiting.sort((a, b) => a.receivedAt - b.receivedAt)
  const runs: TestedRun[] = []
  let lastSuccessAt: number | null = null
  for (let number = 0; number < test.runs.times; number++) {
    clock.now = startedAt + number * test.runs.everyMs
    const later = waiting.findIndex((given) => given.receivedAt > clock.now)
    for (const given of waiting.splice(0, later < 0 ? waiting.length : later)) {
      await store.saveMails([await composeTestMail(given.mail, given.receivedAt)])
    }
    const tested: TestedRun = { at: clock.now, error: null, logs: [], deliveries: [] }
    const parts = runParts(surroundings, tested)
    const order = {
      trigger: 'schedule' as const,
      scheduledAt: clock.now,
      lastSuccessAt,
      module: loaded?.module ?? null,
    }
    const run = await runJob(parts, { job, ...order }, signal)
    signal.throwIfAborted()
    if (run.outcome === 'success') lastSuccessAt = clock.now
    runs.push({ ...tested, error: run.error, logs: run.logs })
  }
  return runs
}

/** Runs as the engine does them, but for what becomes of their notifications: they are noted, and nobody sends them. */
function runParts({ config, store, host, sandbox, dataFolder, clock }: TestSurroundings, tested: TestedRun): RunParts {
  const now = () => clock.now
  const newId = createIdSource()
  return {
    store,
    host,
    sandbox,
    files: openJobFiles(join(dataFolder, 'jobs'), sandbox, now),
    surroundings: (job) => jobSurroundings(job, config, { dataFolder, userAgent }),
    async plan(summary) {
      const plan = await planRun(summary, config, [])
      for (const { deliveries } of plan.notifications) {
        for (const { channel, recipient, address, message, purpose, afterMs } of deliveries) {
          const { title, text } = message
          tested.deliveries.push({ channel, recipient, address, title, text, purpose, after_ms: afterMs })
        }
      }
      return plan
    },
    onEnd: () => undefined,
    newId: () => newId(now()),
    now,
  }
}

function timeOf({ at }: GivenMail, now: number): number {
  return at.from === 'now' ? now + at.ms : at.ms
}
