import type Database from 'better-sqlite3'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { DeliveryPurpose, DeliveryStatus, MailStatus } from '../../domain/delivery.js'
import type { RunOutcome, RunTrigger } from '../../domain/job.js'
import type { Severity } from '../../domain/message.js'
import type { NotificationSummary } from '../notification-store.js'
import type { StateRow } from './notification-states.js'

/** The tables as Kysely sees them; migrations.ts creates them. */
export interface Tables {
  mails: {
    id: string
    received_at: number
    size_bytes: number
    envelope: string
    status: MailStatus
    reason: string | null
    subject: string
    from_address: string
    malformed: string | null
    generation: number
    due_at: number | null
  }
  traces: { mail_id: string; generation: number; trace: string }
  notifications: {
    id: string
    mail_id: string | null
    run_id: string | null
    generation: number
    route: string
    severity: Severity
    event: string | null
    fingerprint: string
    labels: string
    message: string
    flagged: string | null
    created_at: number
    source: NotificationSummary['source']
  }
  notification_states: StateRow
  deliveries: {
    id: string
    notification_id: string
    mail_id: string | null
    run_id: string | null
    route: string
    channel: string
    recipient: string | null
    address: string | null
    message: string | null
    status: DeliveryStatus
    purpose: DeliveryPurpose
    attempts: number
    counted: number
    due_at: number | null
    last_error: string | null
    remote: string
    created_at: number
    updated_at: number
    lease_owner: string | null
  }
  runs: {
    id: string
    job: string
    trigger: RunTrigger
    scheduled_at: number
    started_at: number
    finished_at: number | null
    outcome: RunOutcome
    error: string | null
    logs: string
    duration_ms: number | null
    notifications: number
    rows_changed: number
    sha256: string | null
  }
  audit: { id: string; at: number; actor: string; action: string; subjects: string; detail: string }
  audit_subjects: { subject: string; audit_id: string }
  inbox: {
    id: string
    mail_id: string | null
    delivery_id: string | null
    recipient: string | null
    message: string
    at: number
  }
}

/**
 * Builds statements only. They run on the one better-sqlite3 connection, synchronously, because an asynchronous
 * transaction would let other writes slip into it between two awaits.
 */
export const sql = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

interface Compilable<Row> {
  compile: () => { sql: string; parameters: readonly unknown[] }
  /** Never called: it carries the row's type. */
  executeTakeFirst: () => Promise<Row | undefined>
}

export function allRows<Row>(database: Database.Database, query: Compilable<Row>): Row[] {
  const { sql: text, parameters } = query.compile()
  return database.prepare(text).all(...parameters) as Row[]
}

/** Row by row, for more rows than memory should hold. */
export function eachRow<Row>(database: Database.Database, query: Compilable<Row>): Iterable<Row> {
  const { sql: text, parameters } = query.compile()
  return database.prepare(text).iterate(...parameters) as Iterable<Row>
}
