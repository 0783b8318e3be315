import { Worker } from 'node:worker_threads'
import type { Mail, RawMail } from '../../domain/mail.js'
import { AbortWatch } from './abort-watch.js'
import { salvageMail } from './salvage.js'

export interface MailParser {
  /** Has a thread ready before the first mail comes. */
  start: () => Promise<void>
  /**
   * Never rejects for what is in the mail: a mail that takes too long or too much memory comes back salvaged, with
   * `malformed` saying so. Rejects when `signal` fires, when the parser is stopped, and when too many mails wait.
   * The caller's bytes stay the caller's.
   */
  parse: (raw: RawMail, signal: AbortSignal) => Promise<Mail>
  /** Ends the threads. What is being parsed or waits is rejected. */
  stop: () => Promise<void>
}

export interface ParserOptions {
  /** For one mail, from the moment a thread has it. */
  timeoutMs?: number
  workers?: number
  /** JavaScript heap of each thread. Attachment bytes lie outside of it, bounded by the size of a mail. */
  heapMb?: number
}

/** What the thread says: that it has loaded its code, or what it made of a mail. */
export type ParseAnswer = { kind: 'ready' } | { kind: 'parsed'; mail: Mail }

interface Job {
  raw: RawMail
  signal: AbortSignal
  resolve: (mail: Mail) => void
  reject: (error: unknown) => void
}

const waitingMax = 1_000
/** Small mails handed to a thread ahead of their turn, so that it never waits for us between two of them. */
const aheadMax = 16
const aheadBytesMax = 1_000_000
/** Loading the MIME parser on a machine that is busy with everything else at start. */
const startTimeoutMs = 30_000

/**
 * Parses mails in worker threads, each thread one after the other. A hostile mail can hold a parser for minutes and take
 * gigabytes, and only the end of its thread stops it: neither a promise nor a memory limit does. Threads start when
 * first needed and stay.
 */
export function createParser(options: ParserOptions = {}): MailParser {
  const settings = { timeoutMs: options.timeoutMs ?? 5_000, heapMb: options.heapMb ?? 256 }
  const workersMax = options.workers ?? 1
  const seats = new Set<Seat>()
  const waiting: Job[] = []
  const aborts = new AbortWatch()
  let isStopped = false

  const assign = (): void => {
    for (let job = waiting[0]; job !== undefined && !isStopped; job = waiting[0]) {
      const seat = job.signal.aborted ? null : findSeat(job.raw.raw.byteLength)
      if (seat === undefined) return
      waiting.shift()
      seat?.run(job)
    }
  }
  const findSeat = (sizeBytes: number): Seat | undefined => {
    const open = [...seats]
    const idle = open.find((seat) => seat.isIdle()) ?? (seats.size < workersMax ? addSeat() : undefined)
    return idle ?? open.find((seat) => seat.hasRoom(sizeBytes))
  }
  const addSeat = (): Seat => {
    const seat = new Seat(settings, (unparsed) => {
      waiting.unshift(...unparsed)
      assign()
    })
    seats.add(seat)
    return seat
  }

  const parse: MailParser['parse'] = (raw, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted()
      if (isStopped) throw new Error('the parser is stopped')
      if (waiting.length >= waitingMax) throw new Error(`more than ${waitingMax} mails wait for the parser`)
      const release = aborts.add(signal, reject)
      waiting.push({
        raw,
        signal,
        resolve: (mail) => {
          release()
          resolve(mail)
        },
        reject: (error) => {
          release()
          reject(error)
        },
      })
      assign()
    })

  return {
    start: async () => {
      await parse(nothing, AbortSignal.timeout(startTimeoutMs))
    },
    parse,
    stop: async () => {
      isStopped = true
      for (const job of waiting.splice(0)) job.reject(new Error('the parser is stopped'))
      await Promise.all([...seats].map((seat) => seat.stop()))
    },
  }
}

const nothing: RawMail = {
  id: '',
  receivedAt: 0,
  envelope: { from: '', to: [], client: '', helo: '', tls: false, user: null },
  raw: new Uint8Array(),
}

