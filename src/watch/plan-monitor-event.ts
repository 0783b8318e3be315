import type { NewDelivery, NewNotification } from '../domain/delivery.js'
import type { Message } from '../domain/message.js'
import type { MonitorSettings, MonitorState } from '../domain/monitor.js'
import { noControl } from '../domain/notification.js'
import { describeDown, describeRecovery, nameMonitor } from './monitor-messages.js'

/** Finds the ways to a list of channels; `otherwise.send` stands in for a list that reaches nobody. */
export type PlanNotice = (
  channels: string[],
  message: Message,
) => { deliveries: NewDelivery[] /** Why `otherwise.send` hears of it. */; flagged: string | null }

export interface MonitorEvent {
  event: 'down' | 'recovery'
  settings: MonitorSettings
  before: MonitorState
  after: MonitorState
  /** Those that are to hear of it. */
  channels: string[]
}

export function planMonitorEvent(occasion: MonitorEvent, plan: PlanNotice, now: number): NewNotification {
  const { event, settings, before, after, channels } = occasion
  const message = event === 'down' ? describeDown(settings, after, now) : describeRecovery(before, after, now)
  return {
    ...nameMonitor(settings.name),
    severity: message.severity,
    event,
    labels: message.labels,
    message,
    control: noControl,
    ...plan(channels, message),
  }
}
