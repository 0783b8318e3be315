import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ClaimedDelivery, Settlement, Store } from '#src/store/store.js'
import { deliveryClaim, makeDelivery, makeSettlement, noon, openStore, saveRouted } from './store-fixture.js'

/** What two loops, a person and the clock may do to a queue, in any order. */
type Move =
  | { type: 'claim'; owner: 'a' | 'b'; limit: number }
  | { type: 'settle'; owner: 'a' | 'b'; status: Settlement['status'] }
  | { type: 'retry' }
  | { type: 'cancel' }
  | { type: 'pass'; ms: number }

const owner = fc.constantFrom('a' as const, 'b' as const)
const anyMove: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('claim' as const), owner, limit: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('settle' as const),
      owner,
      status: fc.constantFrom('sent' as const, 'failed' as const, 'dead' as const, 'queued' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ type: 'retry' as const }, { type: 'cancel' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(1, 999, 1_000, 5_000) }),
  },
)

const leaseMs = 1_000

/** Plays the moves, and checks after each that nobody holds what somebody else holds. */
async function play(store: Store, moves: Move[]): Promise<void> {
  await saveRouted(
    store,
    'm1',
    ['1', '2', '3', '4'].map((address) => makeDelivery({ address })),
  )
  let now = noon
  const held: { claimed: ClaimedDelivery; until: number; by: string }[] = []
  const newestEpoch = new Map<string, number>()
  for (const move of moves) {
    if (move.type === 'pass') now += move.ms
    else if (move.type === 'retry') await store.retryDeliveries({ mailId: 'm1' }, now)
    else if (move.type === 'cancel') await store.cancelDeliveries({ mailId: 'm1' }, now)
    else if (move.type === 'claim') {
      for (const claimed of await store.claimDeliveries({
        ...deliveryClaim,
        owner: move.owner,
        now,
        limit: move.limit,
      })) {
        const others = held.filter((one) => one.claimed.id === claimed.id && one.until > now)
        expect(others, 'nobody else has a lease that runs').toEqual([])
        expect(claimed.epoch).toBeGreaterThan(newestEpoch.get(claimed.id) ?? 0)
        newestEpoch.set(claimed.id, claimed.epoch)
        held.push({ claimed, until: now + leaseMs, by: move.owner })
      }
    } else {
      const at = held.findIndex((one) => one.by === move.owner)
      if (at < 0) continue
      const [{ claimed }] = held.splice(at, 1) as [(typeof held)[number]]
      const dueAt = move.status === 'failed' || move.status === 'queued' ? now : null
      const accepted = await store.settleDelivery(makeSettlement(claimed, { now, status: move.status, dueAt }))
      expect(accepted, 'only the newest claim settles').toBe(newestEpoch.get(claimed.id) === claimed.epoch)
      if (accepted) expect((await store.readDelivery(claimed.id))?.status).toBe(move.status)
    }
  }
  // Whatever happened, every delivery is either settled for good or will be claimed again.
  const { items } = await store.listDeliveries({ limit: 10 })
  const waiting = items.filter((line) => ['queued', 'failed', 'processing'].includes(line.status))
  const due = await store.claimDeliveries({ ...deliveryClaim, owner: 'last', now: now + 60_000 })
  expect(due.map((line) => line.id).toSorted()).toEqual(waiting.map((line) => line.id).toSorted())
}

test('property: no two leases on one delivery, only the newest settles, nothing gets stuck', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyMove, { minLength: 5, maxLength: 30 }), async (moves) => {
      const store = openStore()
      await play(store, moves)
      await store.close()
    }),
    { numRuns: 25 },
  )
})
