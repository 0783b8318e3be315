import type { AuditEntry } from '../domain/audit.js'
import type { Store } from '../store/store.js'

const subjectsMax = 100

/** Records who changed what: `subjects` are ids or names, `detail` never holds a secret. */
export type Audit = (
  actor: string,
  action: string,
  subjects: readonly string[],
  detail: AuditEntry['detail'],
) => Promise<void>

/** Of long lists the first are named, and how many there were. */
export function recordIn(store: Pick<Store, 'saveAudit'>, now: () => number): Audit {
  return (actor, action, subjects, detail) =>
    store.saveAudit({
      at: now(),
      actor,
      action,
      subjects: subjects.slice(0, subjectsMax),
      detail: subjects.length > subjectsMax ? { ...detail, subjects: subjects.length } : detail,
    })
}