/** One thread at a time, and the mails it has. A thread that is ended is replaced when the next mail comes. */
class Seat {
  readonly #settings: { timeoutMs: number; heapMb: number }
  readonly #onFree: (unparsed: Job[]) => void
  #worker: Worker | null = null
  #isReady = false
  /** The thread works on the first; the others lie there ready. */
  #jobs: Job[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  /** `onFree` hears that there is room again, and gets the mails that the thread had and never began. */
  constructor(settings: { timeoutMs: number; heapMb: number }, onFree: (unparsed: Job[]) => void) {
    this.#settings = settings
    this.#onFree = onFree
  }

  isIdle(): boolean {
    return this.#jobs.length === 0
  }

  hasRoom(sizeBytes: number): boolean {
    return this.#jobs.length < aheadMax && this.#bytes + sizeBytes <= aheadBytesMax
  }

  run(job: Job): void {
    this.#jobs.push(job)
    this.#bytes += job.raw.raw.byteLength
    this.#worker ??= this.#start()
    this.#worker.ref()
    if (this.#isReady) this.#send(this.#worker, job)
    if (this.#jobs.length > 1) return
    if (this.#isReady) this.#timeFirst()
    else this.#timer = setTimeout(() => this.#giveUp('the parser did not start in time'), startTimeoutMs)
  }

  async stop(): Promise<void> {
    for (const job of this.#takeAll()) job.reject(new Error('the parser is stopped'))
    await this.#dismiss()
  }

  #start(): Worker {
    const { heapMb } = this.#settings
    const worker = new Worker(new URL('./parse-worker.js', import.meta.url), {
      // Jobs read mails, too, in processes whose limit of memory counts what V8 reserves for machine code, else 512 MB.
      resourceLimits: { maxOldGenerationSizeMb: heapMb, codeRangeSizeMb: 32 },
    })
    this.#isReady = false
    worker.on('message', (answer: ParseAnswer) => {
      if (worker !== this.#worker) return
      if (answer.kind === 'parsed') return this.#finish(withSafeHeaders(answer.mail))
      this.#isReady = true
      for (const job of this.#jobs) this.#send(worker, job)
      this.#timeFirst()
    })
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (worker !== this.#worker) return
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      this.#giveUp(isMemory ? `parsing took more than ${heapMb} MB` : `the parser failed: ${error.message}`)
    })
    worker.on('exit', (code) => {
      if (worker === this.#worker) this.#giveUp(`the parser ended with code ${code}`)
    })
    return worker
  }

  /** The copy is handed over whole: one copy of the bytes, and the caller's own are never detached. */
  #send(worker: Worker, job: Job): void {
    const copy = new Uint8Array(job.raw.raw)
    worker.postMessage({ ...job.raw, raw: copy }, [copy.buffer])
  }

  /** The clock of a mail starts when the thread comes to it. */
  #timeFirst(): void {
    const { timeoutMs } = this.#settings
    clearTimeout(this.#timer)
    if (this.#jobs.length === 0) return
    this.#timer = setTimeout(() => this.#giveUp(`parsing was cut off after ${timeoutMs / 1_000} s`), timeoutMs)
  }

  #giveUp(reason: string): void {
    const [first, ...unparsed] = this.#takeAll()
    void this.#dismiss()
    first?.resolve(salvageMail(first.raw, reason))
    this.#onFree(unparsed)
  }

  #finish(mail: Mail): void {
    const job = this.#jobs.shift()
    this.#bytes -= job?.raw.raw.byteLength ?? 0
    this.#timeFirst()
    // An idle thread must not keep a program alive that has nothing else to do.
    if (this.isIdle()) this.#worker?.unref()
    job?.resolve({ ...mail, envelope: job.raw.envelope })
    this.#onFree([])
  }

  #takeAll(): Job[] {
    clearTimeout(this.#timer)
    const jobs = this.#jobs
    this.#jobs = []
    this.#bytes = 0
    return jobs
  }

  async #dismiss(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
  }
}

/** A structured clone gives the record a prototype, and `headers['constructor']` would then be a function. */
function withSafeHeaders(mail: Mail): Mail {
  return { ...mail, headers: Object.assign(Object.create(null), mail.headers) }
}
