import type { RouteLine } from '../../../engine/route-calls.js'
import { Badge } from './badge.js'
import { Time } from './time.js'

/** What sets a route apart from one that simply runs. */
export function RouteMarks({ route }: { route: RouteLine }) {
  const { enabled, stop, warnings, never_matched_since: neverSince } = route
  const isUnreachable = warnings.some(({ code }) => code === 'unreachable-route')
  const others = warnings.length - (isUnreachable ? 1 : 0)
  return (
    <span class="marks">
      {enabled ? null : (
        <Badge tone="warn" icon="pause">
          switched off
        </Badge>
      )}
      {isUnreachable ? (
        <Badge tone="bad" icon="cross">
          unreachable
        </Badge>
      ) : null}
      {stop ? (
        <Badge tone="quiet" icon="arrow">
          stops
        </Badge>
      ) : null}
      {others > 0 ? (
        <Badge tone="warn" icon="warning">
          {others === 1 ? '1 warning' : `${others} warnings`}
        </Badge>
      ) : null}
      {neverSince === null ? null : (
        <Badge tone="quiet" icon="circle">
          never matched
        </Badge>
      )}
    </span>
  )
}

/** When it matched last, or since when it never did. */
export function LastMatch({ route }: { route: RouteLine }) {
  if (route.last_matched_at) return <Time at={route.last_matched_at} />
  if (route.never_matched_since === null) return <span class="dim">not known</span>
  return (
    <span class="dim">
      never since <Time at={route.never_matched_since} />
    </span>
  )
}
