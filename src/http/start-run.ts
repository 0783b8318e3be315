import { setTimeout as sleep } from 'node:timers/promises'
import type { JobCalls, JobRun } from '../domain/job.js'

/** Starts a run: the run when it ends in time; else the run as it stands, to be asked for by its id. */
export async function startRun(
  calls: Pick<JobCalls, 'runJob' | 'readJob'>,
  { name, actor }: { name: string; actor: string },
  waitMs: number,
): Promise<JobRun> {
  const finished = calls.runJob(name, actor)
  // Nobody may be left to hear how it ends; its record says it.
  finished.catch(() => undefined)
  const over = new AbortController()
  try {
    const run = await Promise.race([finished, sleep(waitMs, null, { signal: over.signal })])
    if (run) return run
    const { last_run: last } = await calls.readJob(name)
    return last?.outcome === 'running' ? last : await finished
  } finally {
    over.abort()
  }
}
