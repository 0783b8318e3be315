import { Hono } from 'hono'
import { z } from 'zod'
import { notificationStatuses } from '../../../domain/delivery.js'
import { severities } from '../../../domain/message.js'
import type { NotificationFilter, NotificationSummary } from '../../../store/notification-store.js'
import type { Page } from '../../../store/store.js'
import { flagQuery, timeQuery } from '../../api/query.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { StatusBadge } from '../elements/badge.js'
import { EmptyState } from '../elements/card.js'
import { Countdown } from '../elements/countdown.js'
import { DataTable } from '../elements/data-table.js'
import { Select, TextField } from '../elements/field.js'
import { FilterChips, FilterForm } from '../elements/filters.js'
import { Pager } from '../elements/pager.js'
import { SeverityBadge } from '../elements/severity-badge.js'
import { Time } from '../elements/time.js'
import { fitPage } from '../fit-page.js'
import { filledIn, readPageQuery } from '../read-form.js'
import type { MountPage } from './page.js'

const pageSize = 50
const titleLengthMax = 140
const reasonLengthMax = 200
const nameLengthMax = 80

const query = z.object({
  status: filledIn(z.enum(notificationStatuses)),
  severity: filledIn(z.enum(severities)),
  route: filledIn(z.string().max(200)),
  fingerprint: filledIn(z.string().max(1_000)),
  mail: filledIn(z.string().max(64)),
  since: filledIn(timeQuery),
  unacknowledged: filledIn(flagQuery),
  cursor: filledIn(z.string().max(64)),
})

export const notificationsPages: MountPage = ({ calls, now }, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/notifications', async (c) => {
    const { mail, ...asked } = readPageQuery(c, query)
    const chosen = Object.entries({ ...asked, mailId: mail }).filter(([, value]) => value !== undefined)
    const filter: Omit<NotificationFilter, 'limit'> = Object.fromEntries(chosen)
    const page = await calls.listNotifications({ ...filter, limit: pageSize })
    const url = new URL(c.req.url)
    return render(
      c,
      { title: 'Notifications', section: 'notifications', styles: ['alerts.css'] },
      <>
        <Filters url={url} />
        <NotificationList page={fitPage(page, textsOf)} url={url} now={now()} />
      </>,
    )
  })
  return app
}

function textsOf({ title, route, event, reason, acked_by: by }: NotificationSummary): string[] {
  const names = [route, event ?? '', by ?? ''].map((name) => cutText(name, nameLengthMax))
  const asAddress = encodeURIComponent(cutText(route, reasonLengthMax))
  return [cutText(title, titleLengthMax), cutText(reason ?? '', reasonLengthMax), asAddress, ...names]
}

function Filters({ url }: { url: URL }) {
  const value = (name: string) => url.searchParams.get(name) ?? ''
  const kept = { status: value('status'), unacknowledged: value('unacknowledged'), mail: value('mail') }
  return (
    <>
      <FilterForm action="/notifications" label="Filter notifications" kept={kept} isFiltered={url.search !== ''}>
        <TextField name="route" label="Route" value={value('route')} placeholder="its whole name" />
        <Select
          name="severity"
          label="Severity"
          value={value('severity')}
          options={[
            { value: '', label: 'any' },
            ...severities.map((severity) => ({ value: severity, label: severity })),
          ]}
        />
        <TextField name="since" label="Since" value={value('since')} placeholder="24h, or 2026-11-20" />
        <TextField name="fingerprint" label="Fingerprint" value={value('fingerprint')} placeholder="the same alert" />
      </FilterForm>
      <FilterChips
        label="Asks for somebody"
        url={url}
        name="unacknowledged"
        values={[{ value: 'true', label: 'waits to be acknowledged' }]}
      />
      <FilterChips
        label="State"
        url={url}
        name="status"
        values={notificationStatuses.map((status) => ({ value: status, label: status }))}
      />
      {kept.mail ? (
        <p class="note">
          Only those of <a href={`/mails/${encodeURIComponent(kept.mail)}`}>one mail</a>.
        </p>
      ) : null}
    </>
  )
}

function NotificationList({ page, url, now }: { page: Page<NotificationSummary>; url: URL; now: number }) {
  const isFirst = !url.searchParams.has('cursor')
  return (
    <div id="notification-list" data-live={isFirst ? 'notifications' : undefined}>
      {page.items.length === 0 ? (
        <NoNotifications isFiltered={url.search !== ''} />
      ) : (
        <NotificationTable notifications={page.items} now={now} />
      )}
      <Pager url={url} nextCursor={page.next_cursor} />
    </div>
  )
}

function NoNotifications({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <EmptyState title="No notification is like that">
        <p>
          Take a filter away, or <a href="/notifications">show all notifications</a>.
        </p>
      </EmptyState>
    )
  }
  return (
    <EmptyState title="No route made a notification yet">
      <p>
        A notification is what one route makes of one mail: what is told, to whom, and whether somebody acknowledged it.{' '}
        <a href="/routes">Routes</a> says which there are; send a mail that matches one.
      </p>
    </EmptyState>
  )
}

function NotificationTable({ notifications, now }: { notifications: NotificationSummary[]; now: number }) {
  return (
    <DataTable
      caption="Notifications, newest first"
      rows={notifications}
      columns={[
        { title: 'State', look: 'narrow', cell: (one) => <State notification={one} now={now} /> },
        { title: 'Severity', look: 'narrow', cell: ({ severity }) => <SeverityBadge severity={severity} /> },
        { title: 'What', look: 'wide', cell: (one) => <What notification={one} /> },
        {
          title: 'Route',
          cell: ({ route }) =>
            route.length <= reasonLengthMax ? (
              <a href={`/notifications?route=${encodeURIComponent(route)}`}>{cutText(route, nameLengthMax)}</a>
            ) : (
              cutText(route, nameLengthMax)
            ),
        },
        { title: 'Made', look: 'narrow', cell: ({ created_at: at }) => <Time at={at} /> },
      ]}
    />
  )
}

function State({ notification, now }: { notification: NotificationSummary; now: number }) {
  const { status, waits_until: until } = notification
  return (
    <>
      <StatusBadge status={status} />
      {until ? (
        <p class="sub">
          let go <Countdown at={until} now={now} />
        </p>
      ) : null}
    </>
  )
}

function What({ notification }: { notification: NotificationSummary }) {
  const { id, title, event, reason, flagged, acked_by: by, suppressed_count: count } = notification
  const facts = [
    event ? cutText(event, nameLengthMax) : null,
    by ? `acknowledged by ${cutText(by, nameLengthMax)}` : null,
    count > 0 ? `stands for ${count} more` : null,
    flagged ? 'something failed on the way' : null,
  ].filter((fact) => fact !== null)
  return (
    <>
      <a href={`/notifications/${id}`} class="row-link">
        {cutText(title || '(no title)', titleLengthMax)}
      </a>
      {facts.length > 0 ? <p class="sub">{facts.join(' · ')}</p> : null}
      {reason ? <p class="sub">{cutText(reason, reasonLengthMax)}</p> : null}
    </>
  )
}
