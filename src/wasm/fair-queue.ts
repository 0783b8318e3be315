/** What waits, and who it waits for. */
export interface Waiting {
  owner: string
}

const ownersMax = 1_000

/**
 * Waiting work of several owners, who share time evenly: whoever had the least of it is next, and equals take turns. One
 * that asks for much, or whose work takes long, delays its own work and hardly anybody else's.
 */
export class FairQueue<Item extends Waiting> {
  /** Among equals the owner whose turn is next stands first. Owners with nothing waiting are not in here. */
  readonly #byOwner = new Map<string, Item[]>()
  readonly #spentMs = new Map<string, number>()
  /** What the last one taken had spent: an owner that comes back does not catch up on the time it slept. */
  #spentMsMin = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: Item): void {
    const own = this.#byOwner.get(item.owner)
    if (own) own.push(item)
    else {
      this.#byOwner.set(item.owner, [item])
      this.#setSpent(item.owner, Math.max(this.#spentOf(item.owner), this.#spentMsMin))
    }
    this.#size++
  }

  /** Says how long work of this owner took. */
  charge(owner: string, ms: number): void {
    this.#setSpent(owner, this.#spentOf(owner) + ms)
  }

  /** Takes the oldest item of the next owner who may have one; undefined when there is none. */
  take(mayTake: (owner: string) => boolean): Item | undefined {
    let next: string | null = null
    for (const owner of this.#byOwner.keys()) {
      const isBefore = next === null || this.#spentOf(owner) < this.#spentOf(next)
      if (isBefore && mayTake(owner)) next = owner
    }
    if (next === null) return undefined
    this.#spentMsMin = this.#spentOf(next)
    const [item, ...rest] = this.takeAllOf(next)
    if (rest.length > 0) this.#byOwner.set(next, rest)
    this.#size += rest.length
    return item
  }

  /** False when it does not wait any more. */
  remove(item: Item): boolean {
    const own = this.#byOwner.get(item.owner) ?? []
    const index = own.indexOf(item)
    if (index < 0) return false
    own.splice(index, 1)
    if (own.length === 0) this.#byOwner.delete(item.owner)
    this.#size--
    return true
  }

  /** Takes everything of one owner. */
  takeAllOf(owner: string): Item[] {
    const own = this.#byOwner.get(owner) ?? []
    this.#byOwner.delete(owner)
    this.#size -= own.length
    return own
  }

  takeAll(): Item[] {
    const all = [...this.#byOwner.values()].flat()
    this.#byOwner.clear()
    this.#size = 0
    return all
  }

  #spentOf(owner: string): number {
    return this.#spentMs.get(owner) ?? 0
  }

  #setSpent(owner: string, ms: number): void {
    this.#spentMs.delete(owner)
    const oldest = this.#spentMs.keys().next()
    if (this.#spentMs.size >= ownersMax && !oldest.done) this.#spentMs.delete(oldest.value)
    this.#spentMs.set(owner, ms)
  }
}
