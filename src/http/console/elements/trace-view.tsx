import type { Child } from 'hono/jsx'
import type { NotificationFate } from '../../../domain/notification.js'
import {
  type ConditionTrace,
  completeTrace,
  type PlannedDelivery,
  type RouteTrace,
  type StepTrace,
  type Trace,
} from '../../../domain/trace.js'
import type { NotificationSummary } from '../../../store/notification-store.js'
import type { DeliveryDetail } from '../../../store/store.js'
import { cutText, sliceList } from '../cut-text.js'
import { AttemptList } from './attempt-list.js'
import { StatusBadge } from './badge.js'
import { Icon, type IconName } from './icon.js'
import { More } from './more.js'
import { SenderAuthView } from './sender-auth.js'
import { describeMs } from './time.js'

/** What is known beside the trace; without it the trace says what it said when it was kept. */
export interface TraceSurroundings {
  /** As they are now. */
  notifications?: NotificationSummary[]
  besideNotification?: (notificationId: string) => Child
  besideDelivery?: (delivery: DeliveryDetail) => Child
  /** Of a trace of hundreds of routes, the one the page starts with, and the page's address. */
  from?: number
  href?: string
  /** How much of the page it may take. */
  bytesMax?: number
}

const deliveriesMax = 12
const plannedMax = 20
const childrenMax = 30
const attemptsMax = 3
const expectedLengthMax = 300
const detailLengthMax = 600
const logLengthMax = 4_000

/** Why: each route, each condition with the value it saw, each step, each attempt. What matched stands open. */
export function TraceView({
  trace: kept,
  deliveries,
  around = {},
}: {
  trace: Trace
  deliveries: DeliveryDetail[]
  around?: TraceSurroundings
}) {
  const trace = completeTrace(kept)
  const of = (route: string) => deliveries.filter((delivery) => delivery.route === route)
  const view = (route: RouteTrace) => <RouteView route={route} deliveries={of(route.name)} around={around} />
  const { from = 0, href = '', bytesMax } = around
  const { shown, next } = sliceList(trace.routes, from, (route) => Buffer.byteLength(String(view(route))), {
    ...(bytesMax === undefined ? {} : { bytesMax }),
  })
  return (
    <div class="trace">
      {trace.parse.malformed ? (
        <p class="note warn">
          <Icon name="warning" /> The mail could not be read as a whole: {trace.parse.malformed}. It was routed by what
          could.
        </p>
      ) : null}
      {trace.auth ? <SenderAuthView auth={trace.auth} /> : null}
      {shown.map(view)}
      {href ? (
        <More href={href} from={from} next={next} label="Routes" />
      ) : next === null ? null : (
        <p class="dim">{trace.routes.length - next} more routes are left out here.</p>
      )}
      {trace.routes_omitted > 0 ? (
        <p class="dim">{trace.routes_omitted} more routes did not match and are left out.</p>
      ) : null}
      {trace.otherwise ? (
        <div class="otherwise">
          <p>
            <Icon name="circle" /> <strong>otherwise</strong>: {trace.otherwise.reason};{' '}
            {trace.otherwise.sent_to ? `sent to ${trace.otherwise.sent_to}` : 'kept in the archive'}
          </p>
          <Deliveries deliveries={of('otherwise')} around={around} />
        </div>
      ) : null}
      {trace.recoveries.map(({ what, route, closed }) => (
        <p class="note">
          <Icon name="replay" /> recovery of {what} ({route}): {closed.length > 0 ? 'closed ' : 'nothing was open'}
          {closed.map((id, index) => (
            <>
              {index > 0 ? ', ' : ''}
              <a href={`/notifications/${id}`}>{id}</a>
            </>
          ))}
        </p>
      ))}
      {trace.monitors.length > 0 ? (
        <p class="note">
          <Icon name="pulse" /> expected by {trace.monitors.join(', ')}
        </p>
      ) : null}
    </div>
  )
}

const verdictLooks: Record<RouteTrace['verdict'], { icon: IconName; word: string; tone: string }> = {
  matched: { icon: 'check', word: 'matched', tone: 'good' },
  not_matched: { icon: 'cross', word: 'did not match', tone: 'quiet' },
  skipped: { icon: 'circle', word: 'skipped', tone: 'quiet' },
  retry: { icon: 'replay', word: 'will be tried again', tone: 'warn' },
}

function RouteView({
  route,
  deliveries,
  around,
}: {
  route: RouteTrace
  deliveries: DeliveryDetail[]
  around: TraceSurroundings
}) {
  const look = verdictLooks[route.verdict]
  const isOpen = route.verdict === 'matched' || route.verdict === 'retry'
  return (
    <details class={`route ${look.tone}`} open={isOpen}>
      <summary>
        <Icon name={look.icon} />
        <span class="route-name">{route.name}</span>
        <span class="verdict">{look.word}</span>
        <span class="source">{route.source}</span>
        {isOpen ? <span class="dim">{describeMs(route.duration_ms)}</span> : null}
      </summary>
      {route.reason ? <p class="reason">{cutText(route.reason, detailLengthMax)}</p> : null}
      {route.condition ? (
        <ul class="conditions">
          <ConditionView node={route.condition} isTop />
        </ul>
      ) : null}
      {route.steps.length > 0 ? (
        <ol class="steps">
          {route.steps.map((step) => (
            <StepView step={step} />
          ))}
        </ol>
      ) : null}
      <Planned planned={route.deliveries} />
      {route.notification ? <Fate fate={route.notification} around={around} /> : null}
      <Deliveries deliveries={deliveries} around={around} />
    </details>
  )
}

