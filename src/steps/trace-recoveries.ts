import type { Recovery } from '../domain/notification.js'
import type { RecoveryTrace, Trace } from '../domain/trace.js'
import type { Signs } from './find-recoveries.js'

/** Without what an earlier pass over the mail has told: a mail closes a thing once. */
export function omitTold(signs: Signs, told: Trace | null): Pick<Signs, 'recoveries' | 'monitors'> {
  if (told === null) return signs
  return {
    recoveries: signs.recoveries.filter((recovery) => !told.recoveries.some((line) => isSame(line, traceOf(recovery)))),
    monitors: signs.monitors.filter((monitor) => !told.monitors.includes(monitor)),
  }
}

/** The lines of the recoveries come first and in their order: what they close is written into them later. */
export function traceRecoveries(recoveries: Recovery[], { keyless }: Signs, told: Trace | null): RecoveryTrace[] {
  const lines = recoveries.map(traceOf)
  for (const { route, problem } of keyless) lines.push({ route, what: `${nothingClosed}: ${problem}`, closed: [] })
  const before = told?.recoveries ?? []
  return [...lines, ...before.filter((earlier) => !lines.some((line) => isSame(line, earlier)))]
}

/** A mail that no route matched may have been expected all the same: by what is held, or by a monitor. */
export function isExpected({ recoveries, monitors }: Pick<Trace, 'recoveries' | 'monitors'>): boolean {
  return monitors.length > 0 || recoveries.some(({ what }) => !what.startsWith(nothingClosed))
}

const nothingClosed = 'nothing'

/** `fingerprint db1/nginx` or `hold db1/nginx` */
function traceOf(recovery: Recovery): RecoveryTrace {
  const { route, type } = recovery
  return { route, what: `${type} ${type === 'hold' ? recovery.key : recovery.fingerprint}`, closed: [] }
}

function isSame(a: RecoveryTrace, b: RecoveryTrace): boolean {
  return a.route === b.route && a.what === b.what
}
