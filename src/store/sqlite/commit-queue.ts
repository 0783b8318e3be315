import type Database from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import { isSqliteError } from './binding.js'
import type { StatCounts } from './stat-counts.js'

interface Waiting {
  work: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Self-clocking group commit: everything that asks to be written while one commit is syncing shares the next one.
 * With a slow disk the batches grow by themselves; with an idle one a write waits for nobody. A write that fails is
 * rejected and changes nothing; where the disk cannot be trusted any more, the thread ends by a `StoreError`.
 */
export class CommitQueue {
  #waiting: Waiting[] = []
  #scheduled = false
  readonly #database: Database.Database
  readonly #begin: Database.Statement
  readonly #commit: Database.Statement
  readonly #rollback: Database.Statement
  readonly #counts: Pick<StatCounts, 'begin' | 'flush'> | null

  /** @param counts what the works of a transaction count, written as its last work */
  constructor(database: Database.Database, counts: Pick<StatCounts, 'begin' | 'flush'> | null = null) {
    this.#counts = counts
    this.#database = database
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#rollback = database.prepare('ROLLBACK')
  }

  /**
   * Runs `work` inside the next commit; the promise settles after that commit is on disk.
   * `work` must be synchronous and may run twice: when one of a batch fails, the others are run again alone.
   */
  write<Result>(work: () => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject })
      if (this.#scheduled) return
      this.#scheduled = true
      setImmediate(() => this.#flush())
    })
  }

  /** Commits what still waits. */
  drain(): void {
    if (this.#waiting.length > 0) this.#flush()
  }

  #flush(): void {
    this.#scheduled = false
    const batch = this.#waiting
    if (batch.length === 0) return
    this.#waiting = []
    const outcome = this.#commitTogether(batch.map((waiting) => waiting.work))
    if (outcome.ok) {
      for (const [index, waiting] of batch.entries()) waiting.resolve(outcome.results[index])
      return
    }
    if (batch.length === 1) {
      batch[0]?.reject(toStoreError(outcome.error))
      return
    }
    for (const waiting of batch) {
      const alone = this.#commitTogether([waiting.work])
      if (alone.ok) waiting.resolve(alone.results[0])
      else waiting.reject(toStoreError(alone.error))
    }
  }

  #commitTogether(works: (() => unknown)[]): { ok: true; results: unknown[] } | { ok: false; error: unknown } {
    try {
      this.#begin.run()
      this.#counts?.begin()
      const results = works.map((work) => work())
      this.#counts?.flush()
      this.#commit.run()
      return { ok: true, results }
    } catch (error) {
      if (isSyncFailure(error)) throw cannotTrust(error)
      this.#rollBack()
      return { ok: false, error }
    }
  }

  /** SQLite rolls back by itself after some errors. */
  #rollBack(): void {
    try {
      if (this.#database.inTransaction) this.#rollback.run()
    } catch (error) {
      throw cannotTrust(error)
    }
  }
}

/**
 * A failed fsync is the last one that says so: the kernel counts the pages as written from then on, and forgets them. What
 * SQLite remembers of them must not be built on, so the error is thrown out of the queue, which ends the process. What
 * was acknowledged is on the disk, and is read from there by the next one.
 */
function isSyncFailure(error: unknown): boolean {
  return isSqliteError(error) && (error.code === 'SQLITE_IOERR_FSYNC' || error.code === 'SQLITE_IOERR_DIR_FSYNC')
}

function cannotTrust(error: unknown): StoreError {
  const reason = isSqliteError(error) ? `${error.code}, ${error.message}` : String(error)
  return new StoreError(
    `the disk did not keep what the store wrote (${reason}). The program ends, so that nothing is built on it; ` +
      'nothing that was acknowledged is lost. Look at the disk (dmesg), then start it again',
    { cause: error },
  )
}

function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const isPassing = isSqliteError(error) && /^SQLITE_(FULL|IOERR|BUSY)/.test(error.code)
  return new StoreError(error instanceof Error ? error.message : String(error), { cause: error, isPassing })
}
