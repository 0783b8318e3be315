import {
  type ConditionTrace,
  completeTrace,
  type PlannedDelivery,
  type RouteTrace,
  type StepTrace,
  type Trace,
} from '../../../domain/trace.js'
import type { DeliveryDetail } from '../../../store/store.js'
import { AttemptList } from './attempt-list.js'
import { StatusBadge } from './badge.js'
import { Icon, type IconName } from './icon.js'
import { describeMs } from './time.js'

/** Why: each route, each condition with the value it saw, each step, each attempt. What matched stands open. */
export function TraceView({ trace: kept, deliveries }: { trace: Trace; deliveries: DeliveryDetail[] }) {
  const trace = completeTrace(kept)
  const of = (route: string) => deliveries.filter((delivery) => delivery.route === route)
  return (
    <div class="trace">
      {trace.parse.malformed ? (
        <p class="note warn">
          <Icon name="warning" /> The mail could not be read as a whole: {trace.parse.malformed}. It was routed by what
          could.
        </p>
      ) : null}
      {trace.routes.map((route) => (
        <RouteView route={route} deliveries={of(route.name)} />
      ))}
      {trace.routes_omitted > 0 ? (
        <p class="dim">{trace.routes_omitted} more routes did not match and are left out.</p>
      ) : null}
      {trace.otherwise ? (
        <div class="otherwise">
          <p>
            <Icon name="circle" /> <strong>otherwise</strong>: {trace.otherwise.reason};{' '}
            {trace.otherwise.sent_to ? `sent to ${trace.otherwise.sent_to}` : 'kept in the archive'}
          </p>
          <Deliveries deliveries={of('otherwise')} />
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

function RouteView({ route, deliveries }: { route: RouteTrace; deliveries: DeliveryDetail[] }) {
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
      {route.reason ? <p class="reason">{route.reason}</p> : null}
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
      {route.notification ? (
        <p class="fate">
          <a href={`/notifications/${route.notification.notification_id}`}>Notification</a>{' '}
          <StatusBadge status={route.notification.status} /> {route.notification.reason ?? ''}
        </p>
      ) : null}
      <Deliveries deliveries={deliveries} />
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
        {node.children.map((child) => (
          <ConditionView node={child} />
        ))}
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
          {node.expected === null ? null : <code>{node.expected}</code>}
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
          {node.children.map((child) => (
            <ConditionView node={child} />
          ))}
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
        {step.detail}
      </span>
      <span class="dim">{describeMs(step.duration_ms)}</span>
      {logs.length > 0 ? (
        <details class="logs">
          <summary>{logs.length} log lines</summary>
          <pre>{logs.map(({ level, message }) => `${level}: ${message}`).join('\n')}</pre>
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
      {told.map(({ verdict, channel, recipient, reason }) => (
        <li class={verdict === 'unreachable' ? 'warn' : ''}>
          <Icon name={verdict === 'unreachable' ? 'warning' : 'dot'} />
          {verdict === 'planned' ? '' : `${verdict}: `}
          {[channel, recipient].filter(Boolean).join(' → ')} {reason ?? ''}
        </li>
      ))}
    </ul>
  )
}

function Deliveries({ deliveries }: { deliveries: DeliveryDetail[] }) {
  if (deliveries.length === 0) return null
  return (
    <ul class="deliveries">
      {deliveries.map((delivery) => (
        <li>
          <a href={`/deliveries/${delivery.id}`}>
            {delivery.channel}
            {delivery.recipient ? ` → ${delivery.recipient}` : ''}
          </a>{' '}
          {delivery.purpose === 'alert' ? null : <span class="dim">{delivery.purpose} </span>}
          <StatusBadge status={delivery.status} />
          <AttemptList delivery={delivery} />
        </li>
      ))}
    </ul>
  )
}
