import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { DeliveryStatus } from '../../../domain/delivery.js'
import { ApiError } from '../../../domain/errors.js'
import { mayActAs } from '../../../domain/identity.js'
import type { NotificationDetail } from '../../../store/notification-store.js'
import type { DeliveryDetail } from '../../../store/store.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText, sizeInPage, sliceList } from '../cut-text.js'
import { AcknowledgeForm, describeAck, waitsForAck } from '../elements/acknowledgement.js'
import { ActionButton } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { Card, Facts } from '../elements/card.js'
import { Countdown } from '../elements/countdown.js'
import { DataTable } from '../elements/data-table.js'
import { InlineField } from '../elements/inline-field.js'
import { MessageView } from '../elements/message-view.js'
import { describeMs, Time } from '../elements/time.js'
import { done } from '../flash.js'
import { readForm, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const retryable: readonly DeliveryStatus[] = ['queued', 'failed', 'dead', 'cancelled']
const cancellable: readonly DeliveryStatus[] = ['queued', 'failed', 'dead']
const titleLengthMax = 300
const valueLengthMax = 300
const attemptBytesMax = 14_000
const attemptsMax = 25
const remotesMax = 20

const start = z.coerce.number().int().min(0).max(100_000_000).default(0)
const query = z.object({ from: start, before: start })
const cancelForm = z.object({ reason: z.string().max(500).default('') })

export const deliveryPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/deliveries/:id', async (c) => {
    const delivery = await calls.readDelivery(c.req.param('id'))
    if (!delivery) {
      const text = `There is no delivery ${c.req.param('id')}.`
      throw new ApiError(404, 'not_found', text, 'Retention may have deleted it.')
    }
    const notification = await calls.readNotification(delivery.notification_id)
    const asked = readPageQuery(c, query)
    return render(
      c,
      {
        title: cutText(delivery.title || '(no title)', titleLengthMax),
        section: 'deliveries',
        above: [{ label: 'Deliveries', href: '/deliveries' }],
        actions: <RetryButton c={c} delivery={delivery} />,
        styles: ['alerts.css'],
      },
      <>
        <div id="delivery" data-live="delivery">
          <DeliveryFacts delivery={delivery} notification={notification} now={now()} />
          <Attempts delivery={delivery} before={asked.before} />
        </div>
        <Acts c={c} delivery={delivery} notification={notification} />
        <Card title="The message">
          <MessageView message={delivery.message} href={`/deliveries/${delivery.id}`} from={asked.from} />
        </Card>
      </>,
    )
  })
  app.post('/deliveries/:id/retry', async (c) => {
    const id = c.req.param('id')
    const count = await calls.retryDeliveries({ ids: [id] }, actAs(c, 'operator'))
    if (count === 0) throw notChangeable('It cannot be retried.')
    return done(c, `/deliveries/${id}`, 'It is due now, with a fresh ladder of retries.')
  })
  app.post('/deliveries/:id/cancel', async (c) => {
    const id = c.req.param('id')
    const actor = actAs(c, 'operator')
    const { reason } = await readForm(c, cancelForm)
    const count = await calls.cancelDeliveries({ ids: [id] }, reason, actor)
    if (count === 0) throw notChangeable('It cannot be cancelled.')
    return done(c, `/deliveries/${id}`, 'It is cancelled: nothing more of it is sent.')
  })
  return app
}

function notChangeable(text: string): ApiError {
  return new ApiError(409, 'not_changeable', text, 'It is sent, being sent at this moment, held, or not there.')
}

interface Shown {
  delivery: DeliveryDetail
  notification: NotificationDetail
}

function RetryButton({ c, delivery }: { c: Context<ConsoleEnv>; delivery: DeliveryDetail }) {
  if (!retryable.includes(delivery.status)) return null
  return (
    <ActionButton
      c={c}
      action={`/deliveries/${delivery.id}/retry`}
      label="Retry now"
      icon="replay"
      needs="operator"
      look="primary"
    />
  )
}

function DeliveryFacts({ delivery, notification, now }: Shown & { now: number }) {
  const { id, status, channel, recipient, address, route, next_attempt_at: next } = delivery
  return (
    <Facts
      facts={[
        ['State', <StatusBadge status={status} />],
        [
          'Next attempt',
          next ? (
            <>
              <Countdown at={next} now={now} /> <span class="dim">({next.slice(0, 19).replace('T', ' ')} UTC)</span>
            </>
          ) : null,
        ],
        ['Last error', status === 'sent' ? null : cutText(delivery.last_error ?? '', valueLengthMax)],
        ['Channel', <a href={`/channels/${encodeURIComponent(channel)}`}>{cutText(channel, valueLengthMax)}</a>],
        ['Recipient', recipient ? <PersonLink address={recipient} /> : 'the channel itself'],
        ['Address', address ? <code>{cutText(address, valueLengthMax)}</code> : null],
        ['What for', purposes[delivery.purpose]],
        ['Route', cutText(route, valueLengthMax)],
        ['Attempts', delivery.attempts],
        ['Made', <Time at={delivery.created_at} />],
        ['Changed', <Time at={delivery.updated_at} />],
        ['Notification', <NotificationLink notification={notification} />],
        ['Mail', delivery.mail_id ? <a href={`/mails/${delivery.mail_id}`}>the mail and its Why</a> : null],
        ['Run', delivery.run_id ? <code>{delivery.run_id}</code> : null],
        ...listRemotes(delivery.remote),
        ['Id', <code>{id}</code>],
      ]}
    />
  )
}

