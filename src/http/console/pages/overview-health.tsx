import type { JobLine } from '../../../domain/job.js'
import type { ChannelLine } from '../../../engine/channel-calls.js'
import type { ConfigLoadLine } from '../../../store/config-store.js'
import { countOf } from '../count-of.js'
import { Badge } from '../elements/badge.js'
import { Card, EmptyState } from '../elements/card.js'
import { Time } from '../elements/time.js'
import type { Totals } from '../series-marks.js'
import { percent } from './overview-tiles.js'

const linesMax = 12

/** `sums`: what each channel did in the time that is looked at. */
export function ChannelHealth({ channels, sums }: { channels: ChannelLine[]; sums: Map<string, Totals> }) {
  if (channels.length === 0) {
    return (
      <Card title="Channels">
        <EmptyState title="There is no channel yet">
          <p>
            A channel is a way out: Telegram, Slack, mail … <a href="/channels">Make one</a>.
          </p>
        </EmptyState>
      </Card>
    )
  }
  // What is not well must not be below the fold.
  const ranked = channels.toSorted((one, other) => rank(one, sums) - rank(other, sums))
  return (
    <Card title="Channels" actions={<a href="/channels">All {channels.length} channels</a>}>
      <ul class="health">
        {ranked.slice(0, linesMax).map((channel) => (
          <li>
            <span>
              <a href={`/channels/${encodeURIComponent(channel.name)}`}>{channel.name}</a>{' '}
              <span class="dim">{channel.label}</span>
              <span class="sub">{describeShare(sums.get(channel.name))}</span>
            </span>
            <ChannelBadge channel={channel} sum={sums.get(channel.name)} />
          </li>
        ))}
      </ul>
    </Card>
  )
}

export function ChannelBadge({ channel, sum }: { channel: ChannelLine; sum: Totals | undefined }) {
  if (channel.problem !== null) {
    return (
      <Badge tone="bad" icon="cross">
        cannot be used
      </Badge>
    )
  }
  if (channel.paused) {
    return (
      <Badge tone="warn" icon="pause">
        paused
      </Badge>
    )
  }
  if (sum && sum.counts.dead + sum.counts.attempts_failed > 0) {
    return sum.counts.sent === 0 ? (
      <Badge tone="bad" icon="cross">
        fails
      </Badge>
    ) : (
      <Badge tone="warn" icon="warning">
        some fail
      </Badge>
    )
  }
  return sum && sum.counts.sent > 0 ? (
    <Badge tone="good" icon="check">
      ok
    </Badge>
  ) : (
    <Badge tone="quiet" icon="circle">
      quiet
    </Badge>
  )
}

function rank(channel: ChannelLine, sums: Map<string, Totals>): number {
  if (channel.problem !== null) return 0
  if (channel.paused) return 1
  const counts = sums.get(channel.name)?.counts
  if (counts && counts.dead + counts.attempts_failed > 0) return 2
  return counts && counts.sent > 0 ? 3 : 4
}

function describeShare(sum: Totals | undefined): string {
  const tries = (sum?.counts.sent ?? 0) + (sum?.counts.attempts_failed ?? 0)
  if (!sum || tries === 0) return 'nothing was sent in this time'
  return `${sum.counts.sent} sent, ${percent(sum.counts.sent, tries)} of the attempts`
}

export function NextRuns({ jobs }: { jobs: JobLine[] }) {
  const due = jobs
    .flatMap(({ name, next_runs }) => (next_runs[0] ? [{ name, at: next_runs[0] }] : []))
    .toSorted((one, other) => one.at.localeCompare(other.at))
  return (
    <Card title="Next runs" actions={<a href="/jobs">All jobs</a>}>
      {due.length === 0 ? (
        <p class="note">{jobs.length === 0 ? 'There is no job.' : 'No job is enabled.'}</p>
      ) : (
        <ul class="health">
          {due.slice(0, linesMax / 2).map(({ name, at }) => (
            <li>
              <a href={`/jobs/${encodeURIComponent(name)}`}>{name}</a>
              <span class="at-end">
                <Time at={at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

export function LastLoad({ load }: { load: ConfigLoadLine | undefined }) {
  if (!load) return null
  return (
    <Card title="Config" actions={<a href="/config">Config</a>}>
      <p>
        {load.hash === null ? (
          <Badge tone="bad" icon="cross">
            refused
          </Badge>
        ) : (
          <Badge tone="good" icon="check">
            in force
          </Badge>
        )}{' '}
        {load.hash === null ? 'what is on disk' : `${countOf(load.routes ?? 0, 'route')}`}, read <Time at={load.at} />{' '}
        for {load.actor}
        {load.hash !== null && load.issues.length > 0 ? `, with ${countOf(load.issues.length, 'warning')}` : null}
      </p>
    </Card>
  )
}
