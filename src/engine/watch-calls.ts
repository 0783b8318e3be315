import { ApiError } from '../domain/errors.js'
import type { MonitorSettings, MonitorState, NotifyRule, PingKind, RuleEvent } from '../domain/monitor.js'
import type { AuditFilter } from '../store/watch-store.js'
import { troubleAt } from '../watch/judge-monitor.js'
import { checkRule } from './check-rule.js'
import type { Engine } from './engine.js'

/** A monitor, as the API and the commands show it. */
export interface MonitorLine {
  name: string
  status: MonitorState['status']
  reason: string | null
  /** False when only pings count. */
  expects_mail: boolean
  every_ms: number
  grace_ms: number
  last_seen_at: string | null
  /** When it goes down unless something is seen before; null while it is down. */
  due_at: string | null
  changed_at: string
  /** Of a run that said it began. */
  started_at: string | null
  /** Whoever knows it may ping: `/ping/<token>`. */
  ping_path: string
  /** The same with `server.http.public_url`; null without one. */
  ping_url: string | null
  on_down: string[]
  on_recovery: string[]
}

export interface RuleLine {
  id: string
  subject: NotifyRule['subject']
  name: string
  event: RuleEvent
  channels: string[]
  created_by: string
  created_at: string
}

export interface NewRule {
  subject: NotifyRule['subject']
  /** The job's or the monitor's name, or `*`. */
  name: string
  event: RuleEvent
  channels: string[]
}

const rulesMax = 1_000

/** What may be asked about monitors, rules and the record of changes. Rejects with `ApiError`. */
export function offerWatchCalls(engine: Engine) {
  const { store, watch, orders, audit, now } = engine
  const settingsOf = (name: string): MonitorSettings | undefined => engine.current().config.monitors[name]

  async function describeMonitors(): Promise<MonitorLine[]> {
    const { config } = engine.current()
    const lines = (await store.listMonitorStates()).flatMap((state) => {
      const settings = config.monitors[state.name]
      return settings ? [describeMonitor(settings, state, config.server.http.publicUrl)] : []
    })
    return lines.sort((one, other) => one.name.localeCompare(other.name))
  }

  return {
    listMonitors: describeMonitors,
    /** One ping by the token of its URL; null when no monitor has it. */
    async ping(token: string, kind: PingKind): Promise<{ name: string; status: MonitorState['status'] } | null> {
      const state = await watch.pingByToken(token, kind)
      return state && { name: state.name, status: state.status }
    },
    async pingMonitor(name: string, kind: PingKind, actor: string): Promise<MonitorLine> {
      const settings = settingsOf(name)
      const state = settings ? await watch.ping(name, kind) : null
      if (!settings || !state) throw unknownMonitor(engine, name)
      await audit(actor, 'monitor.ping', [name], { kind })
      return describeMonitor(settings, state, engine.current().config.server.http.publicUrl)
    },
    async listRules(): Promise<RuleLine[]> {
      return (await store.listRules()).map(describeRule)
    },
    async addRule(rule: NewRule, actor: string): Promise<RuleLine> {
      const { config } = engine.current()
      const jobs = engine.jobs.scheduler.list()
      checkRule(rule, { jobs, monitors: Object.keys(config.monitors), channels: Object.keys(config.channels) })
      if (orders.rules().length >= rulesMax) throw new ApiError(409, 'too_many', `there are ${rulesMax} rules already`)
      const at = now()
      const { subject, name, event } = rule
      const channels = [...new Set(rule.channels)]
      const kept: NotifyRule = { id: engine.newId(), subject, name, event, channels, createdBy: actor, createdAt: at }
      if (!(await store.saveRule(kept))) throw new ApiError(409, 'exists', 'the same rule is there already')
      await orders.read()
      await audit(actor, 'rule.add', [kept.id], { subject, name, event, channels })
      return describeRule(kept)
    },
    async removeRule(ruleId: string, actor: string): Promise<void> {
      const rule = orders.rules().find(({ id }) => id === ruleId)
      if (!(await store.deleteRule(ruleId))) {
        throw new ApiError(404, 'not_found', `there is no rule ${ruleId}`, 'mailtrigger rules list shows them')
      }
      await orders.read()
      const detail = rule && { subject: rule.subject, name: rule.name, event: rule.event, channels: rule.channels }
      await audit(actor, 'rule.remove', [ruleId], detail ?? {})
    },
    listAudit: (filter: AuditFilter) => store.listAudit(filter),
  }
}

function describeMonitor(settings: MonitorSettings, state: MonitorState, publicUrl: string | null): MonitorLine {
  const path = `/ping/${state.token}`
  return {
    name: settings.name,
    status: state.status,
    reason: state.reason,
    expects_mail: settings.when !== null,
    every_ms: settings.everyMs,
    grace_ms: settings.graceMs,
    last_seen_at: toIso(state.lastSeenAt),
    due_at: state.status === 'down' ? null : toIso(troubleAt(settings, state)),
    changed_at: new Date(state.changedAt).toISOString(),
    started_at: toIso(state.startedAt),
    ping_path: path,
    ping_url: publicUrl === null ? null : `${publicUrl}${path}`,
    on_down: settings.onDown,
    on_recovery: settings.onRecovery,
  }
}

function describeRule({ id, subject, name, event, channels, createdBy, createdAt }: NotifyRule): RuleLine {
  const created_at = new Date(createdAt).toISOString()
  return { id, subject, name, event, channels, created_by: createdBy, created_at }
}

function unknownMonitor(engine: Engine, name: string): ApiError {
  const names = Object.keys(engine.current().config.monitors).join(', ') || 'none'
  return new ApiError(404, 'not_found', `there is no monitor "${name}"`, `monitors: ${names}`)
}

function toIso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
