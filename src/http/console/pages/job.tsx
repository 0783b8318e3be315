import { type Context, Hono } from 'hono'
import type { Child } from 'hono/jsx'
import { z } from 'zod'
import { mayActAs } from '../../../domain/identity.js'
import type { JobLine, JobRun } from '../../../domain/job.js'
import { describeSchedule } from '../../../domain/schedule-words.js'
import { formatSize } from '../../../domain/units.js'
import type { Page } from '../../../store/store.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { ActionButton } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { Card, EmptyState, Facts } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { JobState } from '../elements/job-state.js'
import { Pager } from '../elements/pager.js'
import { RunHistory } from '../elements/run-history.js'
import { Tabs } from '../elements/tabs.js'
import { describeMs, Time } from '../elements/time.js'
import { hrefOfJob } from '../job-links.js'
import { readPageQuery } from '../read-form.js'
import type { PageFrame, RenderPage } from '../render-page.js'
import { JobButtons } from './jobs.js'
import type { MountPage } from './page.js'

const runsPerPage = 25
const runsInBar = 50
const errorMax = 200
const query = z.object({ cursor: z.string().max(64).optional() })

/** One job: when it runs, how its runs ended, and what may be done about it. */
export const jobPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/jobs/:name', async (c) => {
    const name = c.req.param('name')
    const { cursor } = readPageQuery(c, query)
    const [recent, page] = await Promise.all([
      cursor ? null : calls.listRuns(name, { limit: runsInBar }),
      calls.listRuns(name, { limit: runsPerPage, ...(cursor && { cursor }) }),
    ])
    return showJob({ c, calls, render }, 'runs', (job) => (
      <div id="runs" data-live={cursor ? undefined : 'runs'}>
        {recent && recent.items.length > 0 ? <RunHistory runs={recent.items} /> : null}
        <Runs job={job} page={page} url={new URL(c.req.url)} />
      </div>
    ))
  })
  return app
}

export interface JobShown {
  c: Context<ConsoleEnv>
  calls: ConsoleParts['calls']
  render: RenderPage
}

/** A view of a job under what is the same in all of them. */
export async function showJob(
  { c, calls, render }: JobShown,
  tab: 'runs' | 'database' | 'settings',
  view: (job: JobLine) => Child | Promise<Child>,
  status?: PageFrame['status'],
): Promise<Response> {
  const job = await calls.readJob(c.req.param('name') ?? '')
  const href = hrefOfJob(job.name)
  const frame: PageFrame = {
    title: job.name,
    section: 'jobs',
    above: [{ label: 'Jobs', href: '/jobs' }],
    actions: <Buttons c={c} job={job} />,
    styles: ['guests.css'],
    ...(status && { status }),
  }
  return render(
    c,
    frame,
    <>
      <JobFacts job={job} />
      <Tabs
        label="Views of this job"
        current={tab}
        tabs={[
          { id: 'runs', label: 'Runs', href },
          { id: 'database', label: 'Database', href: `${href}/database` },
          { id: 'settings', label: 'Settings', href: `${href}/settings` },
        ]}
      />
      {await view(job)}
    </>,
  )
}

function Buttons({ c, job }: { c: Context<ConsoleEnv>; job: JobLine }) {
  const isOurs = job.origin === 'uploaded' && mayActAs(c.get('identity'), 'admin')
  return (
    <>
      {isOurs ? (
        <ActionButton
          c={c}
          action={`${hrefOfJob(job.name)}/delete`}
          label="Delete"
          icon="trash"
          needs="admin"
          look="danger"
          confirm={`Delete the job “${job.name}” with its runs and its database?`}
        />
      ) : null}
      <JobButtons c={c} job={job} />
    </>
  )
}

function JobFacts({ job }: { job: JobLine }) {
  const { schedule, timezone, next_runs, last_run, last_success_at, database_bytes, origin } = job
  const next =
    next_runs.length === 0 ? (
      'none while it is disabled'
    ) : (
      <ul class="bare-list">
        {next_runs.map((at) => (
          <li>
            <Time at={at} />
          </li>
        ))}
      </ul>
    )
  return (
    <Facts
      facts={[
        ['State', <JobState job={job} />],
        [
          'Schedule',
          <>
            {describeSchedule(schedule)} <code>{schedule}</code>
          </>,
        ],
        ['Timezone', timezone],
        ['Next runs', next],
        [
          'Last run',
          last_run === null ? (
            'none yet'
          ) : (
            <a href={`/runs/${last_run.id}`}>
              <StatusBadge status={last_run.outcome} />
            </a>
          ),
        ],
        ['Last success', <Time at={last_success_at} />],
        ['Database', database_bytes === 0 ? 'none yet' : formatSize(database_bytes)],
        ['Comes from', origin === 'config' ? 'the config' : 'an upload'],
      ]}
    />
  )
}

function Runs({ job, page, url }: { job: JobLine; page: Page<JobRun>; url: URL }) {
  if (page.items.length === 0) {
    return (
      <EmptyState title="It has not run yet">
        <p>Each run will be here with its outcome, its log and what it raised; the last 200 are kept.</p>
        <p>
          {job.enabled && job.next_runs[0] ? (
            <>
              The first one is due <Time at={job.next_runs[0]} />, or start it by “Run now”.
            </>
          ) : (
            'Its schedule rests: enable it, or start a run by “Run now”.'
          )}
        </p>
      </EmptyState>
    )
  }
  return (
    <Card title="Runs">
      <DataTable
        caption="Runs, newest first"
        rows={page.items}
        columns={[
          {
            title: 'Started',
            look: 'narrow',
            cell: (run) => (
              <a href={`/runs/${run.id}`} class="row-link">
                <Time at={run.started_at} />
              </a>
            ),
          },
          {
            title: 'Outcome',
            look: 'wide',
            cell: (run) => (
              <>
                <StatusBadge status={run.outcome} />
                {run.error ? <p class="sub">{cutText(run.error, errorMax)}</p> : null}
              </>
            ),
          },
          { title: 'By', cell: ({ trigger }) => (trigger === 'manual' ? 'a person' : 'the schedule') },
          {
            title: 'Took',
            look: 'number',
            cell: ({ duration_ms }) => (duration_ms === null ? '' : describeMs(duration_ms)),
          },
          { title: 'Raised', look: 'number', cell: ({ notifications }) => notifications },
          { title: 'Rows changed', look: 'number', cell: ({ rows_changed }) => rows_changed },
        ]}
      />
      <Pager url={url} nextCursor={page.next_cursor} />
    </Card>
  )
}
