import type { DeliveryDetail } from '../../../store/store.js'
import { Badge } from './badge.js'
import { describeMs, Time } from './time.js'

/** Each try of a delivery with the vendor's own words, and when the next one is. */
export function AttemptList({ delivery }: { delivery: DeliveryDetail }) {
  const { attempt_list: attempts, next_attempt_at: next, last_error: lastError } = delivery
  return (
    <ol class="attempts">
      {attempts.map((attempt) => (
        <li>
          <span class="number">{attempt.number}</span>
          <Outcome outcome={attempt.outcome} />
          {attempt.status_code === null ? null : <span class="code">{attempt.status_code}</span>}
          <span class="words">{attempt.excerpt}</span>
          <span class="dim">
            <Time at={attempt.started_at} /> · {describeMs(attempt.duration_ms)}
          </span>
        </li>
      ))}
      {attempts.length === 0 && lastError ? <li class="words">{lastError}</li> : null}
      {next ? (
        <li class="next">
          next attempt <Time at={next} />
        </li>
      ) : null}
    </ol>
  )
}

function Outcome({ outcome }: { outcome: string }) {
  const isGood = outcome === 'delivered' || outcome === 'accepted'
  const isBad = outcome === 'permanent'
  return (
    <Badge tone={isGood ? 'good' : isBad ? 'bad' : 'warn'} icon={isGood ? 'check' : isBad ? 'cross' : 'warning'}>
      {outcome}
    </Badge>
  )
}
