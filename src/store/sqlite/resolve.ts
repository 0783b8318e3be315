import type Database from 'better-sqlite3'
import { prepareDigests } from './digests.js'
import { prepareFollowUps, targetOf } from './follow-ups.js'
import { prepareStates, type StateRow } from './notification-states.js'
import { reasons } from './reasons.js'
import { prepareUnsent } from './unsent.js'

/** Closed by one recovery; should there be more, the oldest stay open until the next one. */
const closedMax = 1_000

export interface Closing {
  /** The notifications that were open, newest first; suppressed is what had not gone out. */
  closed: { id: string; route: string; status: 'resolved' | 'suppressed' }[]
  /** How many deliveries tell of it, and on which channels. */
  deliveries: number
  channels: string[]
}

/** Ends what is open: nothing more of it goes out, and who was told hears that it is over. */
export function prepareResolve(database: Database.Database) {
  const states = prepareStates(database)
  const unsent = prepareUnsent(database)
  const digests = prepareDigests(database)
  const followUps = prepareFollowUps(database)
  const selectOpen = database.prepare<[string, number], { id: string }>(
    `SELECT id FROM notification_states WHERE fingerprint = ? AND opens = 1 AND status NOT IN ('resolved', 'suppressed')
     ORDER BY id DESC LIMIT ?`,
  )

  /** `by` is a person or a mail: `mail 01J…`, `cli:root`. Those that are not open, or not there, are left out. */
  function close(notificationIds: string[], by: string, now: number): Closing {
    const closing: Closing = { closed: [], deliveries: 0, channels: [] }
    // Of several about the same thing, each address hears once that it is over, about the newest.
    const told = new Set<string>()
    for (const id of notificationIds) {
      const state = states.read(id)
      if (!state || state.status === 'resolved' || state.status === 'suppressed') continue
      const sent = followUps.listSent(id)
      // A person may have sent what waits, by cancelling and retrying it.
      const status = state.waits_for === null || sent.length > 0 ? 'resolved' : 'suppressed'
      closing.closed.push({ id, route: state.route, status })
      endOne(state, status, by, now)
      for (const row of sent) {
        const place = `${state.fingerprint}\n${targetOf(row)}`
        if (told.has(place)) continue
        told.add(place)
        if (!followUps.resolve(row, now)) continue
        closing.deliveries++
        if (!closing.channels.includes(row.channel)) closing.channels.push(row.channel)
      }
    }
    return closing
  }

  /** The state comes first: while it is not over, each cancelled delivery would change its status. */
  function endOne(state: StateRow, status: 'resolved' | 'suppressed', by: string, now: number): void {
    if (status === 'resolved') states.resolve(state.id, by, now, false)
    else states.suppress(state.id, `${reasons.recoveredFirst} (${by})`)
    if (state.waits_for === 'digest') digests.removeItem(state.id)
    unsent.cancelAll(state.id, reasons.nothingAfter(by), now)
  }

  return {
    close,
    closeFingerprint: (fingerprint: string, by: string, now: number): Closing =>
      close(
        selectOpen.all(fingerprint, closedMax).map((row) => row.id),
        by,
        now,
      ),
  }
}