const purposes: Record<DeliveryDetail['purpose'], string> = {
  alert: 'the alert itself',
  repeat: 'the same again, because nobody acknowledged it',
  escalation: 'to the next one, because nobody acknowledged it',
  resolve: 'to say that it is over',
  update: 'a change of a message that was sent',
}

function PersonLink({ address }: { address: string }) {
  return <a href={`/people/${encodeURIComponent(address)}`}>{cutText(address, valueLengthMax)}</a>
}

function NotificationLink({ notification }: { notification: NotificationDetail }) {
  return (
    <>
      <a href={`/notifications/${notification.id}`}>what the route made of it</a>{' '}
      <StatusBadge status={notification.status} />
    </>
  )
}

function listRemotes(remote: Record<string, string>): [string, string][] {
  return Object.entries(remote)
    .slice(0, remotesMax)
    .map(([name, value]) => [`Vendor's ${cutText(name, 60)}`, cutText(value, valueLengthMax)])
}

/** The newest first: of a delivery that was retried for weeks that is what one wants to see. */
function Attempts({ delivery, before }: { delivery: DeliveryDetail; before: number }) {
  const newest = delivery.attempt_list.toReversed()
  const { shown, next } = sliceList(newest, before, ({ excerpt }) => 600 + sizeInPage(excerpt), {
    bytesMax: attemptBytesMax,
    countMax: attemptsMax,
  })
  return (
    <Card title="Attempts">
      {newest.length === 0 ? (
        <p class="dim">{describeNoAttempts(delivery.status)}</p>
      ) : (
        <DataTable
          caption="Attempts, newest first"
          rows={shown}
          columns={[
            { title: 'No.', look: 'number', cell: ({ number }) => number },
            { title: 'Time', look: 'narrow', cell: ({ started_at: at }) => <Time at={at} /> },
            { title: 'Took', look: 'number', cell: ({ duration_ms: ms }) => describeMs(ms) },
            { title: 'Outcome', look: 'narrow', cell: ({ outcome }) => <StatusBadge status={outcome} /> },
            { title: 'Status', look: 'number', cell: ({ status_code: code }) => code ?? '–' },
            { title: "The vendor's words", look: 'wide', cell: ({ excerpt }) => <span class="words">{excerpt}</span> },
          ]}
        />
      )}
      <AttemptPager id={delivery.id} before={before} next={next} />
    </Card>
  )
}

function AttemptPager({ id, before, next }: { id: string; before: number; next: number | null }) {
  if (before === 0 && next === null) return null
  return (
    <nav class="pager" aria-label="More attempts">
      {before > 0 ? <a href={`/deliveries/${id}`}>Newest attempts</a> : null}
      {next === null ? null : (
        <a href={`/deliveries/${id}?before=${next}`} rel="next">
          Earlier attempts
        </a>
      )}
    </nav>
  )
}

function describeNoAttempts(status: DeliveryStatus): string {
  if (status === 'dead') return 'It was never tried: it must not go out before somebody has looked at it.'
  if (status === 'cancelled') return 'It was never tried.'
  return 'It has not been tried yet.'
}

function Acts({ c, delivery, notification }: Shown & { c: Context<ConsoleEnv> }) {
  const isCancellable = cancellable.includes(delivery.status)
  const acked = describeAck(notification)
  if (!isCancellable && !waitsForAck(notification) && acked === null) return null
  return (
    <div class="columns">
      {waitsForAck(notification) || acked !== null ? (
        <Card title="Acknowledgement">{acked ?? <AcknowledgeForm c={c} notification={notification} />}</Card>
      ) : null}
      {isCancellable ? (
        <Card title="Give it up">
          <CancelForm c={c} id={delivery.id} />
        </Card>
      ) : null}
    </div>
  )
}

function CancelForm({ c, id }: { c: Context<ConsoleEnv>; id: string }) {
  const isAllowed = mayActAs(c.get('identity'), 'operator')
  return (
    <form class="inline-form" method="post" action={`/deliveries/${id}/cancel`}>
      <InlineField
        id="cancel-reason"
        name="reason"
        label="Reason"
        placeholder="stands as its last error"
        lengthMax={500}
      />
      <button
        type="submit"
        class="button danger"
        disabled={!isAllowed}
        title={isAllowed ? undefined : 'takes the role operator'}
      >
        Cancel it
      </button>
    </form>
  )
}
