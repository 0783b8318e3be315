import type { ClaimedDelivery, Settlement, Store } from '../store/store.js'
import type { Obstacle } from './gates.js'

const triesMax = 5
const pauseMs = 500

export interface SettleParts {
  store: Pick<Store, 'settleDelivery'>
  now: () => number
  /** Waits, unless the signal fires first. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
}

/**
 * Ends a claim. A settle that fails (a full disk) is tried a few times: giving up means that the message goes out
 * twice. False when the lease had ended and somebody else has the delivery.
 */
export async function settle(
  parts: SettleParts,
  delivery: ClaimedDelivery,
  what: Omit<Settlement, 'deliveryId' | 'owner' | 'epoch' | 'now'>,
): Promise<boolean> {
  const { id: deliveryId, owner, epoch } = delivery
  const settlement = { ...what, deliveryId, owner, epoch, now: parts.now() }
  for (let tries = 1; ; tries++) {
    try {
      return await parts.store.settleDelivery(settlement)
    } catch (error) {
      if (tries >= triesMax) throw error
      await parts.sleep(pauseMs * tries, parts.signal)
    }
  }
}

/** Ends a claim without an attempt, which costs the delivery nothing. */
export function settleUnsent(
  parts: SettleParts,
  delivery: ClaimedDelivery,
  { status, dueAt, reason, goesOn }: Omit<Obstacle, 'reason'> & { reason: string | null },
): Promise<boolean> {
  return settle(parts, delivery, {
    status,
    dueAt,
    refund: true,
    lastError: reason,
    remote: {},
    address: null,
    attempt: null,
    holdBack: null,
    goesOn,
    ackDisplay: null,
  })
}
