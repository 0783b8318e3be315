import type { NewNotification } from '../domain/delivery.js'
import type { JobRun, RunTrigger } from '../domain/job.js'
import type { CommittedRouting, Page } from './store.js'

/** What is kept of jobs: their runs, whether they are enabled, and those that were uploaded. */
export interface JobStore {
  /** Records a run as `running`. */
  startRun: (run: NewRun) => Promise<void>
  /**
   * The end of a run and what it raised, in one transaction. False when the run had ended already: then nothing is
   * changed, so whoever is not sure may say it again. Only a success may follow upon another end: a process that was
   * killed can have committed in its last moment.
   */
  finishRun: (end: RunEnd, notifications: NewNotification[]) => Promise<CommittedRouting | false>
  readRun: (runId: string) => Promise<JobRun | null>
  /** Newest first. */
  listRuns: (job: string, page: { limit: number; cursor?: string }) => Promise<Page<JobRun>>
  /** Runs that were under way when the program ended. */
  listUnfinishedRuns: () => Promise<JobRun[]>
  readJobState: (job: string) => Promise<JobState | null>
  saveJobState: (job: string, state: Pick<JobState, 'enabled' | 'watchedSince'>) => Promise<void>
  listUploadedJobs: () => Promise<UploadedJob[]>
  saveUploadedJob: (job: UploadedJob) => Promise<void>
  /** Forgets an uploaded job with its runs and its state; false when there is none. */
  deleteUploadedJob: (job: string) => Promise<boolean>
}

export interface NewRun {
  id: string
  job: string
  trigger: RunTrigger
  scheduledAt: number
  startedAt: number
  sha256: string | null
}

export interface RunEnd extends Pick<JobRun, 'id' | 'error' | 'logs'> {
  outcome: Exclude<JobRun['outcome'], 'running'>
  finishedAt: number
  durationMs: number | null
  /** How many the guest raised; what is told of the run itself is not counted. */
  notifications: number
  rowsChanged: number
  /** How many of the job's runs are kept. */
  runsKept: number
}

export interface JobState {
  enabled: boolean
  /** Scheduled times before this one are nobody's loss: the job was not there, or disabled. */
  watchedSince: number
  lastSuccessAt: number | null
}

export interface UploadedJob {
  name: string
  /** Plain JSON; the jobs room knows its form. */
  definition: unknown
  filename: string
  module: Uint8Array
}
