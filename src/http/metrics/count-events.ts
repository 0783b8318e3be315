import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { EngineEvent } from '../../domain/events.js'
import { rejectionReasons } from '../../domain/rejection.js'

const prefix = 'mailtrigger_'
/** Gauges by the names of counters, which `promtool check metrics` refuses. */
const misnamed = ['active_resources_total', 'active_handles_total', 'active_requests_total'].map(
  (name) => `${prefix}nodejs_${name}`,
)

export interface EventMetrics {
  registry: Registry
  take: (event: EngineEvent, now: number) => void
}

/**
 * Counters in the form of Prometheus, counted from the start of the process: Prometheus knows that counters start anew.
 * Labels are names of the config and fixed words, so that nobody's mail can make a series.
 */
export function createEventMetrics(version: string, now: number): EventMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix })
  for (const name of misnamed) registry.removeSingleMetric(name)
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `${prefix}${name}`, help, labelNames, registers: [registry] })
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `${prefix}${name}`, help, labelNames, registers: [registry] })

  const received = counter('mails_received_total', 'Mails that were stored and acknowledged')
  const rejected = counter('mails_rejected_total', 'Mails that were refused at the door, by reason', ['reason'])
  // From the start, as Prometheus sees no increase to the first value of a series.
  for (const reason of Object.keys(rejectionReasons)) rejected.inc({ reason }, 0)
  const routed = counter('mails_routed_total', 'Mails that were routed, by the state they have since', ['status'])
  const matches = counter('route_matches_total', 'Mails that a route took', ['route'])
  const attempts = counter('delivery_attempts_total', 'Attempts, by the state of the delivery after them', [
    'channel',
    'status',
  ])
  const deliveries = counter('deliveries_total', 'Deliveries that came to an end', ['channel', 'outcome'])
  const runs = counter('job_runs_total', 'Runs of jobs', ['job', 'outcome'])
  const lastSuccess = gauge('job_last_success_timestamp_seconds', 'When the last run that went well ended', ['job'])
  const monitorUp = gauge('monitor_up', '0 while a monitor is down; monitors that never changed are left out', [
    'monitor',
  ])
  const reloaded = gauge('config_last_reload_successful', '1 when the config on disk is the one that runs')
  const reloadedAt = gauge('config_last_reload_success_timestamp_seconds', 'When a config was taken over last')
  gauge('build_info', 'Always 1', ['version', 'node']).set({ version, node: process.version }, 1)
  reloaded.set(1)
  reloadedAt.set(now / 1_000)

  const take: EventMetrics['take'] = (event, at) => {
    switch (event.type) {
      case 'mail.stored':
        return received.inc()
      case 'mail.rejected':
        return rejected.inc({ reason: event.reason }, event.count)
      case 'mail.routed':
        routed.inc({ status: event.status })
        for (const route of event.routes) matches.inc({ route })
        return
      case 'delivery.settled': {
        const { channel, status } = event
        if (status !== 'cancelled') attempts.inc({ channel, status })
        if (status === 'sent' || status === 'dead' || status === 'cancelled') {
          deliveries.inc({ channel, outcome: status })
        }
        return
      }
      case 'run.finished':
        runs.inc({ job: event.job, outcome: event.outcome })
        if (event.outcome === 'success') lastSuccess.set({ job: event.job }, at / 1_000)
        return
      case 'monitor.down':
      case 'monitor.up':
        return monitorUp.set({ monitor: event.monitor }, event.type === 'monitor.up' ? 1 : 0)
      case 'disk.full':
      case 'disk.ok':
        // The gauges say it.
        return
      case 'config.reloaded':
        reloaded.set(1)
        return reloadedAt.set(at / 1_000)
      case 'config.rejected':
        return reloaded.set(0)
    }
  }
  return { registry, take }
}
