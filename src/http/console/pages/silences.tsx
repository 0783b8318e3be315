import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.js'
import type { SilenceLine } from '../../../engine/silence-calls.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { cutText, sizeInPage, sliceList } from '../cut-text.js'
import { ActionButton } from '../elements/action-button.js'
import { EmptyState } from '../elements/card.js'
import { Countdown } from '../elements/countdown.js'
import { DataTable } from '../elements/data-table.js'
import { More } from '../elements/more.js'
import { Tabs } from '../elements/tabs.js'
import { Time } from '../elements/time.js'
import { done } from '../flash.js'
import { readForm, readPageQuery } from '../read-form.js'
import { type EnteredSilence, readSilence, silenceForm } from '../read-silence.js'
import type { RenderPage } from '../render-page.js'
import type { MountPage } from './page.js'
import { type RefusedSilence, SilenceForm } from './silence-form.js'

const listMax = 1_000
const rowsMax = 40
const rowFrameBytes = 900
const listBytesMax = 26_000
const valueLengthMax = 120
const matchersMax = 6
const commentLengthMax = 300

const tabs = [
  { id: 'active', label: 'In force' },
  { id: 'pending', label: 'To come' },
  { id: 'ended', label: 'Over' },
] as const
const query = silenceForm.extend({
  state: z.enum(['active', 'pending', 'ended']).default('active'),
  from: z.coerce.number().int().min(0).max(listMax).default(0),
})
type State = SilenceLine['state']
type Asked = EnteredSilence & { state: State; from: number }

export const silencesPages: MountPage = (parts, render) => {
  const { calls } = parts
  const app = new Hono<ConsoleEnv>()
  const show = showSilences(parts, render)
  app.get('/silences', (c) => show(c, readPageQuery(c, query), null))
  app.post('/silences', async (c) => {
    const actor = actAs(c, 'operator')
    const entered = await readForm(c, silenceForm)
    const added = await addSilence(parts, entered, actor)
    if ('text' in added) return show(c, { ...entered, state: 'active', from: 0 }, added)
    const isPending = added.state === 'pending'
    const text = isPending ? 'The silence begins at its time.' : 'The silence is in force.'
    return done(c, isPending ? '/silences?state=pending' : '/silences', text)
  })
  app.post('/silences/:id/end', async (c) => {
    await calls.endSilence(c.req.param('id'), actAs(c, 'operator'))
    return done(c, '/silences', 'The silence is over: what comes now goes out again.')
  })
  return app
}

/** What cannot be taken is answered with the form as it was filled in, so that nothing has to be written twice. */
async function addSilence(
  { calls, now }: ConsoleParts,
  entered: EnteredSilence,
  actor: string,
): Promise<SilenceLine | RefusedSilence> {
  try {
    return await calls.addSilence(readSilence(entered, now()), actor)
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return { text: error.message, hint: error.hint }
    throw error
  }
}

function showSilences({ calls, now }: ConsoleParts, render: RenderPage) {
  return async (c: Context<ConsoleEnv>, asked: Asked, refused: RefusedSilence | null): Promise<Response> => {
    const all = await calls.listSilences({ ended: true, limit: listMax })
    const chosen = all.filter(({ state }) => state === asked.state)
    const { shown, next } = sliceList(chosen, asked.from, measure, { bytesMax: listBytesMax, countMax: rowsMax })
    const count = (state: State) => all.filter((silence) => silence.state === state).length
    return render(
      c,
      { title: 'Silences', section: 'silences', styles: ['alerts.css'], status: refused ? 400 : 200 },
      <>
        <Tabs
          label="Silences by state"
          current={asked.state}
          tabs={tabs.map(({ id, label }) => ({ id, label, href: `/silences?state=${id}`, count: count(id) }))}
        />
        {shown.length === 0 ? <NoSilences state={asked.state} /> : null}
        {shown.length > 0 ? <SilenceTable c={c} silences={shown} now={now()} /> : null}
        <More href={`/silences?state=${asked.state}`} from={asked.from} next={next} label="More silences" />
        <div class="after-list">
          <SilenceForm c={c} entered={asked} refused={refused} />
        </div>
      </>,
    )
  }
}

function measure(silence: SilenceLine): number {
  const { matchers } = describeMatchers(silence)
  const texts = [...matchers, cutText(silence.comment, commentLengthMax), cutText(silence.created_by, valueLengthMax)]
  return texts.reduce((bytes, text) => bytes + sizeInPage(text), rowFrameBytes)
}

/** `route Sentry*`, `label host=db1`, …; of many the first. */
function describeMatchers({ routes, channels, labels }: SilenceLine): { matchers: string[]; more: number } {
  const all = [
    ...routes.map((glob) => `route ${glob}`),
    ...channels.map((glob) => `channel ${glob}`),
    ...Object.entries(labels).map(([name, glob]) => `label ${name}=${glob}`),
  ]
  const matchers = all.slice(0, matchersMax).map((text) => cutText(text, valueLengthMax))
  return { matchers, more: all.length - matchers.length }
}

const emptyTitles: Record<State, string> = {
  active: 'Nothing is silenced',
  pending: 'No silence is to come',
  ended: 'No silence is over',
}

function NoSilences({ state }: { state: State }) {
  return (
    <EmptyState title={emptyTitles[state]}>
      <p>
        During maintenance, a silence keeps alerts from being sent: they are kept, and stand among the{' '}
        <a href="/notifications?status=suppressed">notifications</a> as suppressed. Make one below.
      </p>
    </EmptyState>
  )
}

function SilenceTable({ c, silences, now }: { c: Context<ConsoleEnv>; silences: SilenceLine[]; now: number }) {
  return (
    <DataTable
      caption="Silences, newest first"
      rows={silences}
      columns={[
        { title: 'What', look: 'wide', cell: (silence) => <What silence={silence} /> },
        { title: 'When', look: 'narrow', cell: (silence) => <When silence={silence} now={now} /> },
        {
          title: 'By',
          cell: ({ created_by: by, created_at: at }) => (
            <>
              {cutText(by, valueLengthMax)}
              <p class="sub">
                <Time at={at} />
              </p>
            </>
          ),
        },
        {
          title: 'End it',
          cell: ({ id, state }) =>
            state === 'ended' ? (
              <span class="dim">over</span>
            ) : (
              <ActionButton c={c} action={`/silences/${id}/end`} label="End now" needs="operator" />
            ),
        },
      ]}
    />
  )
}

function What({ silence }: { silence: SilenceLine }) {
  const { matchers, more } = describeMatchers(silence)
  return (
    <>
      <ul class="labels" aria-label="What it matches">
        {matchers.map((text) => (
          <li>{text}</li>
        ))}
        {more > 0 ? <li>and {more} more</li> : null}
      </ul>
      {silence.comment ? <p class="sub">{cutText(silence.comment, commentLengthMax)}</p> : null}
    </>
  )
}

function When({ silence, now }: { silence: SilenceLine; now: number }) {
  const { state, starts_at: starts, ends_at: ends } = silence
  return (
    <>
      {state === 'active' ? (
        <>
          ends <Countdown at={ends} now={now} />
        </>
      ) : null}
      {state === 'pending' ? (
        <>
          begins <Countdown at={starts} now={now} />
        </>
      ) : null}
      <p class="sub">
        <Time at={starts} /> – <Time at={ends} />
      </p>
    </>
  )
}
