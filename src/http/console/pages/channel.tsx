import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { ChannelDetail } from '../../../engine/stored-channel-calls.js'
import type { DeliverySummary } from '../../../store/store.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { Card, Facts, Fold } from '../elements/card.js'
import { ChannelState, describePlace } from '../elements/channel-state.js'
import { TextField } from '../elements/field.js'
import { plotFiles } from '../elements/plot.js'
import { adviseOnTest } from '../elements/test-result.js'
import { Time } from '../elements/time.js'
import { done, redirectWith } from '../flash.js'
import { filledIn, readForm } from '../read-form.js'
import { readRange, toMarks } from '../series-marks.js'
import { ChannelFailures, ChannelPlots, ChannelSettings, ChannelUsers } from './channel-parts.js'
import { ChatsCard } from './chats-card.js'
import { GuideCard } from './new-channel.js'
import type { MountPage } from './page.js'

const failuresMax = 10
const testForm = z.object({
  to: filledIn(z.string().trim().max(4_000)),
  text: z.string().trim().max(4_000).default(''),
})
const testText = 'This is a test of MailTrigger. If you can read it, the channel works.'
const pauseForm = z.object({ reason: z.string().max(500).default('') })

export const channelPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/channels/:name', async (c) => {
    const channel = await calls.readChannel(c.req.param('name'))
    const [kind, failures, chats] = await Promise.all([
      calls.listKinds().then((kinds) => kinds.find((one) => one.kind === channel.kind) ?? null),
      readFailures(calls, channel),
      channel.hears_chats ? calls.findChats(channel.name) : null,
    ])
    const time = readRange('24h', now())
    const { points } = await calls.readSeries({ ...time, by: 'channel', name: channel.name })
    const above = [{ label: 'Channels', href: '/channels' }]
    const actions = <ChannelActions c={c} channel={channel} />
    return render(
      c,
      { title: channel.name, section: 'channels', above, actions, ...plotFiles },
      <>
        <div id="channel-state" data-live="channel">
          <ChannelFacts channel={channel} />
        </div>
        <div class="columns">
          <TestCard c={c} channel={channel} />
          <PauseCard c={c} channel={channel} />
        </div>
        {chats === null ? null : <ChatsCard c={c} channel={channel} finds={chats} />}
        <ChannelPlots {...time} marks={toMarks(points)} />
        <ChannelFailures channel={channel.name} failures={failures} />
        <div class="columns">
          <ChannelSettings channel={channel} />
          <ChannelUsers users={channel.used_by} />
        </div>
        {/* A channel that another version made may be of a kind that this one does not have. */}
        {kind === null ? null : (
          <Fold title={`Setup guide: ${kind.label}`}>
            <GuideCard kind={kind} />
          </Fold>
        )}
      </>,
    )
  })
  app.post('/channels/:name/test', async (c) => {
    const name = c.req.param('name')
    actAs(c, 'operator')
    const { to = null, text } = await readForm(c, testForm)
    const test = await calls.testChannel(name, to, text || testText)
    const says = test.ok
      ? 'The test was taken'
      : test.permanent
        ? 'The test was refused for good'
        : 'The test did not go'
    return redirectWith(c, hrefOf(name), {
      kind: test.ok ? 'done' : 'failed',
      text: `${says}: ${test.provider || 'nothing was said'}`,
      hint: adviseOnTest(test),
    })
  })
  app.post('/channels/:name/pause', async (c) => {
    const name = c.req.param('name')
    const actor = actAs(c, 'operator')
    await calls.pauseChannel(name, (await readForm(c, pauseForm)).reason, actor)
    return done(c, hrefOf(name), `${name} is paused.`, 'What comes waits, and goes out when it is resumed.')
  })
  app.post('/channels/:name/resume', async (c) => {
    const name = c.req.param('name')
    await calls.resumeChannel(name, actAs(c, 'operator'))
    return done(c, hrefOf(name), `${name} is tried again, with what waits.`)
  })
  app.post('/channels/:name/chats', async (c) => {
    const name = c.req.param('name')
    await calls.listenForChats(name, actAs(c, 'operator'))
    return done(c, `${hrefOf(name)}#chats`, `${name} listens for a quarter of an hour.`, 'Write to it in the chat now.')
  })
  app.post('/channels/:name/delete', async (c) => {
    const name = c.req.param('name')
    await calls.deleteChannel(name, actAs(c, 'admin'))
    return done(c, '/channels', `The channel ${name} is deleted.`)
  })
  return app
}

