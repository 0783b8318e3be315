import { type Context, Hono } from 'hono'
import { ApiError } from '../../../domain/errors.js'
import { compareOutcomes, type ReplayDifference } from '../../../engine/compare-outcomes.js'
import { actAs } from '../act-as.js'
import { type Chosen, chooseMails, chosenForm, foundMax } from '../choose-mails.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { countOf } from '../count-of.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { ChosenFields, NothingChosen } from '../elements/chosen-mails.js'
import { DifferenceTable } from '../elements/difference-table.js'
import { done } from '../flash.js'
import { readForm, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

/** Each is routed while the reader waits, and may ask an LLM. */
const triedMax = 20
const triedMsMax = 15_000

/** Routing mails again: a page that says what would come out otherwise, and the form on it that does it. */
export const mailReplay: MountPage = (parts, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/mails/replay', async (c) => {
    actAs(c, 'operator')
    const chosen = { ...readPageQuery(c, chosenForm), until: parts.now() }
    const { ids, isCut } = await chooseMails(parts, chosen)
    const frame = {
      title: `Replay ${countOf(ids.length, 'mail')}`,
      section: 'mails' as const,
      above: [{ label: 'Mails', href: chosen.back }],
    }
    if (ids.length === 0) return render(c, frame, <NothingChosen />)
    const tried = await tryReplay(parts, ids)
    return render(
      c,
      frame,
      <>
        {isCut ? (
          <p class="note warn">
            The search finds more than {foundMax} mails: the oldest {foundMax} are taken.
          </p>
        ) : null}
        <ReplayForm c={c} chosen={chosen} ids={ids} />
        <h2>What would change</h2>
        <Differences tried={tried} count={ids.length} />
      </>,
    )
  })
  app.post('/mails/replay', async (c) => {
    const actor = actAs(c, 'operator')
    const chosen = await readForm(c, chosenForm)
    const { ids } = await chooseMails(parts, chosen)
    const count = ids.length === 0 ? 0 : await parts.calls.replayMails(ids, actor)
    if (count === 0) throw new ApiError(404, 'not_found', 'There is no mail to replay.', 'Choose some in the list.')
    const words = count === 1 ? 'The mail is' : `${count} mails are`
    const href = isAlone(chosen, ids) ? `/mails/${ids[0]}` : chosen.back
    return done(c, href, `${words} being routed again with the config in force.`)
  })
  return app
}

function ReplayForm({ c, chosen, ids }: { c: Context<ConsoleEnv>; chosen: Chosen & { until: number }; ids: string[] }) {
  return (
    <>
      <p>
        {ids.length === 1 ? 'It is' : `All ${ids.length} are`} routed with the config in force. What that makes goes out
        once more, also to whom it went before.
      </p>
      <div class="actions">
        <ActionButton
          c={c}
          action="/mails/replay"
          label={`Replay ${countOf(ids.length, 'mail')}`}
          icon="replay"
          needs="operator"
          look="primary"
        >
          <ChosenFields chosen={chosen} until={chosen.until} />
        </ActionButton>
        <ButtonLink href={isAlone(chosen, ids) ? `/mails/${ids[0]}` : chosen.back}>Back</ButtonLink>
      </div>
    </>
  )
}

function isAlone(chosen: Chosen, ids: string[]): boolean {
  return ids.length === 1 && chosen.search === undefined
}

/** The first of them, as long as the reader's patience may last. */
async function tryReplay({ calls, now }: ConsoleParts, ids: string[]): Promise<ReplayDifference[]> {
  const end = now() + triedMsMax
  const tried: ReplayDifference[] = []
  for (const id of ids.slice(0, triedMax)) {
    if (now() > end) break
    const before = await calls.readMail(id)
    if (before) tried.push(compareOutcomes(before, await calls.explainMail(id)))
  }
  return tried
}

function Differences({ tried, count }: { tried: ReplayDifference[]; count: number }) {
  const changed = tried.filter((one) => one.changed)
  const said = tried.length < count ? `Of the ${tried.length} that were tried ` : ''
  return (
    <>
      <p>
        {said}
        {changed.length === 0
          ? 'nothing would come out otherwise than before.'
          : `${changed.length} would come out otherwise than before.`}{' '}
        Nothing was sent or kept for this.
      </p>
      {changed.length > 0 ? <DifferenceTable differences={changed} /> : null}
    </>
  )
}
