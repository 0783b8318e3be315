import fc from 'fast-check'
import { expect, test } from 'vitest'
import { minuteMs } from './notification-fixture.js'
import { type DeliveryRow, type Event, events, History, type NotificationRow } from './random-history.js'

const runs = Number(process.env.MAILTRIGGER_PROPERTY_RUNS ?? 40)

test('whatever happens, each delivery is in one legal state, and each alert is told, dead, or ended for a reason', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(events, { minLength: 10, maxLength: 60, size: 'max' }), async (all) => {
      const history = new History()
      try {
        for (const event of all) {
          await history.happen(event)
          noteReleases(history)
          expect(listIllegal(history), describeEvent(event)).toEqual([])
        }
        await drain(history)
        expect([...listIllegal(history), ...listUntold(history)]).toEqual([])
      } finally {
        await history.end()
      }
    }),
    { numRuns: runs },
  )
}, 600_000)

/** The window of what was held begins when it is let go. */
function noteReleases(history: History): void {
  const states = new Map(history.notifications().map((row) => [row.id, row]))
  for (const window of history.windows.values()) {
    if (window.openedAt === null && states.get(window.id)?.waits_for !== 'hold') window.openedAt = history.now
  }
}

function listIllegal(history: History): string[] {
  const deliveries = history.deliveries()
  const states = new Map(history.notifications().map((row) => [row.id, row]))
  const alerts = new Map<string, DeliveryRow[]>()
  for (const row of deliveries) {
    if (row.purpose === 'alert') alerts.set(row.notification_id, [...(alerts.get(row.notification_id) ?? []), row])
  }
  return [
    ...history.problems,
    ...deliveries.filter((row) => !isLegal(row, states.get(row.notification_id))).map((row) => JSON.stringify(row)),
    ...[...states.values()]
      .filter((state) => !isDerived(state, alerts.get(state.id) ?? [], states))
      .map((state) => JSON.stringify({ state, alerts: alerts.get(state.id)?.map((row) => row.status) })),
    ...history
      .digestCounts()
      .filter(({ items, counted }) => items !== counted)
      .map((counts) => JSON.stringify(counts)),
  ]
}

function isLegal({ status, due_at, lease_owner, purpose }: DeliveryRow, state: NotificationRow | undefined): boolean {
  if (!state) return false
  const isLeased = lease_owner !== null
  switch (status) {
    case 'processing':
      return isLeased && due_at !== null
    case 'queued':
      return !isLeased && (due_at !== null || (state.waits_for === 'hold' && ['alert', 'escalation'].includes(purpose)))
    case 'failed':
      return !isLeased && due_at !== null
    default:
      return !isLeased && due_at === null
  }
}

const worstFirst = ['dead', 'processing', 'failed', 'queued', 'sent', 'cancelled'] as const

/** The status is that of the worst alert, or of the digest it is in, unless somebody decided otherwise. */
function isDerived(state: NotificationRow, alerts: DeliveryRow[], states: Map<string, NotificationRow>): boolean {
  if (state.acked_by !== null) return state.status === 'acknowledged' || isOver(state)
  if (isOver(state)) return true
  // Of what was held and then gathered there may be alerts that a person cancelled meanwhile, and may retry.
  const isGathered = state.digest_id !== null || state.waits_for === 'digest'
  if (isGathered && alerts.length > 0) return true
  if (state.digest_id !== null) return state.status === states.get(state.digest_id)?.status
  if (alerts.length === 0) return state.status === 'queued' && state.waits_for === 'digest'
  return state.status === worstFirst.find((status) => alerts.some((row) => row.status === status))
}

function isOver({ status }: NotificationRow): boolean {
  return status === 'resolved' || status === 'suppressed'
}

/** Lets go and sends all that waits, until nothing does. Every ladder and every repeat has an end, so this has. */
async function drain(history: History): Promise<void> {
  for (let round = 0; round < 200; round++) {
    const isIdle =
      (await history.store.nextFollowUpAt()) === null && (await history.store.nextDeliveryDueAt()).length === 0
    if (isIdle) return
    await history.happen({ what: 'wait', ms: 30 * minuteMs })
    await history.happen({ what: 'release' })
    await history.sendDigests()
    for (const channel of ['ops', 'mail']) await history.happen({ what: 'claim', channel, limit: 1_000 })
    while (history.claimed.length > 0) await history.happen({ what: 'settle', pick: 0, status: 'sent', goesOn: true })
  }
  throw new Error('something waits for ever')
}

const alertEnds = ['silenced until ', 'recovered after ', 'nothing after it recovered (']

/** What was neither sent, nor is dead for a person to see, nor ended for a reason. */
function listUntold(history: History): string[] {
  const states = new Map(history.notifications().map((row) => [row.id, row]))
  const untold = history.deliveries().filter(({ id, status, purpose, notification_id, last_error }) => {
    if (status === 'sent') return !history.sent.has(id)
    if (status === 'dead') return last_error === null
    if (status !== 'cancelled') return true
    if (history.cancelledByHand.has(id) || states.get(notification_id)?.status === 'suppressed') return false
    // A person may have retried the others of what a silence or a recovery had ended.
    const ends = purpose === 'alert' ? alertEnds : [...alertEnds, 'acknowledged by ']
    return !ends.some((end) => last_error?.startsWith(end))
  })
  const waiting = [...states.values()].filter(({ status }) => ['queued', 'failed', 'processing'].includes(status))
  return [...untold, ...waiting].map((row) => JSON.stringify(row))
}

function describeEvent(event: Event): string {
  return `after ${JSON.stringify(event)}`
}
