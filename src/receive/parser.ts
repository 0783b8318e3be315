import { Worker } from 'node:worker_threads'
import type { Mail, RawMail } from '../domain/mail.js'
import { AbortWatch } from './abort-watch.js'
import { salvageMail } from './salvage.js'

export interface MailParser {
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
/** Loading the MIME parser on a machine that is busy with everything else at start. */
const startTimeoutMs = 30_000

/**
 * Parses mails in worker threads, one mail per thread at a time. A hostile mail can hold a parser for minutes and take
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
    while (waiting.length > 0 && !isStopped) {
      const free = [...seats].find((seat) => seat.isFree()) ?? (seats.size < workersMax ? addSeat() : null)
      if (free === null) return
      const job = waiting.shift()
      if (job && !job.signal.aborted) free.run(job)
    }
  }
  const addSeat = (): Seat => {
    const seat = new Seat(settings, assign)
    seats.add(seat)
    return seat
  }

  return {
    parse: (raw, signal) =>
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
      }),
    stop: async () => {
      isStopped = true
      for (const job of waiting.splice(0)) job.reject(new Error('the parser is stopped'))
      await Promise.all([...seats].map((seat) => seat.stop()))
    },
  }
}

/** One thread at a time, and the mail it works on. A thread that is ended is replaced when the next mail comes. */
class Seat {
  readonly #settings: { timeoutMs: number; heapMb: number }
  readonly #onFree: () => void
  #worker: Worker | null = null
  #isReady = false
  #job: Job | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(settings: { timeoutMs: number; heapMb: number }, onFree: () => void) {
    this.#settings = settings
    this.#onFree = onFree
  }

  isFree(): boolean {
    return this.#job === null
  }

  run(job: Job): void {
    this.#job = job
    this.#worker ??= this.#start()
    this.#worker.ref()
    if (this.#isReady) this.#send(this.#worker, job)
    else this.#timer = setTimeout(() => this.#giveUp('the parser did not start in time'), startTimeoutMs)
  }

  async stop(): Promise<void> {
    const job = this.#take()
    job?.reject(new Error('the parser is stopped'))
    await this.#dismiss()
  }

  #start(): Worker {
    const { heapMb } = this.#settings
    const worker = new Worker(new URL('./parse-worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    })
    this.#isReady = false
    worker.on('message', (answer: ParseAnswer) => {
      if (worker !== this.#worker) return
      if (answer.kind === 'ready') {
        this.#isReady = true
        if (this.#job) this.#send(worker, this.#job)
      } else this.#finish(withSafeHeaders(answer.mail))
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
    const { timeoutMs } = this.#settings
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#giveUp(`parsing was cut off after ${timeoutMs / 1_000} s`), timeoutMs)
    const copy = new Uint8Array(job.raw.raw)
    worker.postMessage({ ...job.raw, raw: copy }, [copy.buffer])
  }

  #giveUp(reason: string): void {
    const job = this.#take()
    void this.#dismiss()
    job?.resolve(salvageMail(job.raw, reason))
    this.#onFree()
  }

  #finish(mail: Mail): void {
    const job = this.#take()
    // An idle thread must not keep a program alive that has nothing else to do.
    this.#worker?.unref()
    job?.resolve({ ...mail, envelope: job.raw.envelope })
    this.#onFree()
  }

  #take(): Job | null {
    clearTimeout(this.#timer)
    const job = this.#job
    this.#job = null
    return job
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
