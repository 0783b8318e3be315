import type { Context } from 'hono'
import type { ChannelLine, ChatFinds } from '../../../engine/channel-calls.js'
import type { ConsoleEnv } from '../console-env.js'
import { ActionButton } from '../elements/action-button.js'
import { Card } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Icon } from '../elements/icon.js'
import { Time } from '../elements/time.js'

interface ChatsCardProps {
  c: Context<ConsoleEnv>
  channel: ChannelLine
  finds: ChatFinds
}

/** Chats in which somebody wrote to the channel: the vendor shows their ids nowhere. */
export function ChatsCard({ c, channel: { name, label }, finds: { chats, until, problem } }: ChatsCardProps) {
  const href = `/channels/${encodeURIComponent(name)}`
  const look = until === null ? {} : { 'hx-get': href, 'hx-trigger': 'every 5s', 'hx-select': '#chats-heard' }
  return (
    <Card title="Find a chat" id="chats">
      <p>
        The id of a group stands nowhere in {label}. Have the channel listen, write <code>/start</code> to it there, and
        the chat is listed here. People need no id: <a href="/people">make them a link</a>.
      </p>
      <div id="chats-heard" role="status" hx-swap="outerHTML" {...look}>
        {problem === null ? null : (
          <p class="note bad">
            <Icon name="warning" /> It hears nobody at the moment: {problem}
          </p>
        )}
        {until === null ? null : (
          <p>
            <Icon name="clock" /> It listens, until <Time at={until} />.
          </p>
        )}
        {chats.length === 0 ? (
          <p class="note">Nobody wrote to it within the last hour, as far as it listened.</p>
        ) : (
          <DataTable
            caption="Chats that wrote to the channel"
            rows={chats}
            columns={[
              { title: 'Address', look: 'narrow', cell: ({ address }) => <code>{address}</code> },
              { title: 'Chat', look: 'wide', cell: ({ title }) => title },
              {
                title: 'With',
                look: 'narrow',
                cell: ({ is_shared: isShared }) => (isShared ? 'several' : 'one person'),
              },
              { title: 'Heard', look: 'narrow', cell: ({ heard_at: at }) => <Time at={at} /> },
            ]}
          />
        )}
      </div>
      <ActionButton c={c} action={`${href}/chats`} label="Listen for 15 minutes" icon="bell" needs="operator" />
    </Card>
  )
}
