import type { Outcome } from './channel.js'

/** What a vendor says later of a message that it took: it arrived, was read, or did not arrive after all. */
export interface LateResult {
  /** The delivery, which the vendor was given with the message and names again. */
  deliveryId: string
  /**
   * Which of the ids in `Outcome.remote` the vendor names, and the id: a result of an earlier attempt is told from
   * that of the last one by it.
   */
  remote: { name: string; id: string }
  /** `permanent` and `transient` as if the send itself had been answered so. */
  outcome: { kind: 'delivered'; text: string } | Extract<Outcome, { kind: 'permanent' | 'transient' }>
}

/**
 * The last that is known of a reader whom vendors let us write to freely only for a while after they wrote: they wrote
 * (`isOpen`), or the vendor said that it is too long ago. In milliseconds since the epoch.
 */
export interface ChatSession {
  isOpen: boolean
  at: number
}
