import type { ChannelLine } from '../../../engine/channel-calls.js'
import { Badge } from './badge.js'
import { Time } from './time.js'

/** How a channel is, and why: it cannot be used, it is paused, its buttons do not work, or all is well. */
export function ChannelState({ channel: { problem, paused, buttons } }: { channel: ChannelLine }) {
  return (
    <>
      {problem !== null ? (
        <Badge tone="bad" icon="cross">
          cannot be used
        </Badge>
      ) : paused !== null ? (
        <Badge tone="warn" icon="pause">
          paused
        </Badge>
      ) : (
        <Badge tone="good" icon="check">
          ok
        </Badge>
      )}
      {problem !== null ? <p class="sub">{problem}</p> : null}
      {paused !== null ? (
        <p class="sub">
          {paused.reason} · {paused.until === null ? 'until somebody resumes it' : 'tried again '}
          {paused.until === null ? null : <Time at={paused.until} />}
        </p>
      ) : null}
      {buttons !== null ? <p class="sub">Its buttons do not work: {buttons}</p> : null}
    </>
  )
}

/** Where its messages go. */
export function describePlace({ destination, address_hint: hint }: ChannelLine): string {
  return destination ?? (hint === null ? 'each recipient' : 'people')
}
