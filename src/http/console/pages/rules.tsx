import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { mayActAs } from '../../../domain/identity.js'
import { ruleEvents } from '../../../domain/monitor.js'
import type { RuleLine } from '../../../engine/watch-calls.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText, sizeInPage, sliceList } from '../cut-text.js'
import { ActionButton } from '../elements/action-button.js'
import { Card, EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Select, TextField } from '../elements/field.js'
import { More } from '../elements/more.js'
import { Time } from '../elements/time.js'
import { done } from '../flash.js'
import { readForm, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const rowsMax = 40
const rowFrameBytes = 800
const listBytesMax = 28_000
const nameLengthMax = 120
const channelsLengthMax = 300

const query = z.object({
  from: z.coerce.number().int().min(0).max(10_000).default(0),
  subject: z.enum(['job', 'monitor']).default('monitor'),
  name: z.string().max(200).default('*'),
})
const events: Record<(typeof ruleEvents)[number], string> = {
  on_down: 'a monitor is down',
  on_recovery: 'a monitor is back',
  on_failure: 'a run of a job failed',
  on_success: 'a run of a job went well',
  on_completion: 'a run of a job ended, however',
}
const ruleForm = z.object({
  name: z.string().trim().min(1).max(200),
  event: z.enum(ruleEvents),
  channels: z.string().max(8_000),
})

export const rulesPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/rules', async (c) => {
    const { from, subject, name } = readPageQuery(c, query)
    const [rules, channels] = await Promise.all([calls.listRules(), calls.listChannels()])
    const { shown, next } = sliceList(rules, from, measure, { bytesMax: listBytesMax, countMax: rowsMax })
    return render(
      c,
      {
        title: 'Who hears of jobs and monitors',
        section: 'monitors',
        above: [{ label: 'Monitors', href: '/monitors' }],
        styles: ['alerts.css'],
      },
      <>
        <p class="dim">
          Beside those that the config names (<code>notify</code> of a job, <code>on_down</code> and{' '}
          <code>on_recovery</code> of a monitor), these channels are told.
        </p>
        {rules.length === 0 ? <NoRules /> : <RuleTable c={c} rules={shown} />}
        <More href="/rules" from={from} next={next} label="More rules" />
        <div class="after-list">
          <RuleForm c={c} name={name} subject={subject} channels={channels.map((channel) => channel.name)} />
        </div>
      </>,
    )
  })
  app.post('/rules', async (c) => {
    const actor = actAs(c, 'admin')
    const { name, event, channels } = await readForm(c, ruleForm)
    const subject = event === 'on_down' || event === 'on_recovery' ? 'monitor' : 'job'
    const named = channels.split(/[,\n]/).map((channel) => channel.trim())
    const given = named.filter((channel) => channel !== '')
    await calls.addRule({ subject, name, event, channels: given }, actor)
    return done(c, '/rules', `From now on ${given.join(', ')} hears when ${events[event]} (${name}).`)
  })
  app.post('/rules/:id/remove', async (c) => {
    await calls.removeRule(c.req.param('id'), actAs(c, 'admin'))
    return done(c, '/rules', 'The rule is gone. What the config says still holds.')
  })
  return app
}

function measure({ name, channels }: RuleLine): number {
  return rowFrameBytes + 2 * sizeInPage(cutText(name, nameLengthMax)) + sizeInPage(describeChannels(channels))
}

function describeChannels(channels: string[]): string {
  return cutText(channels.join(', '), channelsLengthMax)
}

function NoRules() {
  return (
    <EmptyState title="Nobody was added">
      <p>Add a channel below, and it hears of a job's runs or of a monitor without a change of the config.</p>
    </EmptyState>
  )
}

function RuleTable({ c, rules }: { c: Context<ConsoleEnv>; rules: RuleLine[] }) {
  return (
    <DataTable
      caption="Rules"
      rows={rules}
      columns={[
        { title: 'When', cell: ({ event }) => events[event] },
        {
          title: 'Of which',
          look: 'wide',
          cell: ({ subject, name }) => (name === '*' ? `all ${subject}s` : cutText(name, nameLengthMax)),
        },
        { title: 'Who hears', cell: ({ channels }) => describeChannels(channels) },
        {
          title: 'Added',
          cell: ({ created_by: by, created_at: at }) => (
            <>
              <Time at={at} />
              <p class="sub">{cutText(by, nameLengthMax)}</p>
            </>
          ),
        },
        {
          title: 'Remove',
          cell: ({ id }) => (
            <ActionButton c={c} action={`/rules/${id}/remove`} label="Remove" icon="trash" needs="admin" />
          ),
        },
      ]}
    />
  )
}

interface RuleFormProps {
  c: Context<ConsoleEnv>
  name: string
  subject: RuleLine['subject']
  channels: string[]
}

function RuleForm({ c, name, subject, channels }: RuleFormProps) {
  if (!mayActAs(c.get('identity'), 'admin')) {
    return (
      <Card title="Add a channel" id="new">
        <p class="dim">This takes the role admin.</p>
      </Card>
    )
  }
  const known = cutText(channels.join(', '), channelsLengthMax)
  return (
    <Card title="Add a channel" id="new">
      <form method="post" action="/rules">
        <div class="form-columns">
          <Select
            name="event"
            label="When"
            value={subject === 'job' ? 'on_failure' : 'on_down'}
            options={Object.entries(events).map(([value, label]) => ({ value, label }))}
          />
          <TextField name="name" label="Of which" value={name} required hint="A job's or a monitor's name; * is all" />
          <TextField
            name="channels"
            label="Channels"
            required
            hint={known === '' ? 'There is no channel yet' : `There are: ${known}`}
          />
        </div>
        <button type="submit" class="button primary">
          Add
        </button>
      </form>
    </Card>
  )
}
