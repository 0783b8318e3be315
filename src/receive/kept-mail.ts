import { MailRejected } from '../domain/errors.js'
import type { ByteBudget } from './byte-budget.js'
import type { Spool, SpoolFile } from './spool.js'

/** Where the bytes of mails may be while SMTP has them. */
export interface MailRoom {
  /** For what is being received. When it is short, mails go to the spool earlier. */
  receiving: ByteBudget
  /** For spooled mails that are read back to be saved. */
  saving: ByteBudget
  spool: Spool
  /** Of one mail in memory while it is received. */
  memoryBytesMax: number
  /** Whether the disk has room for a large mail. */
  isDiskFull: () => boolean
}

/** What a session keeps of a spooled mail, so that many small pieces make few writes. */
const gatherBytes = 64 * 1024
const firstBytes = 4 * 1024

/**
 * A mail that is being received: at first in memory, and in a file of the spool as soon as it is large or memory is
 * short. Pieces are copied, since each of them may hold on to a much larger buffer of the network's. Ends with
 * `discard`, always.
 */
export class KeptMail {
  readonly #room: MailRoom
  #gathered = new Uint8Array(0)
  #filled = 0
  #file: SpoolFile | null = null
  #isDiscarded = false
  /** What it has of the two budgets. */
  #takenBytes = 0
  #loadedBytes = 0
  sizeBytes = 0

  constructor(room: MailRoom) {
    this.#room = room
  }

  /**
   * Takes a piece. Null when it is kept, else a promise that settles when it is, before which no other piece may come:
   * it rejects with `MailRejected` when the disk has no room, and with what the system says when it fails.
   */
  add(piece: Uint8Array): Promise<void> | null {
    this.sizeBytes += piece.byteLength
    if (this.#makeRoom(piece.byteLength)) {
      this.#gathered.set(piece, this.#filled)
      this.#filled += piece.byteLength
      return null
    }
    return this.#spill(piece)
  }

  /**
   * All of the mail, in a buffer of its own. Waits for memory when it was spooled; null when there was none within
   * `timeoutMs`. Rejects when the spool fails.
   */
  async load(timeoutMs: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#file === null) {
      const bytes = this.#gathered.slice(0, this.#filled)
      this.#gathered = new Uint8Array(0)
      return bytes
    }
    await this.#flush(this.#file)
    this.#resize(0)
    if (!(await this.#room.saving.takeWithin(this.sizeBytes, timeoutMs))) return null
    this.#loadedBytes = this.sizeBytes
    return this.#file.readAll()
  }

  /** Gives back memory and disk, once. What was loaded counts until then. */
  discard(): void {
    if (this.#isDiscarded) return
    this.#isDiscarded = true
    this.#gathered = new Uint8Array(0)
    this.#room.receiving.give(this.#takenBytes)
    this.#room.saving.give(this.#loadedBytes)
    void this.#file?.remove()
  }

  /** Whether the piece fits into memory, which grows up to its bound. */
  #makeRoom(bytes: number): boolean {
    const neededBytes = this.#filled + bytes
    if (neededBytes <= this.#gathered.byteLength) return true
    const { memoryBytesMax } = this.#room
    if (this.#file !== null || neededBytes > memoryBytesMax) return false
    return this.#resize(Math.min(memoryBytesMax, Math.max(firstBytes, 2 ** Math.ceil(Math.log2(neededBytes)))))
  }

  async #spill(piece: Uint8Array): Promise<void> {
    const { isDiskFull, spool } = this.#room
    if (isDiskFull()) throw diskFull()
    if (this.#file === null) {
      const file = await spool.open()
      this.#file = file
      if (this.#isDiscarded) return file.remove()
    }
    await this.#flush(this.#file)
    if (this.#isDiscarded) return
    if (this.#gathered.byteLength !== gatherBytes) this.#resize(gatherBytes)
    if (piece.byteLength > this.#gathered.byteLength) return this.#file.append(piece)
    this.#gathered.set(piece)
    this.#filled = piece.byteLength
  }

  async #flush(file: SpoolFile): Promise<void> {
    if (this.#filled === 0) return
    await file.append(this.#gathered.subarray(0, this.#filled))
    this.#filled = 0
  }

  /** False, and nothing changed, when the budget has no room for so much. What is in it stays as far as it fits. */
  #resize(bytes: number): boolean {
    const moreBytes = bytes - this.#takenBytes
    if (moreBytes > 0 && !this.#room.receiving.take(moreBytes)) return false
    if (moreBytes < 0) this.#room.receiving.give(-moreBytes)
    this.#takenBytes = bytes
    const next = new Uint8Array(bytes)
    next.set(this.#gathered.subarray(0, Math.min(this.#filled, bytes)))
    this.#gathered = next
    return true
  }
}

/** 452 (RFC 5321 4.2.3): the sender keeps the mail and tries again. */
export function diskFull(): MailRejected {
  return new MailRejected(452, 'disk_full', '4.3.1 the disk is nearly full, try again later')
}
