interface Waiting {
  bytes: number
  settle: (taken: boolean) => void
}

/** Bytes of mails that exist in memory because of SMTP. What is taken MUST be given back. */
export class ByteBudget {
  #used = 0
  #waiting: Waiting[] = []
  readonly #bytesMax: number
  readonly #waitingMax: number

  /** @param waitingMax how many may wait for room; whoever comes after them hears no at once */
  constructor(bytesMax: number, waitingMax: number) {
    this.#bytesMax = bytesMax
    this.#waitingMax = waitingMax
  }

  get used(): number {
    return this.#used
  }

  /** Takes the bytes if they are free, and nobody waits for them. */
  take(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return false
    this.#used += bytes
    return true
  }

  /**
   * Takes the bytes as soon as they are free, first come, first served, so that a large mail is not passed by small ones
   * for ever. One that is larger than the whole budget is let through when it is alone. False when there was no room
   * for `timeoutMs`, or too many wait already.
   */
  takeWithin(bytes: number, timeoutMs: number): Promise<boolean> {
    if (this.take(bytes)) return Promise.resolve(true)
    if (this.#waiting.length >= this.#waitingMax) return Promise.resolve(false)
    return new Promise((resolve) => {
      const settle = (taken: boolean): void => {
        clearTimeout(timer)
        this.#waiting = this.#waiting.filter((one) => one !== waiting)
        resolve(taken)
      }
      const waiting: Waiting = { bytes, settle }
      const timer = setTimeout(() => {
        settle(false)
        this.#letIn()
      }, timeoutMs)
      this.#waiting.push(waiting)
    })
  }

  give(bytes: number): void {
    this.#used -= bytes
    this.#letIn()
  }

  #fits(bytes: number): boolean {
    return this.#used + bytes <= this.#bytesMax || this.#used === 0
  }

  #letIn(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#fits(first.bytes); first = this.#waiting[0]) {
      this.#used += first.bytes
      first.settle(true)
    }
  }
}
