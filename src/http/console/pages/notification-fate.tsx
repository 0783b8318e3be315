import type { Child } from 'hono/jsx'
import type { NotificationDetail } from '../../../store/notification-store.js'
import type { DeliverySummary } from '../../../store/store.js'
import { cutText } from '../cut-text.js'
import { StatusBadge } from '../elements/badge.js'
import { Card } from '../elements/card.js'
import { Countdown } from '../elements/countdown.js'
import { DataTable } from '../elements/data-table.js'
import { Time } from '../elements/time.js'

const shownMax = 25
const followUpsMax = 5
const nameLengthMax = 80
const errorLengthMax = 160
const idInText = /\b([0-9A-HJKMNP-TV-Z]{26})\b/

/** What keeps it from going out, and what is still to come of it; nothing when it simply went out. */
export function Fate({ notification, now }: { notification: NotificationDetail; now: number }) {
  const { reason, waits_until: until, suppressed_count: count } = notification
  const followUps = notification.delivery_list
    .filter(({ purpose, next_attempt_at: at }) => at !== null && (purpose === 'repeat' || purpose === 'escalation'))
    .toSorted((one, other) => (one.next_attempt_at ?? '').localeCompare(other.next_attempt_at ?? ''))
  if (reason === null && until === null && count === 0 && followUps.length === 0) return null
  return (
    <Card title="What becomes of it">
      <ul class="clauses">
        {reason === null ? null : <li>{linkIds(cutText(reason, 1_000))}</li>}
        {until === null ? null : (
          <li>
            It is let go <Countdown at={until} now={now} /> (<Time at={until} />
            ), unless it recovers before.
          </li>
        )}
        {count === 0 ? null : <li>It stands for {count} more like it, which were not sent.</li>}
        {followUps.slice(0, followUpsMax).map((delivery) => (
          <li>
            <FollowUp delivery={delivery} now={now} />
          </li>
        ))}
        {followUps.length > followUpsMax ? <li>and {followUps.length - followUpsMax} more to come</li> : null}
      </ul>
    </Card>
  )
}

function FollowUp({ delivery, now }: { delivery: DeliverySummary; now: number }) {
  const { id, purpose, channel, recipient, next_attempt_at: at } = delivery
  const whom = cutText(recipient ?? channel, nameLengthMax)
  return (
    <>
      {purpose === 'repeat' ? 'It is said again to ' : 'It is passed on to '}
      <a href={`/deliveries/${id}`}>{whom}</a> {at ? <Countdown at={at} now={now} /> : null}, unless somebody
      acknowledges it.
    </>
  )
}

/** A reason names other notifications by their ids. */
function linkIds(text: string): Child {
  const parts = text.split(idInText)
  return (
    <>
      {parts.map((part, index) =>
        index % 2 === 1 ? (
          <a href={`/notifications/${part}`}>
            <code>{part}</code>
          </a>
        ) : (
          part
        ),
      )}
    </>
  )
}

export function DeliveriesOfNotification({ notification, now }: { notification: NotificationDetail; now: number }) {
  const { id, delivery_list: deliveries } = notification
  return (
    <Card title="Deliveries">
      {deliveries.length === 0 ? (
        <p class="dim">Nothing of it is sent to anybody.</p>
      ) : (
        <DataTable
          caption="Deliveries of this notification"
          rows={deliveries.slice(0, shownMax)}
          columns={[
            { title: 'State', look: 'narrow', cell: ({ status }) => <StatusBadge status={status} /> },
            { title: 'What for', look: 'narrow', cell: ({ purpose }) => purpose },
            {
              title: 'Channel',
              cell: (one) => <a href={`/deliveries/${one.id}`}>{cutText(one.channel, nameLengthMax)}</a>,
            },
            {
              title: 'Recipient',
              cell: (one) => cutText(one.recipient ?? one.address ?? 'the channel', nameLengthMax),
            },
            { title: 'Attempts', look: 'number', cell: ({ attempts }) => attempts },
            { title: 'Next, or why not', look: 'wide', cell: (one) => <Next delivery={one} now={now} /> },
          ]}
        />
      )}
      {deliveries.length > shownMax ? (
        <p>
          <a href={`/deliveries?notification=${id}`}>All of its deliveries</a>
        </p>
      ) : null}
    </Card>
  )
}

function Next({ delivery, now }: { delivery: DeliverySummary; now: number }) {
  const { status, next_attempt_at: at, last_error: error } = delivery
  return (
    <>
      {at === null ? null : <Countdown at={at} now={now} />}{' '}
      {error === null || status === 'sent' ? null : cutText(error, errorLengthMax)}
    </>
  )
}
