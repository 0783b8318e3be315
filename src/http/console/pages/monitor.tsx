import { type Context, Hono } from 'hono'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import type { MonitorLine, RuleLine } from '../../../engine/watch-calls.js'
import type { NotificationSummary } from '../../../store/notification-store.js'
import { nameMonitor } from '../../../watch/monitor-messages.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { ActionButton } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { Card, Facts } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { SeverityBadge } from '../elements/severity-badge.js'
import { Time } from '../elements/time.js'
import { done } from '../flash.js'
import { describeExpected, NextAlarm } from './monitors.js'
import type { MountPage } from './page.js'

const historyMax = 20
const channelsMax = 20
const nameLengthMax = 200
const reasonLengthMax = 500
const titleLengthMax = 160

export const monitorPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/monitors/:name', async (c) => {
    const name = c.req.param('name')
    const monitor = (await calls.listMonitors()).find((one) => one.name === name)
    if (!monitor) {
      const hint = 'Monitors stand in the config; the page Monitors lists those there are.'
      throw new ApiError(404, 'not_found', `There is no monitor “${cutText(name, nameLengthMax)}”.`, hint)
    }
    const { fingerprint } = nameMonitor(name)
    const [history, rules] = await Promise.all([
      calls.listNotifications({ fingerprint, limit: historyMax }),
      calls.listRules(),
    ])
    const path = `/monitors/${encodeURIComponent(name)}`
    return render(
      c,
      {
        title: cutText(name, nameLengthMax),
        section: 'monitors',
        above: [{ label: 'Monitors', href: '/monitors' }],
        actions: <ActionButton c={c} action={`${path}/ping`} label="Say it was seen" icon="pulse" needs="operator" />,
        styles: ['alerts.css'],
      },
      <>
        <div id="monitor" data-live="monitor">
          <MonitorFacts monitor={monitor} now={now()} />
          <History history={history.items} fingerprint={history.next_cursor === null ? null : fingerprint} />
        </div>
        <Listeners monitor={monitor} rules={rules.filter((rule) => isAbout(rule, name))} />
        <PingCard c={c} monitor={monitor} />
      </>,
    )
  })
  app.post('/monitors/:name/ping', async (c) => {
    const name = c.req.param('name')
    const { status } = await calls.pingMonitor(name, 'seen', actAs(c, 'operator'))
    return done(c, `/monitors/${encodeURIComponent(name)}`, `It counts as seen now, and is ${status}.`)
  })
  return app
}

function isAbout({ subject, name }: RuleLine, monitor: string): boolean {
  return subject === 'monitor' && (name === '*' || name === monitor)
}

function MonitorFacts({ monitor, now }: { monitor: MonitorLine; now: number }) {
  const { status, reason, started_at: started } = monitor
  return (
    <Facts
      facts={[
        ['State', <StatusBadge status={status} />],
        ['Why', cutText(reason ?? '', reasonLengthMax)],
        ['Since', <Time at={monitor.changed_at} />],
        ['Last seen', <Time at={monitor.last_seen_at} />],
        ['Expected', describeExpected(monitor)],
        ['Next alarm', <NextAlarm monitor={monitor} now={now} />],
        ['A run began', started ? <Time at={started} /> : null],
        ['Seen by', monitor.expects_mail ? 'a mail that matches its condition, or a ping' : 'a ping'],
      ]}
    />
  )
}

function History({ history, fingerprint }: { history: NotificationSummary[]; fingerprint: string | null }) {
  return (
    <Card title="Down and up again">
      {history.length === 0 ? (
        <p class="dim">
          It has never been down, as far as is kept. Each alarm would stand here, with the time when it was over.
        </p>
      ) : (
        <DataTable
          caption="Alarms and recoveries, newest first"
          rows={history}
          columns={[
            { title: 'When', look: 'narrow', cell: ({ created_at: at }) => <Time at={at} /> },
            { title: 'Severity', look: 'narrow', cell: ({ severity }) => <SeverityBadge severity={severity} /> },
            {
              title: 'What',
              look: 'wide',
              cell: ({ id, title }) => <a href={`/notifications/${id}`}>{cutText(title, titleLengthMax)}</a>,
            },
            { title: 'State', look: 'narrow', cell: ({ status }) => <StatusBadge status={status} /> },
            { title: 'Over', look: 'narrow', cell: ({ resolved_at: at }) => <Time at={at} far="–" /> },
          ]}
        />
      )}
      {fingerprint === null ? null : (
        <p>
          <a href={`/notifications?${new URLSearchParams({ fingerprint })}`}>Everything that is kept</a>
        </p>
      )}
    </Card>
  )
}

function Listeners({ monitor, rules }: { monitor: MonitorLine; rules: RuleLine[] }) {
  const added = (event: RuleLine['event']): string[] =>
    rules.filter((rule) => rule.event === event).flatMap(({ channels }) => channels)
  const down = [...new Set([...monitor.on_down, ...added('on_down')])]
  const recovery = [...new Set([...monitor.on_recovery, ...added('on_recovery')])]
  return (
    <Card title="Who hears of it" actions={<a href="/rules">Add or remove</a>}>
      <Facts
        facts={[
          ['When it is down', <ChannelLinks names={down} />],
          ['When it is back', <ChannelLinks names={recovery} />],
        ]}
      />
      {down.length === 0 ? (
        <p class="note warn">Nobody is told when it is down: add a rule, or “on_down” in the config.</p>
      ) : null}
    </Card>
  )
}

function ChannelLinks({ names }: { names: string[] }) {
  if (names.length === 0) return <span class="dim">nobody</span>
  return (
    <ul class="labels">
      {names.slice(0, channelsMax).map((name) => (
        <li>
          <a href={`/channels/${encodeURIComponent(name)}`}>{cutText(name, nameLengthMax)}</a>
        </li>
      ))}
      {names.length > channelsMax ? <li>and {names.length - channelsMax} more</li> : null}
    </ul>
  )
}

/** Whoever knows the address may ping, which is more than a viewer may do: they do not see it. */
function PingCard({ c, monitor }: { c: Context<ConsoleEnv>; monitor: MonitorLine }) {
  if (!mayActAs(c.get('identity'), 'operator')) {
    return (
      <Card title="Ping it">
        <p class="dim">Its address is a secret: the roles operator and admin see it.</p>
      </Card>
    )
  }
  const url = monitor.ping_url ?? new URL(monitor.ping_path, c.req.url).href
  return (
    <Card title="Ping it">
      <p>
        At the end of a job that went well. The address is a secret: whoever knows it can keep the alarm from ringing.
      </p>
      <pre class="command">{`backup.sh && curl -fsS -m 10 --retry 3 ${url}`}</pre>
      <p>With its begin and its failure, so that a run that hangs or fails is told at once:</p>
      <pre class="command">{`curl -fsS -m 10 ${url}/start\nbackup.sh && curl -fsS -m 10 --retry 3 ${url} || curl -fsS -m 10 ${url}/fail`}</pre>
      {monitor.ping_url === null ? (
        <p class="dim">
          This is the address under which you see this page; <code>server.http.public_url</code> makes it the one others
          use.
        </p>
      ) : null}
    </Card>
  )
}
