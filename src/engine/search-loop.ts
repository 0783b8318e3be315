import { setTimeout as sleep } from 'node:timers/promises'
import type { Mail, RawMail } from '../domain/mail.js'
import { type SearchText, toSearchText } from '../domain/search-text.js'
import type { SearchableMail, UnindexedMail } from '../store/search-store.js'
import type { Store } from '../store/store.js'
import type { EngineLog } from './engine.js'

/** What is routed within this time shares a commit: each commit makes a part of the index that has to be merged. */
const gatherMs = 200
/** In one commit: those that wait for a 250 meanwhile wait for some milliseconds. */
const mailsPerCommit = 32
/** Between two commits, so that routing goes first. */
const restMs = 5
/** A mail that was read this often without coming to an end may be what ends the process. */
const attemptsMax = 6
const retryMs = 5_000
/** What is remembered of mails that are being routed, so that they need not be parsed once more. */
const rememberedMax = 2_000
const rememberedLengthMax = 8_000_000
/** Commits that a search waits for at most, so that it finds what has just been routed. */
const catchUpCommitsMax = 3
/** Steps of tidying in one turn; what is left is done after the next mail. */
const tidyStepsMax = 2_000

export interface SearchParts {
  store: Pick<Store, 'listUnindexed' | 'countIndexAttempts' | 'indexMails' | 'tidySearchIndex' | 'readRawMail'>
  parse: (raw: RawMail, signal: AbortSignal) => Promise<Mail>
  log: EngineLog
}

/**
 * Takes mails into the search index soon after they are routed, a few at a time. Which of them wait stands in the store:
 * those of a process that was killed, and those of an archive older than the index, are read and parsed once more.
 */
export class SearchLoop {
  readonly #parts: SearchParts
  readonly #stopping = new AbortController()
  readonly #remembered = new Map<string, SearchText>()
  #rememberedLength = 0
  #indexing: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  /** Woken since it last began to look. */
  #isAsked = false
  /** The last of those that index: one at a time, so that no mail is indexed twice. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: SearchParts) {
    this.#parts = parts
  }

  /** Keeps what the index needs of a mail that is about to be routed, as far as there is room. */
  remember(mail: Mail): void {
    this.#forget(mail.id)
    const text = toSearchText(mail)
    const length = lengthOf(text)
    if (this.#remembered.size >= rememberedMax || this.#rememberedLength + length > rememberedLengthMax) {
      this.#forget(this.#remembered.keys().next().value ?? '')
    }
    if (this.#rememberedLength + length > rememberedLengthMax) return
    this.#remembered.set(mail.id, text)
    this.#rememberedLength += length
  }

  /** There may be mails that wait for the index. */
  wake(): void {
    this.#isAsked = true
    this.#wakeIn(gatherMs)
  }

  /**
   * Indexes what was routed so far, so that a search finds it. What has to be parsed first, as of an older archive, is not
   * waited for. Rejects with `StoreError`.
   */
  async catchUp(): Promise<void> {
    for (let commits = 0; commits < catchUpCommitsMax; commits++) {
      const count = await this.#takeSome((waiting) => waiting.filter(({ mailId }) => this.#remembered.has(mailId)))
      if (count < mailsPerCommit) return
    }
  }

  /** Resolves when nothing is being indexed. What waits for its commit is indexed after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the program is stopping'))
    clearTimeout(this.#timer)
    await this.#indexing
  }

  #wakeIn(ms: number): void {
    if (this.#timer !== undefined || this.#stopping.signal.aborted) return
    this.#timer = setTimeout(() => {
      this.#indexing = this.#indexAll().then((waitMs) => {
        this.#indexing = null
        this.#timer = undefined
        if (waitMs !== null) this.#wakeIn(waitMs)
        else if (this.#isAsked) this.#wakeIn(gatherMs)
      })
    }, ms)
  }

  /** When to look again: null when nothing waits. */
  async #indexAll(): Promise<number | null> {
    const { store, log } = this.#parts
    const { signal } = this.#stopping
    this.#isAsked = false
    try {
      while (!signal.aborted) {
        if ((await this.#takeSome((waiting) => waiting)) === 0) return await this.#tidy()
        await store.tidySearchIndex()
        await sleep(restMs, undefined, { signal })
      }
    } catch (error) {
      if (!signal.aborted)
        log('warn', 'mails cannot be indexed for the search; it is tried again', { error: String(error) })
    }
    return retryMs
  }

  /** One commit's worth of what waits; how many those were. */
  #takeSome(choose: (waiting: UnindexedMail[]) => UnindexedMail[]): Promise<number> {
    const take = async (): Promise<number> => {
      const { store } = this.#parts
      const chosen = choose(await store.listUnindexed(mailsPerCommit))
      if (chosen.length === 0) return 0
      await store.indexMails(await this.#readTexts(chosen))
      for (const { mailId } of chosen) this.#forget(mailId)
      return chosen.length
    }
    const taking = this.#turn.then(take)
    this.#turn = taking.catch(() => undefined)
    return taking
  }

  async #tidy(): Promise<number | null> {
    const { signal } = this.#stopping
    for (let steps = 0; steps < tidyStepsMax; steps++) {
      if (!(await this.#parts.store.tidySearchIndex())) break
      await sleep(restMs, undefined, { signal })
      // New mails go first; what is left to tidy is left to their turn.
      if (this.#isAsked) break
    }
    return null
  }

  async #readTexts(waiting: UnindexedMail[]): Promise<SearchableMail[]> {
    const unknown = waiting.filter(({ mailId }) => !this.#remembered.has(mailId)).map(({ mailId }) => mailId)
    if (unknown.length > 0) await this.#parts.store.countIndexAttempts(unknown)
    const mails: SearchableMail[] = []
    for (const { mailId, attempts } of waiting) {
      const known = this.#remembered.get(mailId)
      mails.push({ mailId, text: known ?? (attempts < attemptsMax ? await this.#readText(mailId) : null) })
    }
    return mails
  }

  async #readText(mailId: string): Promise<SearchText | null> {
    const raw = await this.#parts.store.readRawMail(mailId)
    return raw && toSearchText(await this.#parts.parse(raw, this.#stopping.signal))
  }

  #forget(mailId: string): void {
    const text = this.#remembered.get(mailId)
    if (!text) return
    this.#remembered.delete(mailId)
    this.#rememberedLength -= lengthOf(text)
  }
}

function lengthOf({ subject, from, to, body }: SearchText): number {
  return subject.length + from.length + to.length + body.length
}
