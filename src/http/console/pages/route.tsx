import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { mayActAs } from '../../../domain/identity.js'
import type { RouteDetail } from '../../../engine/route-calls.js'
import type { MailDetail } from '../../../store/store.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { countOf } from '../count-of.js'
import { cutText, sliceText } from '../cut-text.js'
import { ButtonLink } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { Card, EmptyState, Facts } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Icon } from '../elements/icon.js'
import { Labels } from '../elements/message-view.js'
import { NumberedText } from '../elements/numbered-text.js'
import { Plot, plotFiles } from '../elements/plot.js'
import { LastMatch, RouteMarks } from '../elements/route-marks.js'
import { RangePicker } from '../elements/series-plots.js'
import { Time } from '../elements/time.js'
import { readPageQuery } from '../read-form.js'
import { type RangeName, readRange, toMarks } from '../series-marks.js'
import type { MountPage } from './page.js'
import { depthOf } from './routes.js'

const textLengthMax = 300
const linesShownMax = 60
const searchLengthMax = 500
const yamlBytesMax = 12_000
const ranges = ['24h', '7d', '30d'] as const satisfies RangeName[]
const query = z.object({ range: z.enum(ranges).default('7d').catch('7d') })

/** One route: how its file writes it, what it asks and does, and what came of it. */
export const routePages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/routes/:name', async (c) => {
    const { range } = readPageQuery(c, query)
    const route = await calls.readRoute(c.req.param('name'))
    const [mails, series] = await Promise.all([
      Promise.all(route.last_mails.map((id) => calls.readMail(id))),
      readSeries({ calls, now }, route.name, range),
    ])
    const frame = {
      title: cutText(route.name, textLengthMax),
      section: 'routes' as const,
      above: [{ label: 'Routes', href: '/routes' }],
      scripts: plotFiles.scripts,
      styles: [...plotFiles.styles, 'routing.css'],
      actions: mayActAs(c.get('identity'), 'operator') ? <TryButton route={route} /> : null,
    }
    return render(
      c,
      frame,
      <>
        <RouteFacts route={route} />
        <Warnings route={route} />
        <div class="columns">
          <Card title="When">
            <LineTree lines={route.conditions} />
          </Card>
          <Card title="Steps">
            <StepList route={route} />
          </Card>
        </div>
        <Written route={route} />
        <Activity c={c} series={series} range={range} />
        <LastMails route={route} mails={mails.filter((mail) => mail !== null)} />
      </>,
    )
  })
  return app
}

async function readSeries({ calls, now }: Pick<ConsoleParts, 'calls' | 'now'>, name: string, range: RangeName) {
  const time = readRange(range, now())
  const { points } = await calls.readSeries({ ...time, by: 'route', name })
  return { ...time, marks: toMarks(points) }
}

function TryButton({ route }: { route: RouteDetail }) {
  const mail = route.last_mails[0]
  const chosen = mail === undefined ? '' : `&mail=${mail}`
  return (
    <ButtonLink href={`/playground?route=${encodeURIComponent(route.name)}${chosen}`} icon="flask" look="primary">
      Try a change in the playground
    </ButtonLink>
  )
}

function RouteFacts({ route }: { route: RouteDetail }) {
  const { position, sends_to: channels, severity, event, labels, on_error: onError } = route
  return (
    <Facts
      facts={[
        ['State', <RouteState route={route} />],
        ['Written in', <code>{position}</code>],
        ['Sends on', channels.length > 0 ? cutText(channels.join(', '), textLengthMax) : 'no channel'],
        ['Last 24 h', countOf(route.hits_24h, 'mail')],
        ['Last 7 d', countOf(route.hits_7d, 'mail')],
        ['Last match', <LastMatch route={route} />],
        ['Severity', severity],
        ['Event', event],
        [
          'When a step fails',
          onError === 'hold' ? 'what it makes is held for a person' : 'it is sent as far as it got',
        ],
        ['Labels', Object.keys(labels).length > 0 ? <Labels labels={labels} /> : null],
      ]}
    />
  )
}

function RouteState({ route }: { route: RouteDetail }) {
  const isPlain = route.enabled && !route.stop && route.warnings.length === 0 && route.never_matched_since === null
  return isPlain ? <StatusBadge status="ok" /> : <RouteMarks route={route} />
}

