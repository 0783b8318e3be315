import type { FailedCondition, NearMiss } from '../../../route/near-miss.js'
import { cutText } from '../cut-text.js'
import { Icon } from './icon.js'

const conditionsMax = 8
const textLengthMax = 300

/** Why no route took a mail: those that came nearest, what stood between, and what would have matched. */
export function NearMissList({ misses, mailId }: { misses: NearMiss[]; mailId: string }) {
  const playground = `/playground?mail=${encodeURIComponent(mailId)}`
  if (misses.length === 0) {
    return (
      <section class="near" aria-label="Closest routes">
        <p>
          <Icon name="circle" /> No route came near: none of their conditions is like this mail.{' '}
          <a href={playground}>Write a route for it in the playground</a>
        </p>
      </section>
    )
  }
  return (
    <section class="near" aria-label="Closest routes">
      {misses.map((miss, index) => (
        <div>
          <h2>
            {index === 0 ? 'Closest route: ' : 'Then: '}
            <a href={`/routes/${encodeURIComponent(miss.route)}`}>{cutText(miss.route, textLengthMax)}</a>{' '}
            <span class="source">{miss.position}</span>
          </h2>
          {miss.reason ? <p>Its conditions hold, but {miss.reason}.</p> : null}
          {miss.failed.length > 0 ? <p>It would have matched but for:</p> : null}
          <ul>
            {miss.failed.slice(0, conditionsMax).map((failed) => (
              <FailedView failed={failed} playground={playground} route={miss.route} />
            ))}
          </ul>
          {miss.failed.length > conditionsMax ? (
            <p class="dim">and {miss.failed.length - conditionsMax} more conditions</p>
          ) : null}
        </div>
      ))}
    </section>
  )
}

function FailedView({ failed, playground, route }: { failed: FailedCondition; playground: string; route: string }) {
  const { condition, hint, seen, suggestion } = failed
  return (
    <li>
      <Icon name="cross" /> <code>{cutText(condition, textLengthMax)}</code>
      {hint ? <span class="hint-text">: {cutText(hint, textLengthMax)}</span> : null}
      {seen === null ? null : (
        <span class="seen">
          ; saw <q>{cutText(seen, textLengthMax)}</q>
        </span>
      )}
      {suggestion === null ? null : (
        <p class="suggestion">
          A condition that would match: <code>{cutText(suggestion, textLengthMax)}</code>{' '}
          <a
            href={`${playground}&route=${encodeURIComponent(route)}&suggestion=${encodeURIComponent(suggestion)}`}
            class="button"
          >
            <Icon name="flask" /> Try it
          </a>
        </p>
      )}
    </li>
  )
}