const conditionLooks: Record<ConditionTrace['verdict'], { icon: IconName; word: string; tone: string }> = {
  true: { icon: 'check', word: 'holds', tone: 'good' },
  false: { icon: 'cross', word: 'does not hold', tone: 'bad' },
  unknown: { icon: 'warning', word: 'is not known', tone: 'warn' },
  not_evaluated: { icon: 'circle', word: 'was not asked', tone: 'quiet' },
}

function ConditionView({ node, isTop = false }: { node: ConditionTrace; isTop?: boolean }) {
  const look = conditionLooks[node.verdict]
  const isGroup = node.kind === 'all' || node.kind === 'any' || node.kind === 'not'
  if (isGroup && node.children.length === 0) return <li class="dim">no condition: every mail matches</li>
  if (isGroup && isTop && node.kind === 'all') {
    return (
      <>
        {node.children.slice(0, childrenMax).map((child) => (
          <ConditionView node={child} />
        ))}
        <Omitted count={node.children.length - childrenMax} />
      </>
    )
  }
  return (
    <li class={`condition ${look.tone}`}>
      <Icon name={look.icon} />
      <span class="hidden">{look.word}: </span>
      {isGroup ? (
        <span class="asked">{node.kind}</span>
      ) : (
        <span class="asked">
          <b>{node.field ?? node.kind}</b> {node.operator ? node.operator.replace('_', ' ') : null}{' '}
          {node.expected === null ? null : <code>{cutText(node.expected, expectedLengthMax)}</code>}
        </span>
      )}
      {node.seen === null ? null : (
        <span class="seen">
          saw <q>{node.seen}</q>
        </span>
      )}
      {node.reason ? <span class="why">{node.reason}</span> : null}
      {node.verdict === 'not_evaluated' ? <span class="why">not asked: the others had decided</span> : null}
      {node.children.length > 0 ? (
        <ul class="conditions">
          {node.children.slice(0, childrenMax).map((child) => (
            <ConditionView node={child} />
          ))}
          <Omitted count={node.children.length - childrenMax} />
        </ul>
      ) : null}
    </li>
  )
}

function StepView({ step }: { step: StepTrace }) {
  const logs = Array.isArray(step.facts.logs) ? (step.facts.logs as { level: string; message: string }[]) : []
  const tone = { ok: '', warning: 'warn', failed: 'bad', skipped: 'quiet' }[step.verdict]
  return (
    <li class={`step ${tone}`}>
      <span class="verb">{step.step}</span>
      {step.target ? <span class="target">{step.target}</span> : null}
      <span class="detail">
        {step.verdict === 'ok' ? null : <b>{step.verdict}: </b>}
        {cutText(step.detail, detailLengthMax)}
      </span>
      <span class="dim">{describeMs(step.duration_ms)}</span>
      {logs.length > 0 ? (
        <details class="logs">
          <summary>{logs.length} log lines</summary>
          <pre>{cutText(logs.map(({ level, message }) => `${level}: ${message}`).join('\n'), logLengthMax)}</pre>
        </details>
      ) : null}
    </li>
  )
}

/** Only what has a story: who was not reached, who gets it otherwise than the step says. */
function Planned({ planned }: { planned: PlannedDelivery[] }) {
  const told = planned.filter(({ verdict, reason }) => verdict !== 'planned' || reason !== null)
  if (told.length === 0) return null
  return (
    <ul class="planned">
      {told.slice(0, plannedMax).map(({ verdict, channel, recipient, reason }) => (
        <li class={verdict === 'unreachable' ? 'warn' : ''}>
          <Icon name={verdict === 'unreachable' ? 'warning' : 'dot'} />
          {verdict === 'planned' ? '' : `${verdict}: `}
          {[channel, recipient].filter(Boolean).join(' → ')} {reason ?? ''}
        </li>
      ))}
      <Omitted count={told.length - plannedMax} />
    </ul>
  )
}

/** How its notification stands now; what was said when it was kept stands in the trace. */
function Fate({ fate, around }: { fate: NotificationFate; around: TraceSurroundings }) {
  const { notification_id: id } = fate
  const now = around.notifications?.find((notification) => notification.id === id)
  const acked = now?.acked_by ? `acknowledged by ${now.acked_by}${now.ack_note ? `: ${now.ack_note}` : ''}` : null
  return (
    <div class="fate">
      <a href={`/notifications/${id}`}>Notification</a> <StatusBadge status={now?.status ?? fate.status} />{' '}
      {[now ? now.reason : fate.reason, acked].filter(Boolean).join('; ')}
      {around.besideNotification?.(id)}
    </div>
  )
}

function Deliveries({ deliveries, around }: { deliveries: DeliveryDetail[]; around: TraceSurroundings }) {
  if (deliveries.length === 0) return null
  const mailId = deliveries[0]?.mail_id ?? null
  return (
    <ul class="deliveries">
      {deliveries.slice(0, deliveriesMax).map((delivery) => (
        <li>
          <div class="delivery-line">
            <a href={`/deliveries/${delivery.id}`}>
              {delivery.channel}
              {delivery.recipient ? ` → ${delivery.recipient}` : ''}
            </a>{' '}
            {delivery.purpose === 'alert' ? null : <span class="dim">{delivery.purpose} </span>}
            <StatusBadge status={delivery.status} />
            {around.besideDelivery?.(delivery)}
          </div>
          <AttemptList delivery={delivery} last={attemptsMax} />
        </li>
      ))}
      {deliveries.length > deliveriesMax ? (
        <li>
          <a href={mailId ? `/mails/${mailId}/deliveries` : '/deliveries'}>All deliveries</a>
        </li>
      ) : null}
    </ul>
  )
}

function Omitted({ count }: { count: number }) {
  return count > 0 ? <li class="dim">and {count} more</li> : null
}
