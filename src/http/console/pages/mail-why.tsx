import type { Child } from 'hono/jsx'
import type { Trace } from '../../../domain/trace.js'
import type { DeliveryDetail, MailDetail } from '../../../store/store.js'
import { EmptyState } from '../elements/card.js'
import { NearMissList } from '../elements/near-miss-list.js'
import { Time } from '../elements/time.js'
import { TraceView } from '../elements/trace-view.js'
import type { ViewParts } from './mail.js'
import { AcknowledgeForm, DeliveryButtons, listWaiting } from './mail-deliveries.js'

/** The newest, read in full with their attempts; the view Deliveries has all. */
const deliveriesMax = 60
const generationsMax = 20

/** The trace of the last routing, or of the one that is asked for, with what became of it since. */
export async function whyView({ c, calls, mail, query }: ViewParts): Promise<Child> {
  const last = mail.traces.at(-1)
  const trace = mail.traces.find(({ generation }) => generation === query.generation) ?? last
  if (!trace || !last) {
    return (
      <EmptyState title="The mail has not been routed yet">
        <p>It is stored, so it cannot be lost; the pipeline takes it as soon as it can.</p>
      </EmptyState>
    )
  }
  const isLast = trace === last
  const asksNear = isLast && mail.status === 'unrouted' && query.from === 0
  const [deliveries, waiting, misses] = await Promise.all([
    readDeliveries(calls, mail, trace.generation),
    listWaiting(calls, mail.id),
    asksNear ? calls.nearMisses(mail.id) : null,
  ])
  const base = `/mails/${mail.id}`
  const around = {
    notifications: mail.notifications,
    besideNotification: (id: string) =>
      waiting.has(id) ? <AcknowledgeForm c={c} mailId={mail.id} notificationId={id} /> : null,
    besideDelivery: (delivery: DeliveryDetail) => <DeliveryButtons c={c} delivery={delivery} />,
    from: query.from,
    href: isLast ? base : `${base}?generation=${trace.generation}`,
  }
  return (
    <>
      {misses ? <NearMissList misses={misses} mailId={mail.id} /> : null}
      <Routing mail={mail} trace={trace} />
      <TraceView trace={trace} deliveries={deliveries} around={around} />
    </>
  )
}

/** Which routing one looks at, by which config, and the way to the others: each keeps its trace. */
function Routing({ mail, trace }: { mail: MailDetail; trace: Trace }) {
  const last = mail.traces.at(-1)
  const others = mail.traces.filter((one) => one !== trace).slice(-generationsMax)
  return (
    <div class="routing">
      <p class="dim">
        {trace === last ? 'Routed' : 'An earlier routing, of'} <Time at={trace.started_at} /> with the config{' '}
        <a href="/config">
          <code>{trace.config_hash}</code>
        </a>
        {mail.traces.length > 1 ? `; routing ${trace.generation + 1} of ${mail.generation + 1}` : null}
      </p>
      {others.length > 0 ? (
        <nav class="chips" aria-label="Routings of this mail">
          {others.map(({ generation, outcome }) => (
            <a
              href={
                generation === last?.generation ? `/mails/${mail.id}` : `/mails/${mail.id}?generation=${generation}`
              }
            >
              routing {generation + 1}: {outcome}
            </a>
          ))}
        </nav>
      ) : null}
    </div>
  )
}

async function readDeliveries(
  calls: ViewParts['calls'],
  mail: MailDetail,
  generation: number,
): Promise<DeliveryDetail[]> {
  const chosen = mail.delivery_list.filter((delivery) => delivery.generation === generation).slice(0, deliveriesMax)
  const read = await Promise.all(chosen.map(({ id }) => calls.readDelivery(id)))
  return read.filter((delivery) => delivery !== null).toReversed()
}
