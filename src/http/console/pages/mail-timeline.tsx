import type { Child } from 'hono/jsx'
import { composeTimeline, type TimelineEntry } from '../compose-timeline.js'
import { cutText, sliceList } from '../cut-text.js'
import { Icon, type IconName } from '../elements/icon.js'
import { More } from '../elements/more.js'
import { describeMs, Time } from '../elements/time.js'
import type { ViewParts } from './mail.js'

/** Of a mail to thousands the first are told of; the view Deliveries has all. */
const deliveriesMax = 100

export async function timelineView({ calls, mail, query }: ViewParts): Promise<Child> {
  const page = await calls.listDeliveries({ mailId: mail.id, limit: deliveriesMax })
  const read = await Promise.all(page.items.map(({ id }) => calls.readDelivery(id)))
  const deliveries = read.filter((delivery) => delivery !== null)
  const entries = composeTimeline(mail, deliveries)
  const view = (entry: TimelineEntry) => <EntryView entry={entry} start={mail.received_at} />
  const { shown, next } = sliceList(entries, query.from, (entry) => Buffer.byteLength(String(view(entry))))
  return (
    <>
      <ol class="timeline">{shown.map(view)}</ol>
      <More href={`/mails/${mail.id}/timeline`} from={query.from} next={next} label="Timeline" />
      {page.next_cursor === null ? null : (
        <p class="note">
          Of its deliveries the last {deliveriesMax} stand here.{' '}
          <a href={`/mails/${mail.id}/deliveries`}>All deliveries</a>
        </p>
      )}
    </>
  )
}

const icons: Record<TimelineEntry['kind'], IconName> = {
  received: 'mail',
  routed: 'route',
  attempt: 'send',
  acknowledged: 'bell',
  resolved: 'check',
  ahead: 'clock',
}

function EntryView({ entry, start }: { entry: TimelineEntry; start: string }) {
  const sinceMs = Date.parse(entry.at) - Date.parse(start)
  const title = cutText(entry.title, 200)
  return (
    <li class={entry.kind}>
      <Icon name={icons[entry.kind]} />
      <span class="when">
        <Time at={entry.at} />
        <span class="dim">{sinceMs > 0 ? `+${describeMs(sinceMs)}` : null}</span>
      </span>
      <span class="what">
        {entry.href ? <a href={entry.href}>{title}</a> : <b>{title}</b>}
        {entry.durationMs === null ? null : <span class="dim"> took {describeMs(entry.durationMs)}</span>}
        {entry.detail ? <span class="detail">{cutText(entry.detail, 300)}</span> : null}
      </span>
    </li>
  )
}
