/** What waits, and who it waits for. */
export interface Waiting {
  owner: string
}

/**
 * Waiting work of several owners, who take turns: one that asks for much, or whose work takes long, delays its own work
 * and nobody else's.
 */
export class FairQueue<Item extends Waiting> {
  /** The owner whose turn is next stands first. Owners with nothing waiting are not in here. */
  readonly #byOwner = new Map<string, Item[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: Item): void {
    const own = this.#byOwner.get(item.owner)
    if (own) own.push(item)
    else this.#byOwner.set(item.owner, [item])
    this.#size++
  }

  /** Takes the oldest item of the next owner who may have one; undefined when there is none. */
  take(mayTake: (owner: string) => boolean): Item | undefined {
    for (const [owner, own] of this.#byOwner) {
      if (!mayTake(owner)) continue
      const item = own.shift()
      this.#byOwner.delete(owner)
      if (own.length > 0) this.#byOwner.set(owner, own)
      if (item) this.#size--
      return item
    }
    return undefined
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
}
