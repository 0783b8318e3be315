import type { JobRun } from '../../../domain/job.js'
import { Icon, type IconName } from './icon.js'

const marks: Record<JobRun['outcome'], { icon: IconName; word: string }> = {
  success: { icon: 'check', word: 'went well' },
  failure: { icon: 'cross', word: 'failed' },
  interrupted: { icon: 'warning', word: 'interrupted' },
  running: { icon: 'clock', word: 'is running' },
}

/** How the last runs ended, the oldest first: a mark each, and what they come to in words. */
export function RunHistory({ runs }: { runs: JobRun[] }) {
  const count = (outcome: JobRun['outcome']): number => runs.filter((run) => run.outcome === outcome).length
  const told = (['success', 'failure', 'interrupted', 'running'] as const)
    .filter((outcome) => count(outcome) > 0)
    .map((outcome) => `${count(outcome)} ${marks[outcome].word}`)
  return (
    <section class="history" aria-label="How the last runs ended">
      <p class="sub">
        {runs.length === 1 ? 'One run' : `The last ${runs.length} runs`}: {told.join(', ')}
      </p>
      <ol>
        {[...runs].reverse().map(({ id, outcome, started_at }) => (
          <li class={outcome}>
            <a href={`/runs/${id}`} title={`${started_at.slice(0, 16).replace('T', ' ')} UTC ${marks[outcome].word}`}>
              <Icon name={marks[outcome].icon} />
              <span class="hidden">{marks[outcome].word}</span>
            </a>
          </li>
        ))}
      </ol>
    </section>
  )
}
