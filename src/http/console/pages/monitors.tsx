import { Hono } from 'hono'
import { z } from 'zod'
import { formatDuration } from '../../../domain/units.js'
import type { MonitorLine } from '../../../engine/watch-calls.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText, sizeInPage, sliceList } from '../cut-text.js'
import { ButtonLink } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { EmptyState } from '../elements/card.js'
import { Countdown } from '../elements/countdown.js'
import { DataTable } from '../elements/data-table.js'
import { More } from '../elements/more.js'
import { Time } from '../elements/time.js'
import { readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const rowsMax = 40
const rowFrameBytes = 800
const nameLengthMax = 120
const reasonLengthMax = 200

const query = z.object({ from: z.coerce.number().int().min(0).max(100_000).default(0) })

const example = `monitors:
  nightly-backup:
    expect: { when: { from: "backup@*", subject: { contains: OK } } }
    every: 24h
    grace: 1h
    on_down: { send: ops }`

export const monitorsPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/monitors', async (c) => {
    const { from } = readPageQuery(c, query)
    const monitors = (await calls.listMonitors()).toSorted(downFirst)
    const { shown, next } = sliceList(monitors, from, measure, { countMax: rowsMax })
    const actions = (
      <ButtonLink href="/rules" icon="bell">
        Who hears of it
      </ButtonLink>
    )
    return render(
      c,
      { title: 'Monitors', section: 'monitors', actions, styles: ['alerts.css'] },
      <div id="monitors" data-live="monitors">
        {monitors.length === 0 ? <NoMonitors /> : <MonitorTable monitors={shown} now={now()} />}
        <More href="/monitors" from={from} next={next} label="More monitors" />
      </div>,
    )
  })
  return app
}

/** Those that are down come first; otherwise they stay as they come, by name. */
function downFirst(one: MonitorLine, other: MonitorLine): number {
  return Number(other.status === 'down') - Number(one.status === 'down')
}

function measure({ name, reason }: MonitorLine): number {
  const texts = [cutText(name, nameLengthMax), encodeURIComponent(name), cutText(reason ?? '', reasonLengthMax)]
  return texts.reduce((bytes, text) => bytes + sizeInPage(text), rowFrameBytes)
}

function NoMonitors() {
  return (
    <EmptyState title="Nothing is expected to show up">
      <p>
        A monitor tells you of what did <em>not</em> happen: a backup that sent no mail, a cron job that pinged no
        address. Monitors stand in the config:
      </p>
      <pre class="command">{example}</pre>
      <p>Without “expect” a monitor waits for pings, and its page here shows the address.</p>
    </EmptyState>
  )
}

function MonitorTable({ monitors, now }: { monitors: MonitorLine[]; now: number }) {
  return (
    <DataTable
      caption="Monitors, those that are down first"
      rows={monitors}
      columns={[
        { title: 'State', look: 'narrow', cell: ({ status }) => <StatusBadge status={status} /> },
        {
          title: 'Monitor',
          look: 'wide',
          cell: ({ name, reason, expects_mail: expectsMail }) => (
            <>
              <a href={`/monitors/${encodeURIComponent(name)}`} class="row-link">
                {cutText(name, nameLengthMax)}
              </a>
              <p class="sub">
                {expectsMail ? 'a mail, or a ping' : 'a ping'}
                {reason ? ` · ${cutText(reason, reasonLengthMax)}` : ''}
              </p>
            </>
          ),
        },
        { title: 'Expected', look: 'narrow', cell: describeExpected },
        { title: 'Last seen', look: 'narrow', cell: ({ last_seen_at: at }) => <Time at={at} /> },
        { title: 'Next alarm', look: 'narrow', cell: (monitor) => <NextAlarm monitor={monitor} now={now} /> },
      ]}
    />
  )
}

/** `every 24h, 1h to spare` */
export function describeExpected({ every_ms: every, grace_ms: grace }: MonitorLine): string {
  return `every ${formatDuration(every)}${grace > 0 ? `, ${formatDuration(grace)} to spare` : ''}`
}

export function NextAlarm({ monitor, now }: { monitor: MonitorLine; now: number }) {
  if (monitor.due_at !== null) return <Countdown at={monitor.due_at} now={now} />
  return <span class="dim">{monitor.status === 'down' ? 'it was raised' : 'none'}</span>
}
