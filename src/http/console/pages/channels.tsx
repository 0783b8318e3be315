import { Hono } from 'hono'
import { z } from 'zod'
import type { ChannelLine } from '../../../engine/channel-calls.js'
import type { ConsoleEnv } from '../console-env.js'
import { ButtonLink } from '../elements/action-button.js'
import { EmptyState } from '../elements/card.js'
import { ChannelState, describePlace } from '../elements/channel-state.js'
import { DataTable } from '../elements/data-table.js'
import { Pager } from '../elements/pager.js'
import { readPageQuery } from '../read-form.js'
import { sumByName, type Totals } from '../series-marks.js'
import type { MountPage } from './page.js'

const pageSize = 50
const query = z.object({ cursor: z.string().max(64).optional() })
const hourMs = 3_600_000
const dayMs = 24 * hourMs

export const channelsPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/channels', async (c) => {
    const { cursor = '' } = readPageQuery(c, query)
    const channels = (await calls.listChannels()).sort((one, other) => (one.name < other.name ? -1 : 1))
    const rest = channels.filter(({ name }) => name > cursor)
    const shown = rest.slice(0, pageSize)
    const { points } = await calls.readSeries({ from: now() - dayMs, to: now(), stepMs: hourMs, by: 'channel' })
    const actions = (
      <>
        <ButtonLink href="/inbox" icon="mail">
          Inbox
        </ButtonLink>
        <ButtonLink href="/new-channel" icon="channel" look="primary">
          Add a channel
        </ButtonLink>
      </>
    )
    return render(
      c,
      { title: 'Channels', section: 'channels', actions },
      <div id="channels" data-live="channels">
        {channels.length === 0 ? <NoChannels /> : <ChannelTable channels={shown} sums={sumByName(points)} />}
        <Pager url={new URL(c.req.url)} nextCursor={rest.length > pageSize ? (shown.at(-1)?.name ?? null) : null} />
      </div>,
    )
  })
  return app
}

function NoChannels() {
  return (
    <EmptyState title="There is no channel yet">
      <p>A channel is a way out: a chat, a phone, a mailbox. Without one, alerts are stored and reach nobody.</p>
      <p>
        <a class="button primary" href="/new-channel">
          Add a channel
        </a>
      </p>
      <p>
        Or write one under <code>channels:</code> in your file: it is taken over as soon as it is saved.
      </p>
    </EmptyState>
  )
}

function ChannelTable({ channels, sums }: { channels: ChannelLine[]; sums: ReadonlyMap<string, Totals> }) {
  return (
    <DataTable
      caption="Channels"
      rows={channels}
      columns={[
        { title: 'Channel', cell: (channel) => <ChannelName channel={channel} /> },
        { title: 'State', look: 'wide', cell: (channel) => <ChannelState channel={channel} /> },
        { title: 'Delivers to', cell: describePlace },
        { title: 'Sent in 24 h', look: 'number', cell: ({ name }) => <Success counts={sums.get(name)?.counts} /> },
        { title: 'Limit', look: 'narrow', cell: describeLimit },
        { title: 'From', look: 'narrow', cell: ({ origin }) => (origin === 'file' ? 'file' : 'made here') },
      ]}
    />
  )
}

function ChannelName({ channel: { name, label } }: { channel: ChannelLine }) {
  return (
    <>
      <a href={`/channels/${encodeURIComponent(name)}`} class="row-link">
        {name}
      </a>
      <p class="sub">{label}</p>
    </>
  )
}

function Success({ counts }: { counts: Totals['counts'] | undefined }) {
  const { sent = 0, attempts_failed: failed = 0 } = counts ?? {}
  if (sent + failed === 0) return <span class="dim">nothing</span>
  // Never 100 % while anything failed.
  const share = Math.floor((sent / (sent + failed)) * 1_000) / 10
  return (
    <>
      {sent.toLocaleString('en-GB')}
      <p class="sub narrow">{share} % of attempts</p>
    </>
  )
}

function describeLimit({ rate_limit: rate, daily_cap: cap }: ChannelLine): string {
  const parts = [rate, cap === null ? null : `${cap.toLocaleString('en-GB')} a day`].filter((part) => part !== null)
  return parts.join(', ') || 'none'
}
