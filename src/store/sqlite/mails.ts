import type Database from 'better-sqlite3'
import type { MailStatus } from '../../domain/delivery.js'
import type { Envelope, RawMail } from '../../domain/mail.js'
import type { Trace } from '../../domain/trace.js'
import type { MailClaim, MailRelease } from '../mail-claim.js'
import type { ClaimedMail, RoutedMailCommit, Routing } from '../store.js'
import { hasCalls, listNewCalls, measureOf } from './action-calls.js'
import { prepareDailyMailCounts } from './daily-mail-counts.js'
import { readAuth, writeAuth } from './kept-auth.js'
import { prepareMonitors } from './monitors.js'
import { prepareNotifications } from './notifications.js'
import { listToldBy, recordFates } from './record-fates.js'
import { prepareRecoveries } from './recoveries.js'
import type { StatCounts } from './stat-counts.js'

/** The queue of mails: saved, claimed, routed. Every function here runs inside the caller's transaction. */
export function prepareMails(database: Database.Database, counts: StatCounts) {
  const notifications = prepareNotifications(database, counts)
  const recoveries = prepareRecoveries(database)
  const monitors = prepareMonitors(database)
  const daily = prepareDailyMailCounts(database)
  const insertMail = database.prepare<[string, number, number, string, string | null, number]>(
    `INSERT INTO mails (id, received_at, size_bytes, envelope, auth, status, due_at) VALUES (?, ?, ?, ?, ?, 'stored', ?)`,
  )
  const insertRaw = database.prepare<[string, Uint8Array]>('INSERT INTO raw_mails (mail_id, raw) VALUES (?, ?)')
  const selectDue = database.prepare<[number, number, number], DueRow>(
    'SELECT id, size_bytes FROM mails WHERE due_at <= ? AND attempts < ? ORDER BY due_at, id LIMIT ?',
  )
  const selectSuspect = database.prepare<[number, number], DueRow>(
    'SELECT id, size_bytes FROM mails WHERE due_at <= ? AND attempts >= ? ORDER BY due_at, id LIMIT 1',
  )
  const claim = database.prepare<[number, string, string], ClaimRow>(
    `UPDATE mails SET due_at = ?, lease_owner = ?, epoch = epoch + 1, attempts = attempts + 1 WHERE id = ?
     RETURNING id, received_at, envelope, auth, generation, attempts, epoch, pending`,
  )
  const selectRaw = database.prepare<[string], { raw: Uint8Array }>('SELECT raw FROM raw_mails WHERE mail_id = ?')
  const selectMail = database.prepare<[string], { received_at: number; envelope: string; auth: string | null }>(
    'SELECT received_at, envelope, auth FROM mails WHERE id = ?',
  )
  const selectTrace = database.prepare<[string, number], { trace: string }>(
    'SELECT trace FROM traces WHERE mail_id = ? AND generation = ?',
  )
  const settle = database.prepare(
    `UPDATE mails SET status = @status, reason = @reason, subject = @subject, from_address = @fromAddress,
       malformed = @malformed, auth = coalesce(@auth, auth), pending = @pending, due_at = @dueAt, lease_owner = NULL, attempts = 0
     WHERE id = @mailId AND lease_owner = @owner AND epoch = @epoch AND generation = @generation`,
  )
  const release = database.prepare(
    `UPDATE mails SET due_at = @dueAt, lease_owner = NULL, reason = coalesce(@reason, reason),
       status = iif(@reason IS NULL, status, 'held'), attempts = attempts - iif(@reason IS NULL, 1, 0)
     WHERE id = @mailId AND lease_owner = @owner AND epoch = @epoch`,
  )
  const saveTrace = database.prepare<[string, number, string]>(
    `INSERT INTO traces (mail_id, generation, trace) VALUES (?, ?, ?)
     ON CONFLICT (mail_id, generation) DO UPDATE SET trace = excluded.trace`,
  )
  const queueForSearch = database.prepare<[string]>('INSERT OR IGNORE INTO unindexed_mails (mail_id) VALUES (?)')
  const nextDue = database.prepare<[], { due_at: number | null }>(
    'SELECT min(due_at) AS due_at FROM mails WHERE due_at IS NOT NULL',
  )
  const replay = database.prepare<[number, string]>(
    `UPDATE mails SET generation = generation + 1, status = 'stored', reason = NULL, pending = NULL, attempts = 0,
       due_at = ?, lease_owner = NULL WHERE id = ?`,
  )
  const releaseLeases = database.prepare<[number]>(
    'UPDATE mails SET due_at = ?, lease_owner = NULL WHERE lease_owner IS NOT NULL',
  )

  function saveMails(mails: RawMail[]): void {
    for (const mail of mails) {
      const { id, receivedAt, envelope, raw, auth } = mail
      insertMail.run(id, receivedAt, raw.byteLength, JSON.stringify(envelope), writeAuth(auth), receivedAt)
      insertRaw.run(mail.id, mail.raw)
      counts.count('received', mail.receivedAt)
    }
    daily.add(mails)
  }

  /** Takes at least one mail when one is due, and then no more than `bytesMax` of raw mail altogether. */
  function claimMails(request: MailClaim): ClaimedMail[] {
    const { owner, now, leaseMs, limit, bytesMax, suspectAttempts } = request
    const suspects = request.suspect ? selectSuspect.all(now, suspectAttempts) : []
    const claimed: ClaimedMail[] = []
    let bytes = 0
    for (const due of [...suspects, ...selectDue.all(now, suspectAttempts, limit - suspects.length)]) {
      if (claimed.length > 0 && bytes + due.size_bytes > bytesMax) break
      bytes += due.size_bytes
      const row = claim.get(now + leaseMs, owner, due.id)
      if (row) claimed.push(toClaimedMail(row, owner))
    }
    return claimed
  }

  function toClaimedMail(row: ClaimRow, owner: string): ClaimedMail {
    const trace = row.pending ? selectTrace.get(row.id, row.generation) : undefined
    return {
      id: row.id,
      receivedAt: row.received_at,
      envelope: JSON.parse(row.envelope) as Envelope,
      ...readAuth(row.auth),
      raw: selectRaw.get(row.id)?.raw ?? new Uint8Array(),
      epoch: row.epoch,
      owner,
      attempts: row.attempts,
      generation: row.generation,
      pendingRoutes: row.pending ? (JSON.parse(row.pending) as Record<string, number>) : null,
      trace: trace ? (JSON.parse(trace.trace) as Trace) : null,
    }
  }

  function commitRouting(routing: Routing): RoutedMailCommit | false {
    const told = listMatched(routing)
    const called = listCalled(routing)
    const { changes } = settle.run({
      mailId: routing.mailId,
      owner: routing.owner,
      epoch: routing.epoch,
      generation: routing.generation,
      status: routing.status,
      reason: routing.reason,
      subject: routing.subject,
      fromAddress: routing.fromAddress,
      malformed: routing.malformed,
      auth: writeAuth(routing.auth),
      pending: routing.pending ? JSON.stringify(routing.pending.routes) : null,
      dueAt: routing.pending?.dueAt ?? null,
    })
    if (changes === 0) return false
    const { mailId, generation, now, trace } = routing
    queueForSearch.run(mailId)
    if (isCounted(routing.status)) counts.count(routing.status, now)
    for (const route of told) counts.countHit(route, mailId, now)
    for (const call of called) counts.countCall(call.action, measureOf(call), now)
    const recovered = recoveries.apply(routing.recoveries, `mail ${mailId}`, now)
    for (const { monitor, at } of routing.monitorsSeen) monitors.markSeen(monitor, at)
    const committed = notifications.save(
      routing.notifications,
      {
        source: 'mail',
        mailId,
        generation,
        runId: null,
        key: `${mailId}/${generation}`,
        recoveries: routing.recoveries,
        toldBy: listToldBy(trace),
      },
      now,
    )
    saveTrace.run(mailId, generation, JSON.stringify(recordFates(trace, committed.fates, recovered.applied)))
    return {
      deliveries: recovered.deliveries + committed.deliveries,
      channels: [...new Set([...recovered.channels, ...committed.channels])],
      fates: committed.fates,
      closed: [...new Set(recovered.applied.flatMap(({ closed }) => closed))],
    }
  }

  /** Routes that matched now: those that others waited for were counted when they were committed before. */
  function listMatched({ mailId, generation, trace }: Routing): string[] {
    const isMatched = ({ verdict }: Trace['routes'][number]): boolean => verdict === 'matched'
    const matched = trace.routes.filter(isMatched).map(({ name }) => name)
    if (matched.length === 0) return []
    const before = selectTrace.get(mailId, generation)
    if (!before) return matched
    const counted = new Set((JSON.parse(before.trace) as Trace).routes.filter(isMatched).map(({ name }) => name))
    return matched.filter((name) => !counted.has(name))
  }

  function listCalled({ mailId, generation, trace }: Routing) {
    if (!hasCalls(trace)) return []
    const before = selectTrace.get(mailId, generation)
    return listNewCalls(trace, before ? (JSON.parse(before.trace) as Trace) : null)
  }

  return {
    saveMails,
    claimMails,
    commitRouting,
    release: (mail: MailRelease) => release.run(mail).changes > 0,
    listDailyCounts: daily.list,
    nextDueAt: () => nextDue.get()?.due_at ?? null,
    replay: (mailId: string, now: number) => replay.run(now, mailId).changes > 0,
    releaseLeases: (now: number) => releaseLeases.run(now).changes,
    readRaw(mailId: string): RawMail | null {
      const row = selectMail.get(mailId)
      const raw = selectRaw.get(mailId)
      if (!row || !raw) return null
      const envelope = JSON.parse(row.envelope) as Envelope
      return { id: mailId, receivedAt: row.received_at, envelope, ...readAuth(row.auth), raw: raw.raw }
    },
  }
}

/** What is held is counted when it comes to an end. */
function isCounted(status: MailStatus): status is 'routed' | 'unrouted' | 'failed' {
  return status === 'routed' || status === 'unrouted' || status === 'failed'
}

interface DueRow {
  id: string
  size_bytes: number
}

interface ClaimRow {
  id: string
  received_at: number
  envelope: string
  auth: string | null
  generation: number
  attempts: number
  epoch: number
  pending: string | null
}
