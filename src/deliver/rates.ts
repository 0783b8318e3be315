import type { Rate } from '../domain/channel.js'

/** More at once makes a herd of what waited, whatever the rate allows. */
const burstMax = 10
const addressesMax = 10_000
const turnsMax = 10_000
/** A turn that was not taken in time has passed: of many that come late together, each waits for another. */
const lateMsMin = 2_000
/** Putting a delivery off for less costs more than it spares; the network spreads them further. */
const soonMs = 20
/** Forgives what floating point adds up; times are whole milliseconds. */
const roundingMs = 1e-3

/**
 * How far a limit is used up: the moment at which what was let through so far would be, had it come evenly. It never
 * lets more than `count` through in any `perMs` (the virtual scheduling algorithm of ITU-T I.371, "GCRA").
 */
export interface Meter {
  evenAt: number
}

/** How many may go now. */
export function countFree(meter: Meter, rate: Rate, now: number): number {
  const { spacingMs, burst } = paceOf(rate)
  const aheadMs = Math.max(0, meter.evenAt - now - roundingMs)
  return Math.max(0, Math.floor(burst - aheadMs / spacingMs))
}

/** When the next one may go; `now` or before when one may go now. */
export function freeAt(meter: Meter, rate: Rate): number {
  const { spacingMs, burst } = paceOf(rate)
  return Math.ceil(meter.evenAt - (burst - 1) * spacingMs - roundingMs)
}

export function take(meter: Meter, rate: Rate, count: number, now: number): void {
  const { spacingMs, burst } = paceOf(rate)
  // A clock that was set back must not close the channel for as long.
  const evenAt = Math.min(meter.evenAt, now + burst * spacingMs)
  meter.evenAt = Math.max(evenAt, now) + count * spacingMs
}

/** What was taken for a delivery that then did not go out. */
export function giveBack(meter: Meter, rate: Rate): void {
  meter.evenAt -= paceOf(rate).spacingMs
}

/** A burst of a fifth, and the rest evenly: together never more than `count` in any `perMs`. */
function paceOf({ count, perMs }: Rate): { spacingMs: number; burst: number } {
  const burst = Math.min(burstMax, Math.ceil(count / 5))
  return { spacingMs: perMs / (count - burst + 1), burst }
}

/**
 * The limits of a channel's addresses. Who has to wait is given a turn of its own, so that each of many that wait for
 * one address is put off once, and not all of them each time one may go. Bounded: what is forgotten first has not been
 * used for longest, and costs no more than a wrong wait.
 */
export class AddressRates {
  readonly #evenAt = new Map<string, number>()
  readonly #turns = new Map<string, number>()

  /** Null when the delivery may go now, or when it may. */
  takeTurn(deliveryId: string, address: string, rate: Rate, now: number): number | null {
    const { spacingMs, burst } = paceOf(rate)
    const turn = this.#turns.get(deliveryId)
    if (turn !== undefined && turn > now) return turn
    this.#turns.delete(deliveryId)
    if (turn !== undefined && now - turn <= Math.max(lateMsMin, spacingMs)) return null
    const evenAt = Math.max(this.#evenAt.get(address) ?? 0, now)
    remember(this.#evenAt, address, evenAt + spacingMs, addressesMax)
    const at = Math.ceil(evenAt - (burst - 1) * spacingMs - roundingMs)
    if (at <= now + soonMs) return null
    remember(this.#turns, deliveryId, at, turnsMax)
    return at
  }
}

/** Forgets a tenth at a time: to find the oldest key costs as much as to find all that are older. */
function remember(map: Map<string, number>, key: string, value: number, max: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= max) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    if (map.size <= max * 0.9) return
  }
}
