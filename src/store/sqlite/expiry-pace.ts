/** What others wait for: deleting and committing together. */
const turnMsMax = 50
/** Of it, deleting alone: what was changed has to be written yet. */
const workMsMax = 25
const shareMin = 1 / 64

/** One commit of a sweep. */
export interface Turn {
  /** How much of a full commit it may do: 1 on a quick machine, less on a busy one. */
  share: number
  /** It has taken long enough already. */
  isOver: () => boolean
}

/**
 * Makes commits smaller while they take too long, and larger again while they do not: how long a row takes to delete
 * depends on the disk, on what else the machine does, and on how large its indexes are.
 * @param measure a steady clock in milliseconds
 */
export function createPace(measure: () => number) {
  let share = 1

  /** Runs one commit; `work` calls `turn` when its part of the commit begins. */
  async function take<Result>(work: (turn: () => Turn) => Promise<Result>): Promise<Result> {
    let startedAt = measure()
    const result = await work(() => {
      startedAt = measure()
      const endsAt = startedAt + workMsMax
      return { share, isOver: () => measure() >= endsAt }
    })
    const tookMs = measure() - startedAt
    if (tookMs > turnMsMax) share = Math.max(shareMin, share / 2)
    else if (tookMs < turnMsMax / 2) share = Math.min(1, share * 1.5)
    return result
  }

  return { take, share: () => share }
}
