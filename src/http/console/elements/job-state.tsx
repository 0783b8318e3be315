import type { JobLine } from '../../../domain/job.js'
import { Badge } from './badge.js'

/** Whether its schedule goes on, and what it missed. */
export function JobState({ job }: { job: Pick<JobLine, 'enabled' | 'running' | 'missed'> }) {
  return (
    <>
      {job.running ? (
        <Badge tone="busy" icon="clock">
          running
        </Badge>
      ) : job.enabled ? (
        <Badge tone="good" icon="check">
          enabled
        </Badge>
      ) : (
        <Badge tone="quiet" icon="pause">
          disabled
        </Badge>
      )}
      {job.missed > 0 ? (
        <p class="sub">missed {job.missed === 1 ? 'one run' : `${job.missed} runs`} since the last one</p>
      ) : null}
    </>
  )
}
