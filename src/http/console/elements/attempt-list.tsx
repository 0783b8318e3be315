import type { DeliveryDetail } from '../../../store/store.js'
import { cutText } from '../cut-text.js'
import { Badge } from './badge.js'
import { describeMs, Time } from './time.js'

const excerptLengthMax = 300

/**
 * Each try of a delivery with the vendor's own words, and when the next one is. With `last` only so many of the last
 * tries, their words cut.
 */
export function AttemptList({ delivery, last }: { delivery: DeliveryDetail; last?: number }) {
  const { attempt_list: attempts, next_attempt_at: next, last_error: lastError } = delivery
  const shown = last === undefined ? attempts : attempts.slice(-last)
  return (
    <ol class="attempts">
      {shown.length < attempts.length ? (
        <li class="dim">
          <a href={`/deliveries/${delivery.id}`}>{attempts.length - shown.length} earlier attempts</a>
        </li>
      ) : null}
      {shown.map((attempt) => (
        <li>
          <span class="number">{attempt.number}</span>
          <Outcome outcome={attempt.outcome} />
          {attempt.status_code === null ? null : <span class="code">{attempt.status_code}</span>}
          <span class="words">{last === undefined ? attempt.excerpt : cutText(attempt.excerpt, excerptLengthMax)}</span>
          <span class="dim">
            <Time at={attempt.started_at} /> · {describeMs(attempt.duration_ms)}
          </span>
        </li>
      ))}
      {attempts.length === 0 && lastError ? <li class="words">{cutText(lastError, excerptLengthMax)}</li> : null}
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
