import type { AuditEntry } from '../domain/audit.js'
import type { NewNotification } from '../domain/delivery.js'
import type { MonitorState, NotifyRule } from '../domain/monitor.js'
import type { Silence } from '../domain/silence.js'
import type { CommittedRouting, Page } from './store.js'

/** What is kept of monitors, silences, rules, and of who changed what. */
export interface WatchStore {
  listMonitorStates: () => Promise<MonitorState[]>
  readMonitorByToken: (token: string) => Promise<MonitorState | null>
  /**
   * A monitor's new state and what is told of it, in one transaction. False when the state has changed since `before`
   * was read (null: there was none), so that of a ping and an alarm in the same moment one has to look again. A mail
   * that shows up writes `lastSeenAt` and no more (`Routing.monitorsSeen`), which counts as a change.
   */
  changeMonitor: (
    before: MonitorState | null,
    after: MonitorState,
    notifications: NewNotification[],
    now: number,
  ) => Promise<CommittedRouting | false>
  /** Forgets monitors that are not among these. */
  keepMonitors: (names: string[]) => Promise<void>

  /** In force, to come, and (with `ended`) over; newest first. */
  listSilences: (filter: { ended: boolean; now: number; limit: number }) => Promise<Silence[]>
  saveSilence: (silence: Silence) => Promise<void>
  /** Ends it now; false when it is over or was never there. */
  endSilence: (silenceId: string, now: number) => Promise<boolean>

  listRules: () => Promise<NotifyRule[]>
  /** False when the same rule is there already, whatever its id. */
  saveRule: (rule: NotifyRule) => Promise<boolean>
  deleteRule: (ruleId: string) => Promise<boolean>

  saveAudit: (entry: AuditEntry) => Promise<void>
  /** Newest first. */
  listAudit: (filter: AuditFilter) => Promise<Page<AuditLine>>

  /** The moment the gateway was last known to run; null at the first start. */
  readHeartbeat: () => Promise<number | null>
  saveHeartbeat: (at: number) => Promise<void>
}

export interface AuditFilter {
  limit: number
  cursor?: string
  subject?: string
  action?: string
  since?: number
}

export interface AuditLine {
  id: string
  at: string
  actor: string
  action: string
  subjects: string[]
  detail: Record<string, unknown>
}
