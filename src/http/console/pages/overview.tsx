import { Hono } from 'hono'
import { z } from 'zod'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { plotFiles } from '../elements/plot.js'
import { RangePicker, SeriesPlots } from '../elements/series-plots.js'
import { findDoor } from '../first-mail-snippets.js'
import { readPageQuery } from '../read-form.js'
import { type RangeName, readRange, sumByName, sumPoints, timeRanges, toMarks } from '../series-marks.js'
import { FirstMail } from './overview-first-mail.js'
import { ChannelHealth, LastLoad, NextRuns } from './overview-health.js'
import { Tiles } from './overview-tiles.js'
import { NeedsAttention } from './overview-troubles.js'
import type { MountPage } from './page.js'

const ranges = ['1h', '24h', '7d'] as const satisfies RangeName[]
const query = z.object({ range: z.enum(ranges).catch('24h') })

export const overviewPages: MountPage = (parts, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/', async (c) => {
    const { range } = readPageQuery(c, query)
    // All at once: asked one after the other, each would wait for its turn among the mails that come in.
    const [{ points, sums, time }, concerns, channels] = await Promise.all([
      readActivity(parts, range),
      readConcerns(parts),
      parts.calls.listChannels(),
    ])
    const { stats } = concerns
    const url = new URL(c.req.url)
    const isEmpty = Object.keys(stats.mails).length === 0 && (await hasNeverReceived(parts))
    return render(
      c,
      { title: 'Overview', section: 'overview', ...plotFiles },
      <>
        <RangePicker url={url} current={range} ranges={ranges} />
        <div id="overview" data-live="overview">
          <Tiles stats={stats} sum={sumPoints(points)} words={timeRanges[range].label} />
          {isEmpty ? <FirstMail door={await readDoor(parts, url)} /> : null}
          <div class="columns">
            <NeedsAttention c={c} concerns={concerns} />
            <div>
              <ChannelHealth channels={channels} sums={sums} />
              {concerns.jobs.length > 0 ? <NextRuns jobs={concerns.jobs} /> : null}
              <LastLoad load={concerns.lastLoad} />
            </div>
          </div>
        </div>
        <div id="plots" data-plots>
          {isEmpty ? null : <SeriesPlots {...time} marks={toMarks(points)} />}
        </div>
      </>,
    )
  })
  return app
}

async function readActivity({ calls, now }: ConsoleParts, range: RangeName) {
  const time = readRange(range, now())
  const [all, byChannel] = await Promise.all([calls.readSeries(time), calls.readSeries({ ...time, by: 'channel' })])
  return { time, points: all.points, sums: sumByName(byChannel.points) }
}

async function readConcerns({ calls }: ConsoleParts) {
  const [stats, deadLetters, { items: unacknowledged }, monitors, jobs, loads] = await Promise.all([
    calls.readStats(),
    calls.listDeadLetterGroups({}),
    calls.listNotifications({ unacknowledged: true, limit: 5 }),
    calls.listMonitors(),
    calls.listJobs(),
    calls.listConfigLoads({ limit: 1 }),
  ])
  return { stats, deadLetters, unacknowledged, monitors, jobs, lastLoad: loads.items[0] }
}

/** Mails that were deleted came, too: as far back as anything is counted. */
async function hasNeverReceived({ calls, now }: ConsoleParts): Promise<boolean> {
  const { points } = await calls.readSeries(readRange('90d', now()))
  return (sumPoints(points)?.counts.received ?? 0) === 0
}

async function readDoor({ calls, status }: ConsoleParts, url: URL) {
  const [{ smtp }, { server }] = await Promise.all([status(), calls.info()])
  return findDoor(smtp[0], url.hostname, server.smtp.recipients)
}
