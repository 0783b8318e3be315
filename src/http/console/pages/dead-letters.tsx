import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { mayActAs } from '../../../domain/identity.js'
import type { DeadLetterGroup } from '../../../store/notification-store.js'
import type { DeliverySummary } from '../../../store/store.js'
import { adviseDeadLetter } from '../advise-dead-letter.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText, sizeInPage, sliceList } from '../cut-text.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { EmptyState, Facts } from '../elements/card.js'
import { Select } from '../elements/field.js'
import { FilterForm } from '../elements/filters.js'
import { Icon } from '../elements/icon.js'
import { InlineField } from '../elements/inline-field.js'
import { More } from '../elements/more.js'
import { Time } from '../elements/time.js'
import { filledIn, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const groupsMax = 12
const groupFrameBytes = 3_200
const titleLengthMax = 120
const nameLengthMax = 80

const query = z.object({
  channel: filledIn(z.string().max(200)),
  from: z.coerce.number().int().min(0).max(1_000).default(0),
})

export const deadLettersPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/dead-letters', async (c) => {
    const { channel, from } = readPageQuery(c, query)
    const [groups, all] = await Promise.all([
      calls.listDeadLetterGroups(channel === undefined ? {} : { channel }),
      calls.readStats(),
    ])
    const { shown, next } = sliceList(groups, from, measure, { countMax: groupsMax })
    const ids = shown.flatMap(({ examples }) => examples)
    const examples = ids.length === 0 ? [] : (await calls.listDeliveries({ ids, limit: ids.length })).items
    const url = new URL(c.req.url)
    const channels = all.channels.filter(({ status }) => status === 'dead').map((line) => line.channel)
    return render(
      c,
      { title: 'Dead letters', section: 'dead-letters', styles: ['alerts.css'] },
      <>
        {groups.length > 0 || channel !== undefined ? (
          <ChannelFilter channels={channels} chosen={channel ?? ''} />
        ) : null}
        <div id="dead-letter-groups" data-live="dead-letters">
          {groups.length === 0 ? <NoDeadLetters channel={channel ?? null} /> : null}
          {shown.map((group, index) => (
            <GroupCard
              c={c}
              group={group}
              index={index}
              examples={examples.filter(({ id }) => group.examples.includes(id))}
            />
          ))}
          <More href={`${url.pathname}${url.search}`} from={from} next={next} label="More groups" />
        </div>
      </>,
    )
  })
  return app
}

/** A name stands in a group seven times or so, its error five times, and three titles beside them. */
function measure({ channel, error }: DeadLetterGroup): number {
  return groupFrameBytes + 7 * sizeInPage(encodeURIComponent(channel)) + 5 * sizeInPage(error)
}

function ChannelFilter({ channels, chosen }: { channels: string[]; chosen: string }) {
  const names = [...new Set([...channels, chosen])].filter((name) => name !== '')
  return (
    <FilterForm action="/dead-letters" label="Filter dead letters" isFiltered={chosen !== ''}>
      <Select
        name="channel"
        label="Channel"
        value={chosen}
        options={[
          { value: '', label: 'any' },
          ...names.map((name) => ({ value: name, label: cutText(name, nameLengthMax) })),
        ]}
      />
    </FilterForm>
  )
}

function NoDeadLetters({ channel }: { channel: string | null }) {
  return (
    <EmptyState title={channel === null ? 'There are no dead letters' : 'This channel has no dead letters'}>
      <p>
        A delivery that ran out of attempts, or that the vendor refused for good, would wait here for a decision: retry
        it or discard it.
      </p>
      {channel === null ? (
        <p>
          <a href="/deliveries">Deliveries</a> shows what was sent, and what will be tried again by itself.
        </p>
      ) : (
        <p>
          <a href="/dead-letters">Show those of all channels</a>
        </p>
      )}
    </EmptyState>
  )
}

interface GroupProps {
  c: Context<ConsoleEnv>
  group: DeadLetterGroup
  examples: DeliverySummary[]
  index: number
}

function GroupCard({ c, group, examples, index }: GroupProps) {
  const { channel, error, count } = group
  const wasTried = examples.length === 0 || examples.some(({ attempts }) => attempts > 0)
  const hasRecipients = examples.some(({ recipient }) => recipient !== null)
  const advice = adviseDeadLetter(channel, error, { wasTried, hasRecipients })
  const all = `/deliveries?${new URLSearchParams({ status: 'dead', channel, error })}`
  return (
    <section class="card letter-group" aria-labelledby={`group-${index}`}>
      <h2 id={`group-${index}`}>
        {count} × <a href={`/channels/${encodeURIComponent(channel)}`}>{cutText(channel, nameLengthMax)}</a>
      </h2>
      <p class="error">{error}</p>
      <p>
        <strong>What to do:</strong> {advice.text}{' '}
        {advice.link ? <a href={advice.link.href}>{advice.link.label}</a> : null}
      </p>
      <Facts
        facts={[
          ['Oldest', <Time at={group.oldest_at} />],
          ['Newest', <Time at={group.newest_at} />],
        ]}
      />
      <Examples examples={examples} all={all} count={count} />
      <GroupActs c={c} group={group} index={index} />
    </section>
  )
}

function Examples({ examples, all, count }: { examples: DeliverySummary[]; all: string; count: number }) {
  return (
    <ul aria-label="Some of them">
      {examples.map(({ id, title, recipient, address }) => (
        <li>
          <a href={`/deliveries/${id}`}>{cutText(title || '(no title)', titleLengthMax)}</a>{' '}
          <span class="dim">to {cutText(recipient ?? address ?? 'the channel itself', nameLengthMax)}</span>
        </li>
      ))}
      {count > examples.length ? (
        <li>
          <a href={all}>all {count} of them</a>
        </li>
      ) : null}
    </ul>
  )
}

function GroupActs({ c, group, index }: Omit<GroupProps, 'examples'>) {
  const { channel, error, count } = group
  const isAllowed = mayActAs(c.get('identity'), 'operator')
  const fields = (
    <>
      <input type="hidden" name="channel" value={channel} />
      <input type="hidden" name="error" value={error} />
    </>
  )
  return (
    <div class="letter-acts">
      <ActionButton
        c={c}
        action="/dead-letters/retry"
        label={count === 1 ? 'Retry it' : `Retry all ${count}`}
        icon="replay"
        needs="operator"
        look="primary"
      >
        {fields}
      </ActionButton>
      <ButtonLink href={`/dead-letters/export?${new URLSearchParams({ channel, error })}`} icon="download">
        Export JSON
      </ButtonLink>
      <form
        class="inline-form"
        method="post"
        action="/dead-letters/discard"
        data-confirm={`Discard ${count === 1 ? 'this dead letter' : `these ${count} dead letters`}? Nobody will get them.`}
      >
        {fields}
        <InlineField id={`reason-${index}`} name="reason" label="Reason to discard" lengthMax={500} />
        <button
          type="submit"
          class="button danger"
          disabled={!isAllowed}
          title={isAllowed ? undefined : 'takes the role operator'}
        >
          <Icon name="trash" /> Discard
        </button>
      </form>
    </div>
  )
}
