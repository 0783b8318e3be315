const replyMs = 60_000
const repliesMax = 30

/**
 * Says whether somebody who wrote to a channel unasked may be answered: each address once a minute, and 30 of them a
 * minute in all, so that a flood of messages makes no flood of answers.
 */
export function limitReplies(now: () => number): (address: string) => boolean {
  const repliedAt = new Map<string, number>()
  return (address) => {
    const at = now()
    for (const [known, before] of repliedAt) {
      // A clock that was set back must not silence anybody for longer.
      if (Math.abs(at - before) < replyMs) continue
      repliedAt.delete(known)
    }
    if (repliedAt.has(address) || repliedAt.size >= repliesMax) return false
    repliedAt.set(address, at)
    return true
  }
}
