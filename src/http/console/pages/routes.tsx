import { Hono } from 'hono'
import { z } from 'zod'
import type { RouteLine } from '../../../engine/route-calls.js'
import type { ConsoleEnv } from '../console-env.js'
import { countOf } from '../count-of.js'
import { cutText, sizeInPage, sliceList } from '../cut-text.js'
import { ButtonLink } from '../elements/action-button.js'
import { EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { More } from '../elements/more.js'
import { LastMatch, RouteMarks } from '../elements/route-marks.js'
import { readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const routesPerPage = 50
const rowBytes = 900
const linesMax = 4
const lineLengthMax = 160
const nameLengthMax = 200
const query = z.object({ from: z.coerce.number().int().min(0).max(1_000_000).default(0).catch(0) })

/** The routes in the order of evaluation, with what came of each. */
export const routesPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/routes', async (c) => {
    const { from } = readPageQuery(c, query)
    const routes = await calls.listRoutes()
    const actions = (
      <ButtonLink href="/playground" icon="flask">
        Try a change
      </ButtonLink>
    )
    return render(
      c,
      { title: 'Routes', section: 'routes', styles: ['routing.css'], actions },
      routes.length === 0 ? <NoRoutes /> : <RouteList routes={routes} from={from} />,
    )
  })
  return app
}

function NoRoutes() {
  return (
    <EmptyState title="There is no route yet">
      <p>Each mail is kept as unrouted. A route says which mails it takes, and whom it tells:</p>
      <pre>{example}</pre>
      <p>
        <a href="/playground">Try one on mails that came</a>, and write it into the file that the{' '}
        <a href="/config">config</a> names.
      </p>
    </EmptyState>
  )
}

const example = `routes:
  - name: Errors
    when: { subject: { contains: error } }
    steps: [ { send: inbox } ]`

function RouteList({ routes, from }: { routes: RouteLine[]; from: number }) {
  const { shown, next } = sliceList(routes, from, measure, { countMax: routesPerPage })
  const order = new Map(routes.map((route, index) => [route, index + 1]))
  return (
    <div id="routes" data-live={from === 0 ? 'routes' : undefined}>
      <p class="dim">
        {countOf(routes.length, 'route')}, in the order in which they are asked. Every one that matches runs, until one
        stops the list.
      </p>
      <DataTable
        caption="Routes in the order of evaluation"
        rows={shown}
        columns={[
          { title: '#', look: 'number', cell: (route) => order.get(route) ?? '' },
          { title: 'Route', look: 'wide', cell: (route) => <RouteName route={route} /> },
          { title: 'When', cell: (route) => <Lines lines={route.conditions} /> },
          { title: 'Steps', cell: (route) => <Lines lines={route.steps} /> },
          { title: '24 h', look: 'number', cell: (route) => route.hits_24h },
          { title: '7 d', look: 'number', cell: (route) => route.hits_7d },
          { title: 'Last match', cell: (route) => <LastMatch route={route} /> },
        ]}
      />
      <More href="/routes" from={from} next={next} label="Routes" />
    </div>
  )
}

function RouteName({ route }: { route: RouteLine }) {
  const { name, position, sends_to: channels } = route
  return (
    <>
      <a href={`/routes/${encodeURIComponent(name)}`} class="row-link">
        {cutText(name, nameLengthMax)}
      </a>{' '}
      <RouteMarks route={route} />
      <p class="sub">
        <code>{position}</code>
        {channels.length > 0 ? ` → ${cutText(channels.join(', '), nameLengthMax)}` : ' sends nothing by itself'}
      </p>
    </>
  )
}

function Lines({ lines }: { lines: string[] }) {
  const left = lines.length - linesMax
  return (
    <ul class="short-lines">
      {lines.slice(0, linesMax).map((line) => (
        <li class={`depth-${depthOf(line)}`}>{cutText(line.trim(), lineLengthMax)}</li>
      ))}
      {left > 0 ? <li class="dim">and {left} more</li> : null}
    </ul>
  )
}

/** Condition lines are set in by two spaces a level. */
export function depthOf(line: string): number {
  return Math.min(6, Math.floor(line.search(/\S|$/) / 2))
}

function measure({ name, conditions, steps }: RouteLine): number {
  const lines = [...conditions.slice(0, linesMax), ...steps.slice(0, linesMax)].map((line) =>
    line.slice(0, lineLengthMax),
  )
  return rowBytes + 4 * Math.min(name.length, nameLengthMax) + sizeInPage(lines.join(''))
}