function hrefOf(name: string): string {
  return `/channels/${encodeURIComponent(name)}`
}

/** The newest of those that will be tried again, and of dead letters. */
async function readFailures(calls: ConsoleParts['calls'], { name }: ChannelDetail): Promise<DeliverySummary[]> {
  const pages = await Promise.all(
    (['failed', 'dead'] as const).map((status) => calls.listDeliveries({ channel: name, status, limit: failuresMax })),
  )
  const found = pages.flatMap(({ items }) => items)
  return found.sort((one, other) => (one.updated_at < other.updated_at ? 1 : -1)).slice(0, failuresMax)
}

function ChannelActions({ c, channel: { name, kind, origin } }: { c: Context<ConsoleEnv>; channel: ChannelDetail }) {
  const inbox = kind === 'inbox' ? <ButtonLink href="/inbox">Open the inbox</ButtonLink> : null
  if (origin === 'file') return inbox
  return (
    <>
      {inbox}
      <ButtonLink href={`${hrefOf(name)}/change`} icon="gear">
        Change
      </ButtonLink>
      <ActionButton
        c={c}
        action={`${hrefOf(name)}/delete`}
        label="Delete"
        icon="trash"
        needs="admin"
        look="danger"
        confirm={`Delete the channel ${name}, with its secrets?`}
      />
    </>
  )
}

function ChannelFacts({ channel }: { channel: ChannelDetail }) {
  const { label, rate_limit: rate, daily_cap: cap, origin, changed_at: changedAt, changed_by: changedBy } = channel
  return (
    <Facts
      facts={[
        ['State', <ChannelState channel={channel} />],
        ['Kind', label],
        ['Delivers to', describePlace(channel)],
        ['Address of a person', channel.address_hint],
        ['Rate limit', rate ?? 'none'],
        ['Most a day', cap?.toLocaleString('en-GB')],
        ['From', origin === 'file' ? 'a file: change it there, it is reloaded' : 'made here'],
        ['Made', channel.created_at ? <Time at={channel.created_at} /> : null],
        ['Changed', changedAt ? <Time at={changedAt} /> : null],
        ['By', changedBy],
      ]}
    />
  )
}

function TestCard({ c, channel }: { c: Context<ConsoleEnv>; channel: ChannelDetail }) {
  const { name, destination, address_hint: hint } = channel
  return (
    <Card title="Test">
      <ActionButton c={c} action={`${hrefOf(name)}/test`} label="Send a test" icon="send" needs="operator">
        {destination === null ? (
          <TextField
            name="to"
            label="To"
            required={hint !== null}
            hint={`A person’s mail address${hint === null ? '' : `, or ${hint}`}.`}
          />
        ) : (
          <p>It goes to {destination}, past the queue and whatever is paused.</p>
        )}
        <TextField name="text" label="Text" placeholder={testText} />
      </ActionButton>
    </Card>
  )
}

function PauseCard({ c, channel: { name, paused } }: { c: Context<ConsoleEnv>; channel: ChannelDetail }) {
  if (paused === null) {
    return (
      <Card title="Pause">
        <p>Nothing more is sent on it until somebody resumes it. What comes waits, and loses no attempt.</p>
        <ActionButton c={c} action={`${hrefOf(name)}/pause`} label="Pause" icon="pause" needs="operator">
          <TextField name="reason" label="Why" placeholder="who reads it wants to know" />
        </ActionButton>
      </Card>
    )
  }
  return (
    <Card title="Resume">
      <p>
        {paused.until === null
          ? 'Somebody paused it.'
          : 'It paused itself, because the vendor refuses its credentials.'}
      </p>
      <p>What waits goes out at once.</p>
      <ActionButton
        c={c}
        action={`${hrefOf(name)}/resume`}
        label="Resume"
        icon="replay"
        needs="operator"
        look="primary"
      />
    </Card>
  )
}
