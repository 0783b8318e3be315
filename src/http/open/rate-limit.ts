/** How many calls an address may make in a span of time. */
export interface RateLimit {
  callsMax: number
  windowMs: number
}

/** Milliseconds to wait when the address has made all its calls, or null when it may go on. */
export type TakeCall = (address: string) => number | null

/** Beyond so many addresses the one seen first is forgotten: whoever has that many can be held back by a firewall only. */
const addressesMax = 10_000

/** Counts calls of each address in windows that begin with its first one. In memory: after a restart all begin anew. */
export function limitRate({ callsMax, windowMs }: RateLimit, now: () => number): TakeCall {
  const windows = new Map<string, { endsAt: number; calls: number }>()
  return (address) => {
    const at = now()
    const window = windows.get(address)
    if (window && at < window.endsAt && window.endsAt - at <= windowMs) {
      if (window.calls >= callsMax) return window.endsAt - at
      window.calls++
      return null
    }
    windows.delete(address)
    windows.set(address, { endsAt: at + windowMs, calls: 1 })
    const [first] = windows.keys()
    if (windows.size > addressesMax && first !== undefined) windows.delete(first)
    return null
  }
}
