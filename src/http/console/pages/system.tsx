import { type Context, Hono } from 'hono'
import type { Finding } from '../../../domain/finding.js'
import { formatDuration, formatSize } from '../../../domain/units.js'
import type { Diagnosis } from '../../../engine/doctor-calls.js'
import type { ServerStatus } from '../../schema/server.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { countOf } from '../count-of.js'
import { cutText } from '../cut-text.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { Badge, StatusBadge, type Tone } from '../elements/badge.js'
import { Card, EmptyState, Facts } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import type { IconName } from '../elements/icon.js'
import { done } from '../flash.js'
import type { MountPage } from './page.js'
import { SystemTabs } from './system-tabs.js'

const checkNames: Record<string, string> = {
  config: 'Config',
  channels: 'Channels',
  queue: 'Queue',
  clock: 'Clock',
  folder: 'Data folder',
  disk: 'Disk',
  certificate: 'SMTP certificate',
  names: 'Names of hosts',
  database: 'Database',
}
const textMax = 500
const rowsMax = 100

export const systemPages: MountPage = ({ calls, status }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/system', async (c) => {
    const [state, diagnosis] = await Promise.all([status(), calls.diagnose()])
    return render(
      c,
      { title: 'System', section: 'system', styles: ['system.css'] },
      <>
        <SystemTabs current="system" />
        <div id="system" data-live="system">
          <ServerFacts state={state} />
          <Health c={c} diagnosis={diagnosis} />
          <Queues state={state} />
        </div>
        <Keys c={c} />
        <p class="actions">
          <ButtonLink href="/api/docs" icon="code">
            API
          </ButtonLink>
          <ButtonLink href="/account" icon="people">
            Your account
          </ButtonLink>
        </p>
      </>,
    )
  })
  app.post('/system/database', async (c) => {
    await calls.startDatabaseCheck(actAs(c, 'operator'))
    return done(c, '/system', 'The database is being looked at.', 'Load this page again to see what came of it.')
  })
  app.post('/system/fix', async (c) => {
    const files = await calls.mend(actAs(c, 'admin'))
    return done(c, '/system', `${countOf(files, 'file')} mended: others on this machine cannot read them any more.`)
  })
  app.post('/system/rotate-key', async (c) => {
    const { key_id, channels } = await calls.rotateKey(actAs(c, 'admin'))
    const text = `There is a new key, ${key_id}; the secrets of ${countOf(channels, 'channel')} were sealed with it.`
    return done(c, '/system', text, 'Links in messages that were sent before go on working.')
  })
  return app
}

function ServerFacts({ state }: { state: ServerStatus }) {
  return (
    <Facts
      facts={[
        ['Version', state.version],
        ['Up', formatDuration(state.uptime_s * 1_000)],
        ['Memory', formatSize(state.memory_bytes)],
        ['Kept', formatSize(state.size_bytes)],
        ['Process', state.pid],
        ['Config', <code>{state.config.hash}</code>],
        ['SMTP', state.smtp.map(({ host, port, tls }) => `${host}, port ${port} (${tls})`).join('; ')],
      ]}
    />
  )
}

function Health({ c, diagnosis: { findings, is_running } }: { c: Context<ConsoleEnv>; diagnosis: Diagnosis }) {
  return (
    <Card
      title="Health"
      actions={
        <>
          {findings.some(({ fixable }) => fixable) ? (
            <ActionButton c={c} action="/system/fix" label="Mend the rights" needs="admin" look="primary" />
          ) : null}
          {is_running ? null : (
            <ActionButton c={c} action="/system/database" label="Look at the whole database" needs="operator" />
          )}
        </>
      }
    >
      <ul class="findings">
        {findings.map((finding) => (
          <li>
            <FindingBadge state={finding.state} />
            <strong>{checkNames[finding.check] ?? finding.check}</strong>
            <span>
              {cutText(finding.text, textMax)}
              {finding.hint && finding.state !== 'ok' ? <span class="sub">{finding.hint}</span> : null}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

const looks: Record<Finding['state'], { tone: Tone; icon: IconName; word: string }> = {
  ok: { tone: 'good', icon: 'check', word: 'ok' },
  warn: { tone: 'warn', icon: 'warning', word: 'look' },
  bad: { tone: 'bad', icon: 'cross', word: 'bad' },
  unknown: { tone: 'quiet', icon: 'dot', word: 'unknown' },
}

function FindingBadge({ state }: { state: Finding['state'] }) {
  const { tone, icon, word } = looks[state]
  return (
    <Badge tone={tone} icon={icon}>
      {word}
    </Badge>
  )
}

function Queues({ state }: { state: ServerStatus }) {
  const { notifications, channels } = state
  return (
    <Card title="Queues" actions={<a href="/deliveries">Deliveries</a>}>
      <Facts
        facts={[
          ['Mails', describeCounts(state.mails)],
          ['Deliveries', describeCounts(state.deliveries)],
          ['Held', notifications.held],
          ['Gathered for digests', notifications.gathered],
          ['To be acknowledged', notifications.unacknowledged],
        ]}
      />
      {channels.length === 0 ? (
        <EmptyState title="Nothing was to be delivered yet">
          <p>How many deliveries each channel has, by their state, will stand here.</p>
        </EmptyState>
      ) : (
        <DataTable
          caption="Deliveries of each channel, by their state"
          columns={[
            {
              title: 'Channel',
              look: 'wide',
              cell: ({ channel }) => <a href={`/channels/${encodeURIComponent(channel)}`}>{channel}</a>,
            },
            { title: 'State', look: 'narrow', cell: ({ status }) => <StatusBadge status={status} /> },
            {
              title: 'Deliveries',
              look: 'number',
              cell: ({ channel, status, count }) => (
                <a href={`/deliveries?${new URLSearchParams({ channel, status })}`}>{count}</a>
              ),
            },
          ]}
          rows={channels.slice(0, rowsMax)}
        />
      )}
      {channels.length > rowsMax ? (
        <p class="hint">The first {rowsMax} of them; each channel's page has its own.</p>
      ) : null}
    </Card>
  )
}

function Keys({ c }: { c: Context<ConsoleEnv> }) {
  return (
    <Card title="Key">
      <p>
        Links and buttons in messages are signed with the server's key, and secrets of channels that were made here are
        sealed with it. Make a new one when somebody may have read the data folder.
      </p>
      <ActionButton
        c={c}
        action="/system/rotate-key"
        label="Make a new key"
        needs="admin"
        look="danger"
        confirm="Make a new key, and seal all secrets with it?"
      />
    </Card>
  )
}

function describeCounts(byStatus: Partial<Record<string, number>>): string {
  const parts = Object.entries(byStatus).map(([status, count]) => `${count} ${status}`)
  return parts.join(', ') || 'none yet'
}
