import { Hono } from 'hono'
import { z } from 'zod'
import type { InboxEntry, Page } from '../../../store/store.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { TextField } from '../elements/field.js'
import { FilterForm } from '../elements/filters.js'
import { Pager } from '../elements/pager.js'
import { SeverityBadge } from '../elements/severity-badge.js'
import { Time } from '../elements/time.js'
import { fitPage } from '../fit-page.js'
import { filledIn, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const pageSize = 50
const titleLengthMax = 140
const textLengthMax = 500
const nameLengthMax = 80

const query = z.object({
  recipient: filledIn(z.string().trim().max(320)),
  cursor: filledIn(z.string().max(64)),
})

/** What went to channels of kind inbox, which nobody reads anywhere else. */
export const inboxPages: MountPage = ({ calls }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/inbox', async (c) => {
    const { recipient, cursor } = readPageQuery(c, query)
    const page = await calls.listInbox({
      limit: pageSize,
      ...(recipient === undefined ? {} : { recipient }),
      ...(cursor === undefined ? {} : { cursor }),
    })
    const url = new URL(c.req.url)
    const above = [{ label: 'Channels', href: '/channels' }]
    return render(
      c,
      { title: 'Inbox', section: 'channels', above, styles: ['alerts.css'] },
      <>
        <FilterForm action="/inbox" label="Filter the inbox" isFiltered={url.search !== ''}>
          <TextField
            name="recipient"
            label="Recipient"
            value={recipient ?? ''}
            placeholder="the whole address: ops@example.com"
          />
        </FilterForm>
        <div id="inbox" data-live={cursor === undefined ? 'inbox' : undefined}>
          {page.items.length === 0 ? (
            <EmptyInbox isFiltered={url.search !== ''} />
          ) : (
            <InboxTable page={fitPage(page, textsOf)} url={url} />
          )}
        </div>
      </>,
    )
  })
  return app
}

function textsOf({ title, text, recipient, channel }: InboxEntry): string[] {
  const whom = cutText(recipient ?? '', nameLengthMax)
  const texts = [cutText(title, titleLengthMax), cutText(text, textLengthMax), whom, encodeURIComponent(whom)]
  return [...texts, cutText(channel ?? '', nameLengthMax)]
}

function InboxTable({ page, url }: { page: Page<InboxEntry>; url: URL }) {
  return (
    <>
      <DataTable
        caption="Messages to the inbox, newest first"
        rows={page.items}
        columns={[
          { title: 'Severity', look: 'narrow', cell: ({ severity }) => <SeverityBadge severity={severity} /> },
          { title: 'What', look: 'wide', cell: (entry) => <What entry={entry} /> },
          { title: 'To', look: 'narrow', cell: ({ recipient }) => <Whom recipient={recipient} /> },
          { title: 'Came by', look: 'narrow', cell: (entry) => <CameBy entry={entry} /> },
          { title: 'At', look: 'narrow', cell: ({ at }) => <Time at={at} /> },
        ]}
      />
      <Pager url={url} nextCursor={page.next_cursor} />
    </>
  )
}

/** Leads to the mail it is about; a job's message and a notice have none. */
function What({ entry: { mail_id: mailId, notification_id: notificationId, title, text } }: { entry: InboxEntry }) {
  const words = cutText(title || '(no title)', titleLengthMax)
  const href = mailId ? `/mails/${mailId}` : notificationId ? `/notifications/${notificationId}` : null
  return (
    <>
      {href === null ? (
        <strong>{words}</strong>
      ) : (
        <a href={href} class="row-link">
          {words}
        </a>
      )}
      {text === '' ? null : <p class="sub">{cutText(text, textLengthMax)}</p>}
    </>
  )
}

function Whom({ recipient }: { recipient: string | null }) {
  if (recipient === null) return <span class="sub">the channel itself</span>
  const words = cutText(recipient, nameLengthMax)
  if (words !== recipient) return words
  return <a href={`/inbox?recipient=${encodeURIComponent(recipient)}`}>{recipient}</a>
}

function CameBy({ entry: { delivery_id: deliveryId, channel } }: { entry: InboxEntry }) {
  if (deliveryId === null) return <span class="sub">a test, or no longer kept</span>
  return <a href={`/deliveries/${deliveryId}`}>{cutText(channel ?? 'the delivery', nameLengthMax)}</a>
}

function EmptyInbox({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <EmptyState title="Nothing is here for that recipient">
        <p>
          Addresses have to be whole. <a href="/inbox">Show everything</a>
        </p>
      </EmptyState>
    )
  }
  return (
    <EmptyState title="Nothing went to the inbox yet">
      <p>
        The inbox needs no account: it is there to try routes before a channel is set up. Name a channel of kind{' '}
        <code>inbox</code> in a route, as in <code>steps: [ {'{ send: inbox }'} ]</code>, and what it sends is here.
      </p>
      <p>
        <a href="/new-channel/inbox">Make such a channel</a>, or look at the <a href="/routes">routes</a>.
      </p>
    </EmptyState>
  )
}
