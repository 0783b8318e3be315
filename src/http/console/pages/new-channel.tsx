import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { KindLine } from '../../../engine/channel-kinds.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { Card, EmptyState } from '../elements/card.js'
import { Icon } from '../elements/icon.js'
import { SearchForm } from '../elements/search-form.js'
import { leaveFor } from '../flash.js'
import { readPageQuery } from '../read-form.js'
import type { RenderPage } from '../render-page.js'
import { ChannelForm } from '../setting-form/channel-form.js'
import { withCode } from '../setting-form/setting-inputs.js'
import { type ChannelFormState, openChannelForm, takeChannelForm } from '../setting-form/take-channel-form.js'
import type { MountPage } from './page.js'

const query = z.object({ search: z.string().max(200).default('') })
const above = [{ label: 'Channels', href: '/channels' }]

/** A new channel: first its kind, then its form. Not under /channels, where a channel may have any name. */
export const newChannelPages: MountPage = (parts, render) => {
  const { calls } = parts
  const app = new Hono<ConsoleEnv>()
  app.get('/new-channel', async (c) => {
    const { search } = readPageQuery(c, query)
    const kinds = await calls.listKinds()
    return render(
      c,
      { title: 'Add a channel', section: 'channels', above },
      <KindChoice kinds={kinds} search={search} />,
    )
  })
  app.get('/new-channel/:kind', async (c) => {
    const kind = await calls.readKind(c.req.param('kind'))
    return showForm(c, render, openChannelForm(kind, await findFreeName(calls, kind.kind), {}))
  })
  app.post('/new-channel/:kind', async (c) => {
    const kind = await calls.readKind(c.req.param('kind'))
    const taken = await takeChannelForm(c, parts, openChannelForm(kind, '', {}), null)
    if ('shown' in taken) return showForm(c, render, taken.shown)
    const hint = 'A route sends on it when one of its steps names it.'
    return leaveFor(c, `/channels/${encodeURIComponent(taken.saved)}`, `The channel ${taken.saved} is made.`, hint)
  })
  return app
}

function showForm(c: Context<ConsoleEnv>, render: RenderPage, state: ChannelFormState) {
  const { kind, status } = state
  const from = [...above, { label: 'Add a channel', href: '/new-channel' }]
  return render(
    c,
    { title: `New channel: ${kind.label}`, section: 'channels', above: from, status },
    <div class="form-and-guide">
      <ChannelForm c={c} state={state} action={`/new-channel/${kind.kind}`} isNew back="/new-channel" />
      <GuideCard kind={kind} />
    </div>,
  )
}

/** The kind itself is the first name anybody thinks of. */
async function findFreeName(calls: ConsoleParts['calls'], kind: string): Promise<string> {
  const taken = new Set((await calls.listChannels()).map(({ name }) => name))
  if (!taken.has(kind)) return kind
  const numbers = Array.from(taken, (_, index) => index + 2)
  const free = numbers.find((number) => !taken.has(`${kind}-${number}`))
  return free === undefined ? '' : `${kind}-${free}`
}

export function GuideCard({ kind }: { kind: KindLine }) {
  const { steps, note } = kind.guide
  return (
    <Card title={`How to set up ${kind.label}`}>
      <p>{kind.description}</p>
      <ol class="guide">
        {steps.map((step) => (
          <li>{withCode(step)}</li>
        ))}
      </ol>
      {note === null ? null : (
        <p class="note">
          <Icon name="warning" /> {withCode(note)}
        </p>
      )}
    </Card>
  )
}

function KindChoice({ kinds, search }: { kinds: KindLine[]; search: string }) {
  const words = search.trim().toLowerCase()
  const found = kinds.filter(({ kind, label, description }) =>
    [kind, label, description].some((text) => text.toLowerCase().includes(words)),
  )
  return (
    <>
      <SearchForm
        action="/new-channel"
        label="Search kinds of channels"
        search={search}
        placeholder={`a name or a word, of ${kinds.length} kinds: telegram, webhook, push …`}
        listId="kinds"
      />
      <div id="kinds">
        {found.length === 0 ? (
          <EmptyState title="No kind of channel is like that">
            <p>
              <a href="/new-channel/apprise">Apprise</a> knows many more services, and a{' '}
              <a href="/new-channel/webhook">webhook</a> reaches whatever takes JSON.{' '}
              <a href="/new-channel">Show all kinds</a>
            </p>
          </EmptyState>
        ) : (
          <ul class="kinds">
            {found.map(({ kind, label, description }) => (
              <li>
                <a href={`/new-channel/${kind}`}>{label}</a>
                <p>{description}</p>
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  )
}
