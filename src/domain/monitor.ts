import type { Condition } from './route.js'

/** A thing expected to show up, as the config declares it. */
export interface MonitorSettings {
  name: string
  /** The mail that has to show up, or null when only pings count. */
  when: Condition | null
  everyMs: number
  graceMs: number
  onDown: string[]
  onRecovery: string[]
}

/** `new` was never seen: it is not down before its first interval is over. */
export type MonitorStatus = 'new' | 'up' | 'down'

export interface MonitorState {
  name: string
  status: MonitorStatus
  /** Part of the ping URL: unguessable, made once. */
  token: string
  /** Absences before this are nobody's loss: it was made, or the gateway itself was down. */
  watchedSince: number
  lastSeenAt: number | null
  /** Of a ping `/start` with no sign of life after it. */
  startedAt: number | null
  /** Of a ping `/fail` with no sign of life after it. */
  failedAt: number | null
  changedAt: number
  /** Why it is as it is: `no mail since 2026-11-20 02:00`. */
  reason: string | null
}

export type PingKind = 'seen' | 'start' | 'fail'

export const ruleEvents = ['on_success', 'on_failure', 'on_completion', 'on_down', 'on_recovery'] as const
export type RuleEvent = (typeof ruleEvents)[number]

/** Who hears of a job's runs or of a monitor, added while the server runs; those of the config stand beside them. */
export interface NotifyRule {
  id: string
  subject: 'job' | 'monitor'
  /** The job's or the monitor's name, or `*` for all. */
  name: string
  event: RuleEvent
  channels: string[]
  createdBy: string
  createdAt: number
}
