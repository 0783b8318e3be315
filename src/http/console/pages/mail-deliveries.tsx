import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import type { DeliveryStatus } from '../../../domain/delivery.js'
import type { DeliveryDetail } from '../../../store/store.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { ActionButton } from '../elements/action-button.js'
import { AttemptList } from '../elements/attempt-list.js'
import { StatusBadge } from '../elements/badge.js'
import { EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Pager } from '../elements/pager.js'
import type { ViewParts } from './mail.js'

const pageSize = 25
const attemptsMax = 3
const nameLengthMax = 120
const waitingMax = 200
const retriable: readonly DeliveryStatus[] = ['failed', 'dead', 'cancelled']
const cancellable: readonly DeliveryStatus[] = ['queued', 'failed', 'dead']

/** All deliveries of a mail, of each routing, with their attempts. */
export async function deliveriesView({ c, calls, mail, query }: ViewParts): Promise<Child> {
  const { cursor } = query
  const page = await calls.listDeliveries({ mailId: mail.id, limit: pageSize, ...(cursor ? { cursor } : {}) })
  const read = await Promise.all(page.items.map(({ id }) => calls.readDelivery(id)))
  const deliveries = read.filter((delivery) => delivery !== null)
  if (deliveries.length === 0) {
    return (
      <EmptyState title="Nothing of this mail was sent to anybody">
        <p>
          The view <a href={`/mails/${mail.id}`}>Why</a> says what became of it.
        </p>
      </EmptyState>
    )
  }
  return (
    <>
      <DataTable
        caption="Deliveries of this mail"
        rows={deliveries}
        columns={[
          { title: 'State', look: 'narrow', cell: ({ status }) => <StatusBadge status={status} /> },
          { title: 'Channel', cell: ({ id, channel }) => <a href={`/deliveries/${id}`}>{channel}</a> },
          {
            title: 'Recipient',
            cell: ({ recipient, address }) => cutText(recipient ?? address ?? 'the channel itself', nameLengthMax),
          },
          {
            title: 'Route',
            cell: ({ route, generation }) =>
              `${cutText(route, nameLengthMax)}${mail.generation > 0 ? `, routing ${generation + 1}` : ''}`,
          },
          {
            title: 'Attempts',
            look: 'wide',
            cell: (delivery) => (
              <>
                <AttemptList delivery={delivery} last={attemptsMax} />
                <DeliveryButtons c={c} delivery={delivery} />
              </>
            ),
          },
        ]}
      />
      <Pager url={new URL(c.req.url)} nextCursor={page.next_cursor} />
    </>
  )
}

/** What can be done about it as it stands; nothing for what was sent. */
export function DeliveryButtons({ c, delivery }: { c: Context<ConsoleEnv>; delivery: DeliveryDetail }) {
  const { id, mail_id: mailId, status } = delivery
  const base = `/mails/${mailId}/deliveries/${id}`
  if (!retriable.includes(status) && !cancellable.includes(status)) return null
  return (
    <span class="row-actions">
      {retriable.includes(status) ? (
        <ActionButton c={c} action={`${base}/retry`} label="Retry" icon="replay" needs="operator" />
      ) : null}
      {cancellable.includes(status) ? (
        <ActionButton c={c} action={`${base}/cancel`} label="Cancel" icon="cross" needs="operator" />
      ) : null}
    </span>
  )
}

/** Its note is said to everybody who sees the alert. */
export function AcknowledgeForm({
  c,
  mailId,
  notificationId,
}: {
  c: Context<ConsoleEnv>
  mailId: string
  notificationId: string
}) {
  const field = `note-${notificationId}`
  return (
    <ActionButton
      c={c}
      action={`/mails/${mailId}/notifications/${notificationId}/acknowledge`}
      label="Acknowledge"
      icon="bell"
      needs="operator"
    >
      <label for={field} class="hidden">
        Note
      </label>
      <input type="text" id={field} name="note" maxlength={1_000} placeholder="note, if you like" autocomplete="off" />
    </ActionButton>
  )
}

/** Ids of its notifications that were sent and wait for somebody to acknowledge. */
export async function listWaiting(calls: ConsoleParts['calls'], mailId: string): Promise<Set<string>> {
  const { items } = await calls.listNotifications({ mailId, unacknowledged: true, limit: waitingMax })
  return new Set(items.map(({ id }) => id))
}
