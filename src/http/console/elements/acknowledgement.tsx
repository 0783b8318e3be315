import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import { mayActAs } from '../../../domain/identity.js'
import type { NotificationSummary } from '../../../store/notification-store.js'
import type { ConsoleEnv } from '../console-env.js'
import { cutText } from '../cut-text.js'
import { Icon } from './icon.js'
import { InlineField } from './inline-field.js'
import { Time } from './time.js'

const noteLengthMax = 1_000
const nameLengthMax = 200

/** Nobody has said yet that they take care of it, and it is not over. */
export function waitsForAck({ acked_at, status }: NotificationSummary): boolean {
  return acked_at === null && status !== 'resolved' && status !== 'suppressed'
}

/** Who acknowledged it, when, and what they said; null when nobody did. */
export function describeAck({ acked_by: by, acked_at: at, ack_note: note }: NotificationSummary): Child | null {
  if (by === null) return null
  return (
    <>
      <p>
        <Icon name="check" /> By <strong>{cutText(by, nameLengthMax)}</strong>, <Time at={at} />
      </p>
      {note ? <p class="words">“{note}”</p> : <p class="dim">Without a note.</p>}
    </>
  )
}

/** The form goes to the notification's page: what is acknowledged is the alert, not one message of it. */
export function AcknowledgeForm({ c, notification }: { c: Context<ConsoleEnv>; notification: NotificationSummary }) {
  const isAllowed = mayActAs(c.get('identity'), 'operator')
  return (
    <>
      <p class="dim">Says that you take care of it: repeats and escalations end, and channels that can show it do.</p>
      <form class="inline-form" method="post" action={`/notifications/${notification.id}/acknowledge`}>
        <InlineField id="ack-note" name="note" label="Note" placeholder="on it" lengthMax={noteLengthMax} />
        <button
          type="submit"
          class="button primary"
          disabled={!isAllowed}
          title={isAllowed ? undefined : 'takes the role operator'}
        >
          <Icon name="check" /> Acknowledge
        </button>
      </form>
    </>
  )
}
