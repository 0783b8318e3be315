import { Worker } from 'node:worker_threads'
import type { RawMail, SenderAuth } from '../domain/mail.js'
import type { SenderAuthSettings } from '../domain/smtp-settings.js'
import { cutHeader, type HeaderCut } from './header-cut.js'

export interface Authenticator {
  /**
   * Checks who sent a mail. Rejects only when `signal` fires; trouble of any other kind, with DNS or of ours, is the
   * verdict `temperror`. The caller's bytes stay the caller's.
   */
  authenticate: (mail: RawMail, check: CheckOptions, signal: AbortSignal) => Promise<SenderAuth>
  /** Ends the thread. Who waits is answered with `temperror`. */
  stop: () => Promise<void>
}

export interface CheckOptions {
  settings: Pick<SenderAuthSettings, 'resolvers' | 'timeoutMs'>
  /** Ours. */
  hostname: string
}

/** What the thread is asked. */
export interface CheckRequest extends HeaderCut, CheckOptions, Pick<RawMail, 'envelope'> {
  id: number
}

export interface CheckAnswer {
  id: number
  auth: SenderAuth
}

interface Job {
  mail: RawMail
  check: CheckOptions
  resolve: (auth: SenderAuth) => void
  /** Runs until its turn comes. */
  patience: NodeJS.Timeout | undefined
}

/** With this many mails asked about, others wait; their bytes are copied when their turn comes. */
const inFlightMax = 256
const inFlightBytesMax = 64_000_000
const waitingMax = 2_000
/** The thread keeps to the settings' time by itself. One that is this much later hangs, and is replaced. */
const graceMs = 15_000
const heapMb = 192

/**
 * Authenticates mails in a thread of its own, which is started when it is first needed: the engine's must not wait for
 * the hashing of 25 MB, and what a stranger's mail does to the check must end with that thread.
 */
export function createAuthenticator(): Authenticator {
  const waiting: Job[] = []
  const inFlight = new Map<number, { job: Job; timer: NodeJS.Timeout; bytes: number }>()
  let worker: Worker | null = null
  let lastId = 0
  let bytesInFlight = 0
  let isStopped = false

  const start = (): Worker => {
    const started = new Worker(new URL('./authenticate-worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
      // The verifier prints to stdout of signatures with `l=`, which strangers write.
      stdout: true,
    })
    started.stdout.resume()
    started.on('message', ({ id, auth }: CheckAnswer) => finish(id, auth))
    started.on('error', (error) => replace(started, `the check ended: ${error.message}`))
    started.on('exit', () => replace(started, 'the check ended by itself'))
    return started
  }
  const finish = (id: number, auth: SenderAuth): void => {
    const one = inFlight.get(id)
    if (!one) return
    inFlight.delete(id)
    clearTimeout(one.timer)
    bytesInFlight -= one.bytes
    if (inFlight.size === 0) worker?.unref()
    one.job.resolve(auth)
    sendWaiting()
  }
  /** Whose mail it was cannot be told, so none of them has a verdict. */
  const replace = (broken: Worker, reason: string): void => {
    if (worker !== broken) return
    worker = null
    void broken.terminate()
    for (const id of [...inFlight.keys()]) finish(id, unknownSender(reason))
  }
  const giveUp = (job: Job): void => {
    waiting.splice(waiting.indexOf(job), 1)
    job.resolve(unknownSender('too many mails wait for the check'))
  }
  const sendWaiting = (): void => {
    while (!isStopped && inFlight.size < inFlightMax && bytesInFlight < inFlightBytesMax) {
      const job = waiting.shift()
      if (!job) return
      clearTimeout(job.patience)
      send(job)
    }
  }
  const send = (job: Job): void => {
    const { mail, check } = job
    const { header, body, isCut } = cutHeader(mail.raw)
    worker ??= start()
    const asked = worker
    asked.ref()
    const id = ++lastId
    const timer = setTimeout(
      () => replace(asked, 'the check did not come to an end'),
      check.settings.timeoutMs + graceMs,
    )
    const bytes = header.byteLength + body.byteLength
    bytesInFlight += bytes
    inFlight.set(id, { job, timer, bytes })
    const copies = { header: new Uint8Array(header), body: new Uint8Array(body) }
    const request: CheckRequest = { id, envelope: mail.envelope, isCut, ...check, ...copies }
    asked.postMessage(request, [copies.header.buffer, copies.body.buffer])
  }

  return {
    authenticate: (mail, check, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted()
        if (isStopped) return resolve(unknownSender('the program is stopping'))
        if (waiting.length >= waitingMax) return resolve(unknownSender('too many mails wait for the check'))
        const leave = (): void => reject(signal.reason)
        signal.addEventListener('abort', leave, { once: true })
        const settle = (auth: SenderAuth): void => {
          signal.removeEventListener('abort', leave)
          resolve(auth)
        }
        const job: Job = { mail, check, resolve: settle, patience: undefined }
        // While DNS does not answer, mails must not queue up behind each other's waits.
        job.patience = setTimeout(() => giveUp(job), check.settings.timeoutMs)
        waiting.push(job)
        sendWaiting()
      }),
    async stop() {
      isStopped = true
      const ending = worker
      for (const job of waiting.splice(0)) {
        clearTimeout(job.patience)
        job.resolve(unknownSender('the program is stopping'))
      }
      if (ending) replace(ending, 'the program is stopping')
      await ending?.terminate()
    },
  }
}

function unknownSender(reason: string): SenderAuth {
  return {
    spf: 'temperror',
    dkim: 'temperror',
    dmarc: 'temperror',
    policy: null,
    reasons: { spf: reason, dkim: reason, dmarc: reason },
  }
}
