import { Hono } from 'hono'
import { z } from 'zod'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { ButtonLink } from '../elements/action-button.js'
import { plotFiles } from '../elements/plot.js'
import { RangePicker, SeriesPlots } from '../elements/series-plots.js'
import { Tabs } from '../elements/tabs.js'
import { readPageQuery } from '../read-form.js'
import { type RangeName, readRange, timeRanges, toMarks } from '../series-marks.js'
import type { MountPage } from './page.js'
import { NamedStats } from './stats-by-name.js'
import { GuestStats, LlmStats } from './stats-guests.js'

const views = ['all', 'channels', 'routes', 'actions'] as const
const ranges = ['1h', '24h', '7d', '30d', '90d'] as const satisfies RangeName[]
const query = z.object({ range: z.enum(ranges).catch('24h'), view: z.enum(views).catch('all') })
const viewLabels = {
  all: 'Everything',
  channels: 'By channel',
  routes: 'By route',
  actions: 'Actions and LLM',
} as const
const llmDays = 7

type View = (typeof views)[number]

export const statsPages: MountPage = (parts, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/stats', async (c) => {
    const { range, view } = readPageQuery(c, query)
    const url = new URL(c.req.url)
    return render(
      c,
      {
        title: 'Stats',
        section: 'stats',
        ...plotFiles,
        actions: view === 'actions' ? null : <TableLink range={range} view={view} now={parts.now()} />,
      },
      <>
        <Tabs label="What is counted" current={view} tabs={views.map((id) => toTab(url, id))} />
        <RangePicker url={url} current={range} ranges={ranges} />
        <div id="stats-view" data-plots>
          {await showView(parts, view, range)}
        </div>
      </>,
    )
  })
  return app
}

function toTab(url: URL, view: View) {
  const search = new URLSearchParams(url.searchParams)
  search.set('view', view)
  return { id: view, label: viewLabels[view], href: `/stats?${search}` }
}

function TableLink({ range, view, now }: { range: RangeName; view: View; now: number }) {
  const { from, to } = readRange(range, now)
  const step = timeRanges[range].tableStep
  const search = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), step })
  if (view !== 'all') search.set('by', view === 'channels' ? 'channel' : 'route')
  return (
    <ButtonLink href={`/api/v1/stats/series.csv?${search}`} icon="download">
      As CSV
    </ButtonLink>
  )
}

async function showView({ calls, now }: ConsoleParts, view: View, range: RangeName) {
  const time = readRange(range, now())
  if (view === 'actions') {
    const [actions, llm] = await Promise.all([
      calls.listActionCalls(timeRanges[range].spanMs),
      calls.readLlmUse(llmDays),
    ])
    return (
      <>
        <GuestStats actions={actions} words={timeRanges[range].label} />
        <LlmStats use={llm} />
      </>
    )
  }
  if (view === 'all') {
    const { points } = await calls.readSeries(time)
    return <SeriesPlots {...time} marks={toMarks(points)} />
  }
  const by = view === 'channels' ? 'channel' : 'route'
  const { points, names_left_out } = await calls.readSeries({ ...time, by })
  return <NamedStats by={by} points={points} time={time} leftOut={names_left_out} />
}
