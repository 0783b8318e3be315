import { Hono } from 'hono'
import type { JobRun } from '../../../domain/job.js'
import type { NotificationSummary } from '../../../store/notification-store.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { ButtonLink } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { Card, Facts } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Icon } from '../elements/icon.js'
import { LogLines } from '../elements/log-lines.js'
import { describeMs, Time } from '../elements/time.js'
import { hrefOfJob } from '../job-links.js'
import type { MountPage } from './page.js'

/** A run raises 20 at most, and others are told of it. */
const notificationsShown = 50
const titleMax = 200
const errorMax = 4_000

/** One run of a job: how it ended, what it logged, and what it raised. While it is under way the page follows it. */
export const runPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/runs/:id', async (c) => {
    const run = await calls.readRun(c.req.param('id'))
    const { items } = await calls.listNotifications({
      limit: notificationsShown,
      runId: run.id,
      route: `job ${run.job}`,
      since: Date.parse(run.started_at),
    })
    return render(
      c,
      {
        title: `Run of ${cutText(run.job, titleMax)}`,
        section: 'jobs',
        above: [
          { label: 'Jobs', href: '/jobs' },
          { label: cutText(run.job, titleMax), href: hrefOfJob(run.job) },
        ],
        actions: (
          <ButtonLink href={hrefOfJob(run.job)} icon="calendar">
            All its runs
          </ButtonLink>
        ),
        styles: ['guests.css'],
      },
      <RunView run={run} notifications={items} />,
    )
  })
  return app
}

function RunView({ run, notifications }: { run: JobRun; notifications: NotificationSummary[] }) {
  const { id, outcome, error } = run
  const isRunning = outcome === 'running'
  const refresh = {
    'hx-get': `/runs/${id}`,
    'hx-trigger': 'every 1s',
    'hx-target': '#run',
    'hx-select': '#run',
    'hx-swap': 'outerHTML',
  }
  return (
    <div id="run" {...(isRunning ? refresh : {})}>
      <RunFacts run={run} />
      {error ? (
        <div class="flash failed" role="alert">
          <Icon name="warning" />
          <div class="refused">
            <p>{outcome === 'interrupted' ? 'It was interrupted.' : 'It failed, and nothing it did was kept.'}</p>
            <pre>{cutText(error, errorMax)}</pre>
          </div>
        </div>
      ) : null}
      <Card title="Log">
        {run.logs.length === 0 ? (
          <p class="note">
            {isRunning ? 'It has logged nothing so far.' : 'It logged nothing.'} What the module writes by{' '}
            <code>console.log</code> stands here.
          </p>
        ) : (
          <LogLines logs={run.logs} label="What it logged" />
        )}
      </Card>
      <NotificationsCard notifications={notifications} isRunning={isRunning} />
    </div>
  )
}

function RunFacts({ run }: { run: JobRun }) {
  const { id, outcome, trigger, scheduled_at, started_at, duration_ms, notifications, rows_changed, sha256 } = run
  return (
    <Facts
      facts={[
        ['Outcome', <StatusBadge status={outcome} />],
        ['Started', <Time at={started_at} />],
        ['By', trigger === 'manual' ? 'a person' : 'the schedule'],
        ['Due', trigger === 'manual' ? null : <Time at={scheduled_at} />],
        ['Took', duration_ms === null ? null : describeMs(duration_ms)],
        ['Notifications raised', notifications],
        ['Rows changed', rows_changed],
        ['Version', sha256 === null ? null : <code>{sha256.slice(0, 12)}</code>],
        ['Id', <code>{id}</code>],
      ]}
    />
  )
}

function NotificationsCard({ notifications, isRunning }: { notifications: NotificationSummary[]; isRunning: boolean }) {
  return (
    <Card title="Notifications">
      {notifications.length === 0 ? (
        <p class="note">
          {isRunning
            ? 'What it raises is sent once it has ended well.'
            : 'It raised none, and nobody was told how it ended.'}
        </p>
      ) : (
        <DataTable
          caption="Notifications of this run"
          rows={notifications}
          columns={[
            {
              title: 'Title',
              look: 'wide',
              cell: ({ id, title }) => (
                <a href={`/notifications/${id}`} class="row-link">
                  {cutText(title, titleMax)}
                </a>
              ),
            },
            { title: 'State', cell: ({ status }) => <StatusBadge status={status} /> },
            { title: 'Severity', cell: ({ severity }) => severity },
            { title: 'Reason', cell: ({ reason, flagged }) => cutText(flagged ?? reason ?? '', titleMax) },
          ]}
        />
      )}
    </Card>
  )
}
