import { type Context, Hono } from 'hono'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import type { JobLine } from '../../../domain/job.js'
import { formatDuration } from '../../../domain/units.js'
import type { JobSettingsLine } from '../../../engine/guest-detail-calls.js'
import type { RuleLine } from '../../../engine/watch-calls.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { ActionButton } from '../elements/action-button.js'
import { Card, EmptyState, Facts } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Select } from '../elements/field.js'
import { type EnteredJob, JobFields } from '../elements/job-form.js'
import { type Refusal, RefusedModule } from '../elements/refused-module.js'
import { done } from '../flash.js'
import { hrefOfJob } from '../job-links.js'
import { readEntered, readJobFields } from '../job-upload.js'
import { readUpload } from '../read-upload.js'
import type { RenderPage } from '../render-page.js'
import { type JobShown, showJob } from './job.js'
import { jobEvents } from './job-acts.js'
import { refuseJob } from './jobs.js'
import type { MountPage } from './page.js'

const eventWords: Record<string, string> = {
  on_failure: 'a run fails or is interrupted',
  on_success: 'a run went well',
  on_completion: 'a run ends, however',
}

/** What holds for a job's runs, and who hears of them. */
export const jobSettingsPages: MountPage = ({ calls }, render: RenderPage) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/jobs/:name/settings', (c) => showSettings({ c, calls, render }))
  app.post('/jobs/:name/settings', async (c) => {
    const actor = actAs(c, 'admin')
    const name = c.req.param('name')
    const form = await readUpload(c)
    try {
      const upload = await readJobFields(form, name)
      await calls.uploadJob(upload, actor)
      return done(c, `${hrefOfJob(name)}/settings`, 'The settings are changed, from the next run on.')
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return showSettings({ c, calls, render }, { ...readEntered(form), refusal: await refuseJob(error, form) })
    }
  })
  return app
}

type Entered = EnteredJob & { refusal: Refusal }

async function showSettings({ c, calls, render }: JobShown, entered?: Entered): Promise<Response> {
  const view = async (job: JobLine) => {
    const [settings, rules, channels] = await readParts(calls, job.name)
    return (
      <>
        {entered ? <RefusedModule refusal={entered.refusal} /> : null}
        <div class="columns">
          <SettingsCard settings={settings} />
          <RulesCard c={c} job={job.name} rules={rules} channels={channels} />
        </div>
        {job.origin === 'config' ? (
          <p class="note">It stands under “jobs” in the config: change it there.</p>
        ) : (
          <ChangeCard c={c} job={job} entered={entered ?? listEntered(job, settings)} channels={channels} />
        )}
      </>
    )
  }
  return showJob({ c, calls, render }, 'settings', view, entered?.refusal.status as 400 | undefined)
}

async function readParts(calls: ConsoleParts['calls'], job: string): Promise<[JobSettingsLine, RuleLine[], string[]]> {
  const [settings, rules, channels] = await Promise.all([
    calls.readJobSettings(job),
    calls.listRules(),
    calls.listChannels(),
  ])
  const own = rules.filter(({ subject, name }) => subject === 'job' && (name === job || name === '*'))
  return [settings, own, channels.map(({ name }) => name)]
}

/** What is, in the words of the form. */
function listEntered({ schedule, timezone }: JobLine, settings: JobSettingsLine): EnteredJob {
  return {
    schedule,
    timezone,
    send: settings.send.join(', '),
    timeout: formatDuration(settings.timeout_ms).replaceAll(' ', ''),
    allow_hosts: settings.allow_hosts.join(', '),
    on_failure: settings.on_failure.join(', '),
    on_success: settings.on_success.join(', '),
    on_completion: settings.on_completion.join(', '),
  }
}

function SettingsCard({ settings }: { settings: JobSettingsLine }) {
  const { filename, timeout_ms, allow_hosts, config, send, on_failure, on_success, on_completion } = settings
  const nobody = <span class="dim">nobody</span>
  return (
    <Card title="Settings in force">
      <Facts
        facts={[
          ['Module', filename],
          ['Time for one run', formatDuration(timeout_ms)],
          ['HTTP calls to', allow_hosts.length > 0 ? allow_hosts.join(', ') : 'nowhere'],
          ['Notifications go to', send.length > 0 ? send.join(', ') : 'the channel that each of them names'],
          ['When a run fails', on_failure.length > 0 ? on_failure.join(', ') : nobody],
          ['When a run went well', on_success.length > 0 ? on_success.join(', ') : nobody],
          ['When a run ends', on_completion.length > 0 ? on_completion.join(', ') : nobody],
          ...Object.entries(config).map(([key, value]): [string, string] => [`config: ${key}`, value]),
        ]}
      />
    </Card>
  )
}

interface RulesProps {
  c: Context<ConsoleEnv>
  job: string
  rules: RuleLine[]
  channels: string[]
}

function RulesCard({ c, job, rules, channels }: RulesProps) {
  const href = hrefOfJob(job)
  return (
    <Card title="Who else hears of its runs">
      {rules.length === 0 ? (
        <EmptyState title="Nobody else">
          <p>A rule tells a channel how the runs of this job end, without a change of the config.</p>
        </EmptyState>
      ) : (
        <DataTable
          caption="Rules of notification"
          rows={rules}
          columns={[
            { title: 'When', look: 'wide', cell: ({ event }) => eventWords[event] ?? event },
            { title: 'Channels', cell: (rule) => rule.channels.join(', ') },
            { title: 'Of', cell: ({ name }) => (name === '*' ? 'all jobs' : 'this job') },
            {
              title: 'Do',
              cell: ({ id }) => (
                <ActionButton c={c} action={`${href}/rules/remove`} label="Remove" icon="trash" needs="admin">
                  <input type="hidden" name="id" value={id} />
                </ActionButton>
              ),
            },
          ]}
        />
      )}
      {channels.length === 0 || !mayActAs(c.get('identity'), 'admin') ? null : (
        <form method="post" action={`${href}/rules`} class="rule">
          <Select
            name="event"
            label="When"
            options={jobEvents.map((value) => ({ value, label: eventWords[value] ?? value }))}
          />
          <Select
            name="channel"
            label="Tell the channel"
            options={channels.slice(0, 200).map((value) => ({ value, label: value }))}
          />
          <button type="submit" class="button">
            Add the rule
          </button>
        </form>
      )}
    </Card>
  )
}

interface ChangeProps {
  c: Context<ConsoleEnv>
  job: JobLine
  entered: EnteredJob
  channels: string[]
}

function ChangeCard({ c, job, entered, channels }: ChangeProps) {
  const isAllowed = mayActAs(c.get('identity'), 'admin')
  if (!isAllowed) return <p class="note">Changing it takes the role admin.</p>
  return (
    <Card title="Change it">
      <form
        method="post"
        action={`${hrefOfJob(job.name)}/settings`}
        enctype="multipart/form-data"
        data-upload
        class="upload"
      >
        <JobFields entered={entered} channels={channels} isNew={false} />
        <button type="submit" class="button primary">
          Check and change
        </button>
      </form>
    </Card>
  )
}
