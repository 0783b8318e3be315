import type { ChannelUser } from '../../../engine/channel-users.js'
import { isMap, type Settings } from '../../../engine/secret-settings.js'
import type { ChannelDetail } from '../../../engine/stored-channel-calls.js'
import type { DeliverySummary } from '../../../store/store.js'
import { StatusBadge } from '../elements/badge.js'
import { Card } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Icon } from '../elements/icon.js'
import { Plot } from '../elements/plot.js'
import { Time } from '../elements/time.js'
import type { Mark } from '../series-marks.js'

const usersMax = 100

/** What it is set to; of a secret, only that it is set. */
export function ChannelSettings({ channel: { settings, secrets, name } }: { channel: ChannelDetail }) {
  const lines = listSettings(settings)
  return (
    <Card title="Settings">
      {lines.length === 0 ? (
        <p class="note">It has none.</p>
      ) : (
        <DataTable
          caption={`Settings of ${name}`}
          rows={lines}
          columns={[
            { title: 'Setting', look: 'narrow', cell: ({ path }) => <code>{path}</code> },
            {
              title: 'Value',
              look: 'wide',
              cell: ({ path, text }) =>
                secrets.includes(path) ? <span class="dim">••• (secret)</span> : <code>{text}</code>,
            },
          ]}
        />
      )}
    </Card>
  )
}

function listSettings(settings: Settings, above = ''): { path: string; text: string }[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    const path = `${above}${key}`
    if (isMap(value) && Object.values(value).every((inner) => typeof inner !== 'object')) {
      return listSettings(value, `${path}.`)
    }
    return [{ path, text: typeof value === 'string' ? value : JSON.stringify(value) }]
  })
}

const places: Record<ChannelUser['sort'], ((name: string) => string) | null> = {
  route: (name) => `/routes/${encodeURIComponent(name)}`,
  person: (name) => `/people/${encodeURIComponent(name)}`,
  job: (name) => `/jobs/${encodeURIComponent(name)}`,
  monitor: (name) => `/monitors/${encodeURIComponent(name)}`,
  otherwise: null,
  rule: null,
}
const words: Record<ChannelUser['sort'], string> = {
  route: 'the route',
  person: 'the person',
  job: 'the job',
  monitor: 'the monitor',
  otherwise: 'whatever reaches nobody else (otherwise)',
  rule: 'the rule',
}

/** Who names it: while anybody does, it cannot be deleted. */
export function ChannelUsers({ users }: { users: ChannelUser[] }) {
  const shown = users.slice(0, usersMax)
  return (
    <Card title="Used by" id="used-by">
      {users.length === 0 ? (
        <p class="note">Nobody yet: a route sends on it when one of its steps names it.</p>
      ) : (
        <ul class="plain-list">
          {shown.map(({ sort, name }) => {
            const href = places[sort]?.(name)
            return (
              <li>
                {words[sort]} {href ? <a href={href}>{name}</a> : name}
              </li>
            )
          })}
          {users.length > shown.length ? <li>and {users.length - shown.length} more</li> : null}
        </ul>
      )}
    </Card>
  )
}

/** How much went out on it, how much failed, and how fast it was, over the last 24 hours. */
export function ChannelPlots(time: { from: number; to: number; stepMs: number; marks: Mark[] }) {
  return (
    <Card title="The last 24 hours">
      <div class="plots">
        <Plot
          {...time}
          id="plot-sent"
          title="Sent and failed"
          unit="count"
          empty="Nothing was sent on it in this time."
          lines={[
            { label: 'sent', ink: 'good', value: ({ counts }) => counts.sent },
            { label: 'failed attempts', ink: 'warn', value: ({ counts }) => counts.attempts_failed },
            { label: 'dead letters', ink: 'bad', value: ({ counts }) => counts.dead },
          ]}
        />
        <Plot
          {...time}
          id="plot-latency"
          title="From receipt to sent"
          unit="ms"
          empty="Nothing was sent on it in this time."
          lines={[
            { label: 'half within', ink: 'good', value: ({ p50_ms }) => p50_ms },
            { label: '95 of 100 within', ink: 'warn', value: ({ p95_ms }) => p95_ms },
          ]}
        />
      </div>
    </Card>
  )
}

/** What did not go lately, in the vendor's own words. */
export function ChannelFailures({ channel, failures }: { channel: string; failures: DeliverySummary[] }) {
  const href = `/deliveries?channel=${encodeURIComponent(channel)}`
  return (
    <Card title="Last failures" actions={<a href={href}>All its deliveries</a>}>
      {failures.length === 0 ? (
        <p class="note good">
          <Icon name="check" /> Nothing waits to be tried again, and there is no dead letter.
        </p>
      ) : (
        <DataTable
          caption={`Last failures of ${channel}`}
          rows={failures}
          columns={[
            { title: 'State', look: 'narrow', cell: ({ status }) => <StatusBadge status={status} /> },
            { title: 'Alert', cell: ({ id, title }) => <a href={`/deliveries/${id}`}>{title || '(no title)'}</a> },
            { title: 'What was said', look: 'wide', cell: ({ last_error: error }) => error },
            { title: 'To', cell: ({ recipient, address }) => recipient ?? address ?? 'its own place' },
            { title: 'When', look: 'narrow', cell: ({ updated_at: at }) => <Time at={at} /> },
          ]}
        />
      )}
    </Card>
  )
}
