import type { NotificationFate } from '../../domain/notification.js'
import type { RecoveryTrace, Trace } from '../../domain/trace.js'
import type { AppliedRecovery } from './recoveries.js'

/**
 * The trace with what became of the mail's notifications and recoveries. A copy: what the pipeline gave is left as it
 * is, because the transaction may run again.
 */
export function recordFates(
  trace: Trace,
  fates: (NotificationFate & { route: string })[],
  applied: AppliedRecovery[],
): Trace {
  const fateOf = new Map(fates.map(({ route, ...fate }) => [route, fate]))
  return {
    ...trace,
    routes: trace.routes.map((line) => ({ ...line, notification: fateOf.get(line.name) ?? line.notification })),
    recoveries: trace.recoveries.map((line) => recordClosed(line, applied)),
  }
}

function recordClosed(line: RecoveryTrace, applied: AppliedRecovery[]): RecoveryTrace {
  const closed = applied.filter(({ recovery }) => {
    const { type, route } = recovery
    return route === line.route && line.what === `${type} ${type === 'hold' ? recovery.key : recovery.fingerprint}`
  })
  return { ...line, closed: [...new Set([...line.closed, ...closed.flatMap((recovery) => recovery.closed)])] }
}

/** Why routes have no delivery of their own: another route of the mail says the same to the same address. */
export function listToldBy(trace: Trace): Map<string, string> {
  return new Map(
    trace.routes.flatMap(({ name, deliveries }) => {
      const duplicate = deliveries.find((planned) => planned.verdict === 'duplicate' && planned.reason !== null)
      return duplicate?.reason ? [[name, duplicate.reason] as const] : []
    }),
  )
}
