import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import type { JobLine } from '../../../domain/job.js'
import { describeSchedule } from '../../../domain/schedule-words.js'
import { nameOfModule, plainModuleFilename } from '../../module-file.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { ActionButton } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { Card, EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { TextField } from '../elements/field.js'
import { type EnteredJob, JobFields } from '../elements/job-form.js'
import { JobState } from '../elements/job-state.js'
import { Pager } from '../elements/pager.js'
import { type Refusal, RefusedModule } from '../elements/refused-module.js'
import { Time } from '../elements/time.js'
import { done } from '../flash.js'
import { frameSource } from '../frame-source.js'
import { hrefOfJob } from '../job-links.js'
import { readEntered, readJobFields } from '../job-upload.js'
import { readPageQuery } from '../read-form.js'
import { readUpload, takeFile, takeText } from '../read-upload.js'
import type { RenderPage } from '../render-page.js'
import type { MountPage } from './page.js'

const pageSize = 50
const query = z.object({ cursor: z.string().max(200).optional() })

/** The programs that run by the clock, and the form for a new one. */
export const jobsPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/jobs', (c) => showJobs({ c, calls, render }))
  app.post('/jobs', async (c) => {
    const actor = actAs(c, 'admin')
    const form = await readUpload(c)
    const given = takeText(form, 'name', 100)
    try {
      const upload = await readJobFields(form, given || (await nameOfFile(form)))
      await refuseExisting(calls, upload.name)
      const job = await calls.uploadJob(upload, actor)
      const words = describeSchedule(job.schedule)
      return done(c, hrefOfJob(job.name), `“${job.name}” was checked and is there. It runs ${words} (${job.timezone}).`)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return showJobs(
        { c, calls, render },
        { ...readEntered(form), name: given, refusal: await refuseJob(error, form) },
      )
    }
  })
  return app
}

/** Why a job's form was refused, with the lines of its source. */
export async function refuseJob({ status, message, hint }: ApiError, form: FormData): Promise<Refusal> {
  const module = await takeFile(form, 'module')
  return { status, message, hint, frame: module && frameSource(message, module) }
}

async function nameOfFile(form: FormData): Promise<string> {
  const module = await takeFile(form, 'module')
  return module ? nameOfModule(plainModuleFilename(module.filename)) : ''
}

/** A new job must not take over another one by mistake. */
async function refuseExisting(calls: ConsoleParts['calls'], name: string): Promise<void> {
  if (!(await calls.listJobs()).some((job) => job.name === name)) return
  throw new ApiError(
    409,
    'exists',
    `There is a job “${name}” already.`,
    'Change it on its own page, or choose another name.',
  )
}

interface Shown {
  c: Context<ConsoleEnv>
  calls: ConsoleParts['calls']
  render: RenderPage
}

type Entered = EnteredJob & { name: string; refusal: Refusal }

async function showJobs({ c, calls, render }: Shown, entered?: Entered) {
  const { cursor = '' } = readPageQuery(c, query)
  const [jobs, channels] = await Promise.all([calls.listJobs(), calls.listChannels()])
  const rest = jobs.filter(({ name }) => name > cursor)
  const shown = rest.slice(0, pageSize)
  const status = entered?.refusal.status as 400 | undefined
  return render(
    c,
    { title: 'Jobs', section: 'jobs', styles: ['guests.css'], ...(status && { status }) },
    <>
      {entered ? <RefusedModule refusal={entered.refusal} /> : null}
      <div id="jobs" data-live="jobs">
        {jobs.length === 0 ? <NoJobs /> : <JobTable c={c} jobs={shown} />}
        <Pager url={new URL(c.req.url)} nextCursor={rest.length > pageSize ? (shown.at(-1)?.name ?? null) : null} />
      </div>
      <UploadCard c={c} entered={entered} channels={channels.map(({ name }) => name)} />
    </>,
  )
}

function NoJobs() {
  return (
    <EmptyState title="There is no job yet">
      <p>
        A job is a small program in a sandbox that runs by the clock, with a database of its own. It looks at mails that
        came in, remembers what it needs, and raises notifications: what did not stop, what did not come.
      </p>
      <p>Upload one below, or write it under “jobs” in the config. This is a whole one, in TypeScript:</p>
      <pre>{`export function run({ now }) {\n  console.log('it is ' + now)\n}`}</pre>
    </EmptyState>
  )
}

function JobTable({ c, jobs }: { c: Context<ConsoleEnv>; jobs: JobLine[] }) {
  return (
    <DataTable
      caption="Jobs"
      rows={jobs}
      columns={[
        {
          title: 'Name',
          look: 'wide',
          cell: ({ name, schedule, timezone }) => (
            <>
              <a href={hrefOfJob(name)} class="row-link">
                {name}
              </a>
              <p class="sub">
                {describeSchedule(schedule)} ({timezone}) <code>{schedule}</code>
              </p>
            </>
          ),
        },
        { title: 'State', cell: (job) => <JobState job={job} /> },
        {
          title: 'Next runs',
          look: 'narrow',
          cell: ({ next_runs }) =>
            next_runs.length === 0 ? (
              <span class="dim">none</span>
            ) : (
              next_runs.map((at) => (
                <div>
                  <Time at={at} />
                </div>
              ))
            ),
        },
        {
          title: 'Last run',
          look: 'narrow',
          cell: ({ last_run: run }) =>
            run === null ? (
              <span class="dim">none yet</span>
            ) : (
              <>
                <a href={`/runs/${run.id}`}>
                  <StatusBadge status={run.outcome} />
                </a>
                <p class="sub">
                  <Time at={run.started_at} />
                </p>
              </>
            ),
        },
        { title: 'Do', cell: (job) => <JobButtons c={c} job={job} /> },
      ]}
    />
  )
}

/** To run it, and to let its schedule go on or rest. */
export function JobButtons({ c, job }: { c: Context<ConsoleEnv>; job: JobLine }) {
  const href = hrefOfJob(job.name)
  return (
    <div class="button-row">
      <ActionButton
        c={c}
        action={`${href}/${job.enabled ? 'disable' : 'enable'}`}
        label={job.enabled ? 'Disable' : 'Enable'}
        icon={job.enabled ? 'pause' : 'clock'}
        needs="operator"
      />
      {job.running ? null : (
        <ActionButton c={c} action={`${href}/run`} label="Run now" icon="replay" needs="operator" look="primary" />
      )}
    </div>
  )
}

function UploadCard({
  c,
  entered,
  channels,
}: {
  c: Context<ConsoleEnv>
  entered: Entered | undefined
  channels: string[]
}) {
  const isAllowed = mayActAs(c.get('identity'), 'admin')
  return (
    <Card title="Upload a job" id="upload">
      <form method="post" action="/jobs" enctype="multipart/form-data" data-upload class="upload">
        <TextField
          name="name"
          label="Name"
          value={entered?.name ?? null}
          hint="Lower-case letters, digits and hyphens. Left empty, it is the file's name."
        />
        <JobFields entered={entered ?? {}} channels={channels} isNew />
        <button
          type="submit"
          class="button primary"
          disabled={!isAllowed}
          title={isAllowed ? undefined : 'takes the role admin'}
        >
          Check and upload
        </button>
      </form>
      {isAllowed ? null : <p class="note">Uploading takes the role admin.</p>}
    </Card>
  )
}
