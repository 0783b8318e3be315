import type { NewNotification } from '../domain/delivery.js'
import type { Message } from '../domain/message.js'
import { noControl } from '../domain/notification.js'
import type { PlanNotice } from './plan-monitor-event.js'

/** What the gateway says of itself, to `otherwise.send`. */
export function planSystemNotice(event: string, message: Message, plan: PlanNotice): NewNotification {
  return {
    route: 'mailtrigger',
    severity: message.severity,
    event,
    fingerprint: `mailtrigger/${event}`,
    labels: message.labels,
    message,
    control: noControl,
    ...plan([], message),
    flagged: null,
  }
}
