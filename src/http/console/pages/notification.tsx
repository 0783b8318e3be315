import { type Context, Hono } from 'hono'
import type { Child } from 'hono/jsx'
import { z } from 'zod'
import type { NotificationStatus } from '../../../domain/delivery.js'
import { ApiError } from '../../../domain/errors.js'
import type { NotificationDetail } from '../../../store/notification-store.js'
import { actAs } from '../act-as.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { AcknowledgeForm, describeAck, waitsForAck } from '../elements/acknowledgement.js'
import { ActionButton, ButtonLink } from '../elements/action-button.js'
import { StatusBadge } from '../elements/badge.js'
import { Card, Facts } from '../elements/card.js'
import { Labels, MessageView } from '../elements/message-view.js'
import { SeverityBadge } from '../elements/severity-badge.js'
import { Time } from '../elements/time.js'
import { done } from '../flash.js'
import { readForm, readPageQuery } from '../read-form.js'
import { DeliveriesOfNotification, Fate } from './notification-fate.js'
import type { MountPage } from './page.js'

const titleLengthMax = 300
const valueLengthMax = 300
/** Longer ones cannot be asked for. */
const fingerprintLengthMax = 1_000
const closed: readonly NotificationStatus[] = ['resolved', 'suppressed']

const query = z.object({ from: z.coerce.number().int().min(0).max(100_000_000).default(0) })
const ackForm = z.object({ note: z.string().max(1_000).default('') })

export const notificationPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/notifications/:id', async (c) => {
    const notification = await calls.readNotification(c.req.param('id'))
    const { from } = readPageQuery(c, query)
    return render(
      c,
      {
        title: cutText(notification.title || '(no title)', titleLengthMax),
        section: 'notifications',
        above: [{ label: 'Notifications', href: '/notifications' }],
        actions: <Actions c={c} notification={notification} />,
        styles: ['alerts.css'],
      },
      <>
        <div id="notification" data-live="notification">
          <NotificationFacts notification={notification} />
          <Fate notification={notification} now={now()} />
          <DeliveriesOfNotification notification={notification} now={now()} />
        </div>
        <AckCard c={c} notification={notification} />
        <Card title="The message">
          <MessageView message={notification.message} href={`/notifications/${notification.id}`} from={from} />
        </Card>
      </>,
    )
  })
  app.post('/notifications/:id/acknowledge', async (c) => {
    const actor = actAs(c, 'operator')
    const { note } = await readForm(c, ackForm)
    const notificationId = c.req.param('id')
    const { outcome, words } = await calls.acknowledge({ notificationId, note }, actor)
    const told =
      outcome === 'acknowledged' ? 'It is acknowledged: repeats and escalations end.' : `Nothing changed: ${words}.`
    return done(c, `/notifications/${notificationId}`, told)
  })
  app.post('/notifications/:id/resolve', async (c) => {
    const actor = actAs(c, 'operator')
    const id = c.req.param('id')
    const { status } = await calls.readNotification(id)
    const count = await calls.resolveNotifications([id], actor)
    if (count === 0) throw new ApiError(409, 'not_open', `There is nothing to resolve: it is ${status}.`)
    return done(c, `/notifications/${id}`, 'It is resolved: who was told of it is told that it is over.')
  })
  return app
}

interface Shown {
  c: Context<ConsoleEnv>
  notification: NotificationDetail
}

function Actions({ c, notification }: Shown) {
  const { id, status, route } = notification
  return (
    <>
      <ButtonLink href={`/silences?${new URLSearchParams({ routes: route })}#new`} icon="muted">
        Silence its route
      </ButtonLink>
      {closed.includes(status) ? null : (
        <ActionButton
          c={c}
          action={`/notifications/${id}/resolve`}
          label="Resolve"
          icon="check"
          needs="operator"
          look="primary"
          confirm="Resolve it? Who was told of it is told that it is over."
        />
      )}
    </>
  )
}

function NotificationFacts({ notification }: Pick<Shown, 'notification'>) {
  const { id, status, severity, route, event, fingerprint, source } = notification
  const same = `/notifications?${new URLSearchParams({ fingerprint })}`
  return (
    <>
      <Facts
        facts={[
          ['State', <StatusBadge status={status} />],
          ['Severity', <SeverityBadge severity={severity} />],
          ['Route', describeRoute(route, source)],
          ['Event', event ? cutText(event, valueLengthMax) : null],
          [
            'Fingerprint',
            <>
              <code>{cutText(fingerprint, valueLengthMax)}</code>{' '}
              {fingerprint.length <= fingerprintLengthMax ? <a href={same}>the same alert before</a> : null}
            </>,
          ],
          ['Made of', describeSource(notification)],
          ['Made', <Time at={notification.created_at} />],
          ['Resolved', notification.resolved_at ? <Time at={notification.resolved_at} /> : null],
          ['Id', <code>{id}</code>],
        ]}
      />
      {notification.flagged ? (
        <p class="note warn">On the way something failed: {cutText(notification.flagged, 1_000)}</p>
      ) : null}
      <Labels labels={notification.labels} />
    </>
  )
}

/** What no mail and no run raised stands under a name that is no route. */
function describeRoute(route: string, source: NotificationDetail['source']): Child {
  const name = cutText(route, valueLengthMax)
  return source === 'mail' || source === 'digest' ? <a href={`/routes/${encodeURIComponent(route)}`}>{name}</a> : name
}

function describeSource({ source, route, mail_id: mailId, run_id: runId }: NotificationDetail): Child {
  if (mailId !== null) return <a href={`/mails/${mailId}`}>a mail, and why it went here</a>
  if (source === 'monitor') {
    return <a href={`/monitors/${encodeURIComponent(route.replace(/^monitor /, ''))}`}>a monitor</a>
  }
  if (source === 'run') {
    return (
      <>
        a <a href="/jobs">job</a>’s run <code>{runId}</code>
      </>
    )
  }
  return source === 'digest' ? 'what was gathered for a digest' : 'the gateway itself'
}

function AckCard({ c, notification }: Shown) {
  const acked = describeAck(notification)
  if (acked === null && !waitsForAck(notification)) return null
  return <Card title="Acknowledgement">{acked ?? <AcknowledgeForm c={c} notification={notification} />}</Card>
}
