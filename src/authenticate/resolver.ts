import { Resolver } from 'node:dns/promises'
import { setMaxListeners } from 'node:events'

/** What a mail's checks ask for. */
export type RecordType = 'A' | 'AAAA' | 'MX' | 'PTR' | 'TXT'

/**
 * One question to DNS, answered as `node:dns` answers. Rejects with the code `ENOTFOUND` or `ENODATA` where there is no
 * such record, and with a `DnsTrouble` where nobody knows.
 */
export type ResolveRecords = (name: string, type: RecordType) => Promise<unknown>

/**
 * Nobody knows whether there is such a record. SPF takes its verdict from `spfResult`, as mailauth passes it on; with a
 * `code`, it would make some of them a hard fail (of an `include` that cannot be asked), and reword the others.
 */
export class DnsTrouble extends Error {
  override readonly name = 'DnsTrouble'
  readonly spfResult: { error: 'temperror'; text: string }
  constructor(message: string) {
    super(message)
    this.spfResult = { error: 'temperror', text: message }
  }
}

/** No such name, or nothing of that type under it. */
export class NoSuchRecord extends Error {
  override readonly name = 'NoSuchRecord'
  readonly code: 'ENOTFOUND' | 'ENODATA'
  constructor(code: NoSuchRecord['code'], question: string) {
    super(`there is no ${question}`)
    this.code = code
  }
}

export interface DnsCache {
  ask: ResolveRecords
}

/** An answer's own time to live is not told for every type, so that no answer lives longer than this. */
const cacheMs = 60_000
const cacheEntriesMax = 2_000
const cacheEntryCharactersMax = 8_000
const triesMax = 2

/**
 * Asks DNS, and remembers answers for a minute, also that there is none. Trouble is never remembered.
 * @param servers `address:port`; empty asks those of the machine.
 * @param questionMs how long one server may take for an answer.
 */
export function createDnsCache(servers: readonly string[], questionMs: number, now: () => number): DnsCache {
  const resolver = new Resolver({ timeout: questionMs, tries: triesMax })
  if (servers.length > 0) resolver.setServers(servers)
  const known = new Map<string, { at: number; answer: unknown; missing: NoSuchRecord['code'] | null }>()
  const underWay = new Map<string, Promise<unknown>>()

  const remember = (question: string, answer: unknown, missing: NoSuchRecord['code'] | null): void => {
    if (JSON.stringify(answer ?? null).length > cacheEntryCharactersMax) return
    const [oldest] = known.keys()
    if (oldest !== undefined && known.size >= cacheEntriesMax) known.delete(oldest)
    known.delete(question)
    known.set(question, { at: now(), answer, missing })
  }
  const askServers = async (question: string, name: string, type: RecordType): Promise<unknown> => {
    try {
      const answer = await resolver.resolve(name, type)
      remember(question, answer, null)
      return answer
    } catch (error) {
      const missing = missingOf(error)
      if (missing === null) throw troubleOf(error, name)
      remember(question, null, missing)
      throw new NoSuchRecord(missing, question)
    }
  }
  return {
    async ask(name, type) {
      const question = `${type} record of ${name.toLowerCase()}`
      const hit = known.get(question)
      if (hit && now() - hit.at < cacheMs) {
        if (hit.missing) throw new NoSuchRecord(hit.missing, question)
        return structuredClone(hit.answer)
      }
      const asking = underWay.get(question) ?? askServers(question, name, type)
      underWay.set(question, asking)
      const forget = (): unknown => underWay.get(question) === asking && underWay.delete(question)
      return structuredClone(await asking.finally(forget))
    },
  }
}

/** A name that DNS cannot have has no records: `EBADNAME` comes of macros and of what strangers write after `@`. */
function missingOf(error: unknown): NoSuchRecord['code'] | null {
  const code = codeOf(error)
  if (code === 'ENODATA') return 'ENODATA'
  return code === 'ENOTFOUND' || code === 'EBADNAME' ? 'ENOTFOUND' : null
}

function troubleOf(error: unknown, name: string): DnsTrouble {
  const code = codeOf(error) ?? 'EUNKNOWN'
  const words: Record<string, string> = {
    ETIMEOUT: 'the DNS servers did not answer',
    ESERVFAIL: 'the DNS servers failed',
    EREFUSED: 'the DNS servers refused to answer',
    ECONNREFUSED: 'the DNS servers cannot be reached',
  }
  return new DnsTrouble(`${words[code] ?? `DNS failed (${code})`} when asked for ${name}`)
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/**
 * The questions of one mail: none is asked twice, none after `questionsMax`, and none is waited for once the signal
 * fires. What is refused so is trouble, never a verdict on the mail.
 */
export function limitQuestions(ask: ResolveRecords, questionsMax: number, signal: AbortSignal): ResolveRecords {
  const asked = new Map<string, Promise<unknown>>()
  // Every question listens, and Node takes more than ten listeners for a leak.
  setMaxListeners(questionsMax + 10, signal)
  return (name, type) => {
    const key = `${type} ${name.toLowerCase()}`
    const before = asked.get(key)
    if (before) return before
    if (asked.size >= questionsMax) {
      return Promise.reject(new DnsTrouble(`the mail leads to more than ${questionsMax} DNS questions`))
    }
    const answer = orTimedOut(ask(name, type), name, signal)
    // Somebody may ask ahead and never look at the answer.
    answer.catch(() => undefined)
    asked.set(key, answer)
    return answer
  }
}

function orTimedOut(answer: Promise<unknown>, name: string, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new DnsTrouble(`no time was left to ask DNS for ${name}`))
    if (signal.aborted) return giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