function Warnings({ route: { warnings } }: { route: RouteDetail }) {
  if (warnings.length === 0) return null
  return (
    <ul class="issues card" aria-label="Warnings">
      {warnings.slice(0, 10).map(({ code, message, hint }) => (
        <li class="warn">
          <p>
            <Icon name="warning" /> <b>warning</b> {cutText(message, textLengthMax)} <span class="dim">{code}</span>
          </p>
          {hint ? <p class="hint">{cutText(hint, textLengthMax)}</p> : null}
        </li>
      ))}
      {warnings.length > 10 ? <li class="dim">and {warnings.length - 10} more</li> : null}
    </ul>
  )
}

function LineTree({ lines }: { lines: string[] }) {
  const left = lines.length - linesShownMax
  return (
    <ul class="short-lines">
      {lines.slice(0, linesShownMax).map((line) => (
        <li class={`depth-${depthOf(line)}`}>{cutText(line.trim(), textLengthMax)}</li>
      ))}
      {left > 0 ? <li class="dim">and {left} more, in the file</li> : null}
    </ul>
  )
}

function StepList({ route: { steps, stop } }: { route: RouteDetail }) {
  if (steps.length === 0) {
    return <p class="dim">None: what it matches is {stop ? 'kept, and asked of no later route' : 'only counted'}.</p>
  }
  const left = steps.length - linesShownMax
  return (
    <ol class="step-lines">
      {steps.slice(0, linesShownMax).map((step) => (
        <li>{cutText(step, textLengthMax)}</li>
      ))}
      {left > 0 ? <li class="dim">and {left} more, in the file</li> : null}
    </ol>
  )
}

function Written({ route: { yaml, position } }: { route: RouteDetail }) {
  const line = Number(position.split(':').at(-1))
  if (yaml === null) {
    return (
      <Card title="In the file">
        <p class="dim">
          The file was changed since it was loaded, so its lines say something else by now.{' '}
          <a href="/config">See the config</a>
        </p>
      </Card>
    )
  }
  const { part, next } = sliceText(yaml, 0, yamlBytesMax)
  return (
    <Card title="In the file" actions={<code>{position}</code>}>
      <NumberedText text={part} label="the route in its file" first={Number.isInteger(line) ? line : 1} />
      {next === null ? null : <p class="dim">It goes on in the file.</p>}
    </Card>
  )
}

function Activity({
  c,
  series,
  range,
}: {
  c: Context<ConsoleEnv>
  series: Awaited<ReturnType<typeof readSeries>>
  range: RangeName
}) {
  return (
    <Card title="What came of it" id="activity">
      <RangePicker url={new URL(c.req.url)} current={range} ranges={ranges} />
      <Plot
        {...series}
        id="plot-route"
        title="Mails and messages"
        unit="count"
        empty="It matched no mail in this time."
        lines={[
          { label: 'mails matched', ink: 'accent', value: ({ counts }) => counts.routed },
          { label: 'alerts sent', ink: 'good', value: ({ counts }) => counts.sent },
          { label: 'failed attempts', ink: 'warn', value: ({ counts }) => counts.attempts_failed },
          { label: 'dead letters', ink: 'bad', value: ({ counts }) => counts.dead },
        ]}
      />
    </Card>
  )
}

function LastMails({ route, mails }: { route: RouteDetail; mails: MailDetail[] }) {
  const search = searchFor(route.name)
  if (mails.length === 0) {
    return (
      <EmptyState title="No mail it matched is kept">
        <p>
          When it matches one, it stands here. <a href="/mails?search=state%3Aunrouted">Mails that no route took</a> say
          what nearly matched.
        </p>
      </EmptyState>
    )
  }
  return (
    <Card
      title="Last mails"
      actions={search && <a href={`/mails?search=${encodeURIComponent(search)}`}>All mails of this route</a>}
    >
      <DataTable
        caption="The last mails that it matched"
        rows={mails}
        columns={[
          { title: 'State', look: 'narrow', cell: ({ status }) => <StatusBadge status={status} /> },
          {
            title: 'Subject',
            look: 'wide',
            cell: ({ id, subject }) => (
              <a href={`/mails/${id}`} class="row-link">
                {cutText(subject, textLengthMax) || '(no subject)'}
              </a>
            ),
          },
          { title: 'Received', look: 'narrow', cell: ({ received_at: at }) => <Time at={at} /> },
        ]}
      />
    </Card>
  )
}

/** In the language of searches, which takes so long a text and no longer. */
function searchFor(name: string): string | null {
  const search = `route:"${name.replace(/["\\]/g, '\\$&')}"`
  return search.length <= searchLengthMax ? search : null
}
