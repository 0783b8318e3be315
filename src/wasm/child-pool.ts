import type { ChildProcess } from 'node:child_process'
import { type GuestLog, SandboxError } from '../domain/errors.js'
import { FairQueue } from './fair-queue.js'
import { type ChildReply, childReplySchema } from './messages.js'
import { Strikes } from './strikes.js'

export interface ChildPoolOptions {
  /** Starts one child that speaks the protocol of `serve-calls.ts`. */
  spawn: () => ChildProcess
  /** At most this many children, so at most this many calls at a time. */
  children: number
  /** Idle children kept ready beside the busy ones, as far as `children` allows: a kill then costs the next call nothing. */
  spares: number
  queueMax: number
  queueWaitMsMax: number
  startTimeoutMs: number
  /** What a child may need before a call's own time begins: reading and compiling the module. */
  loadTimeoutMs: number
  /** A child is replaced after so many calls. */
  callsMax: number
  /** An idle child is stopped after this long; null keeps it. */
  idleMsMax: number | null
  logLinesMax: number
  /** Owners whose calls had to be killed get fewer children, then a rest: see `strikes.ts`. Default false. */
  punishesOwners?: boolean
}

export interface PoolCall {
  /** Whose code it runs; owners share time. Calls without one are one owner's. */
  owner?: string
  payload: unknown
  timeoutMs: number
  /** Hears each log line while the call runs; the result has them all again. */
  onLog?: (line: GuestLog) => void
}

export interface PoolResult {
  output: string
  logs: GuestLog[]
  durationMs: number
  memoryBytes: number | null
}

interface Call extends PoolCall {
  id: number
  owner: string
  logs: GuestLog[]
  memoryBytes: number | null
  startedAt: number
  /** Its own time runs. That starts once, or a child that was taken over could start it for ever. */
  begun: boolean
  settle: (outcome: PoolResult | SandboxError) => void
}

interface Child {
  process: ChildProcess
  state: 'starting' | 'idle' | 'busy' | 'gone'
  call: Call | null
  calls: number
  timer: NodeJS.Timeout | null
  errorOutput: string
}

const errorOutputMax = 4_096
const backOffMs = { first: 250, max: 30_000 }
/** After so many children in a row that never got ready, waiting calls are told so instead of kept waiting. */
const failedStartsMax = 3

/**
 * Child processes that run one call each at a time. SIGKILL is the only stop that always works, so whoever is late,
 * aborted or broken is killed and replaced.
 *
 * Invariants: a child is busy exactly when it has a call; every call given to `run` settles exactly once, at the latest
 * after the longest wait in the queue plus loading plus its own timeout; no more than `children` processes live at a time.
 */
export class ChildPool {
  readonly #options: ChildPoolOptions
  readonly #children = new Set<Child>()
  readonly #exits = new Set<Promise<void>>()
  readonly #waiting = new FairQueue<Call>()
  readonly #strikes = new Strikes(() => performance.now())
  #nextId = 1
  #failedStarts = 0
  #spawnNotBefore = 0
  #spawnTimer: NodeJS.Timeout | null = null
  #closed = false
  #killed = 0
  #crashed = 0

  constructor(options: ChildPoolOptions) {
    this.#options = options
  }

  /** Rejects with `SandboxError` only. The timeout counts from the moment foreign code begins to run. */
  run(poolCall: PoolCall, signal: AbortSignal): Promise<PoolResult> {
    const { owner = '' } = poolCall
    if (this.#closed) return Promise.reject(new SandboxError('closed', 'the sandbox is shutting down'))
    if (signal.aborted) return Promise.reject(abortedError())
    if (this.#mustRest(owner)) return Promise.reject(this.#restingError(owner))
    if (this.#waiting.size >= this.#options.queueMax) {
      return Promise.reject(new SandboxError('busy', `${this.#waiting.size} sandbox calls are waiting already`))
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#abort(call)
      const waitTimer = setTimeout(() => this.#giveUpWaiting(call), this.#options.queueWaitMsMax)
      const call: Call = {
        ...poolCall,
        owner,
        id: this.#nextId++,
        logs: [],
        memoryBytes: null,
        startedAt: 0,
        begun: false,
        settle: (outcome) => {
          clearTimeout(waitTimer)
          signal.removeEventListener('abort', onAbort)
          if (outcome instanceof SandboxError) reject(outcome)
          else resolve(outcome)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(call)
      this.#work()
    })
  }

  status(): { children: number; busy: number; queued: number; killed: number; crashed: number } {
    return {
      children: this.#children.size,
      busy: this.#count('busy'),
      queued: this.#waiting.size,
      killed: this.#killed,
      crashed: this.#crashed,
    }
  }

  /** Kills every child, rejects every call, and resolves when the processes are gone. */
  async stop(): Promise<void> {
    this.#closed = true
    if (this.#spawnTimer) clearTimeout(this.#spawnTimer)
    const error = () => new SandboxError('closed', 'the sandbox is shutting down')
    for (const call of this.#waiting.takeAll()) call.settle(error())
    for (const child of [...this.#children]) this.#dismiss(child, error())
    await Promise.all(this.#exits)
  }

  /** Hands waiting calls to idle children, and starts children while there is need and room. */
  #work(): void {
    for (const child of this.#children) {
      if (child.state !== 'idle') continue
      const call = this.#waiting.take((owner) => this.#mayHaveChild(owner))
      if (!call) break
      this.#start(child, call)
    }
    const needed = this.#count('busy') + this.#waiting.size + this.#options.spares
    while (!this.#closed && this.#children.size < Math.min(needed, this.#options.children)) {
      const waitMs = this.#spawnNotBefore - Date.now()
      if (waitMs > 0) {
        this.#spawnTimer ??= setTimeout(() => {
          this.#spawnTimer = null
          this.#work()
        }, waitMs)
        return
      }
      this.#spawn()
    }
  }

  #spawn(): void {
    const process = this.#options.spawn()
    const child: Child = { process, state: 'starting', call: null, calls: 0, timer: null, errorOutput: '' }
    this.#children.add(child)
    child.timer = setTimeout(() => process.kill('SIGKILL'), this.#options.startTimeoutMs)
    process.stderr?.on('data', (chunk: Buffer) => {
      child.errorOutput = (child.errorOutput + chunk.toString()).slice(0, errorOutputMax)
    })
    process.on('message', (message) => this.#hear(child, message))
    const exit = new Promise<void>((resolve) => {
      const gone = (how: string) => {
        this.#lose(child, how)
        resolve()
      }
      process.once('close', (code, signal) => gone(signal ?? `exit code ${code}`))
      // A child that cannot be started at all emits no `close`.
      process.once('error', (error) => gone(error.message))
    })
    this.#exits.add(exit)
    void exit.then(() => this.#exits.delete(exit))
  }

  #start(child: Child, call: Call): void {
    if (child.timer) clearTimeout(child.timer)
    child.state = 'busy'
    child.call = call
    child.calls++
    call.startedAt = performance.now()
    this.#limitTime(child, call, this.#options.loadTimeoutMs)
    // A failed send means that the child is dying, and its `close` settles the call.
    child.process.send({ id: call.id, payload: call.payload }, () => {})
  }

  #limitTime(child: Child, call: Call, timeoutMs: number): void {
    if (child.timer) clearTimeout(child.timer)
    child.timer = setTimeout(() => {
      this.#killed++
      this.#dismiss(child, new SandboxError('timeout', `no result within ${timeoutMs} ms`, call.logs))
      this.#blame(call)
      this.#work()
    }, timeoutMs)
  }

  /** A child died of this call. When its owner rests now, what waits for it is told so. */
  #blame({ owner, startedAt }: Call): void {
    this.#waiting.charge(owner, performance.now() - startedAt)
    this.#strikes.noteKill(owner)
    if (!this.#mustRest(owner)) return
    for (const call of this.#waiting.takeAllOf(owner)) call.settle(this.#restingError(owner))
  }

  #mustRest(owner: string): boolean {
    return this.#options.punishesOwners === true && this.#strikes.remainingRestMs(owner) > 0
  }

  #restingError(owner: string): SandboxError {
    const seconds = Math.ceil(this.#strikes.remainingRestMs(owner) / 1_000)
    return new SandboxError('timeout', `not run: its last calls hung or crashed, so it rests for ${seconds} s`)
  }

  /** A suspect never holds the last child, so whatever hangs again leaves room for the calls of others. */
  #mayHaveChild(owner: string): boolean {
    if (!this.#options.punishesOwners || !this.#strikes.isSuspect(owner)) return true
    const own = [...this.#children].filter((child) => child.call?.owner === owner).length
    return own < Math.max(1, this.#options.children - 1)
  }

  #hear(child: Child, message: unknown): void {
    const reply = childReplySchema.safeParse(message)
    if (!reply.success || child.state === 'gone') return
    if (reply.data.type === 'ready') {
      if (child.state === 'starting') this.#becomeReady(child)
    } else if (child.call?.id === reply.data.id) {
      this.#hearAboutCall(child, child.call, reply.data)
    }
  }

  #becomeReady(child: Child): void {
    this.#failedStarts = 0
    this.#rest(child)
    this.#work()
  }

  #hearAboutCall(child: Child, call: Call, reply: Exclude<ChildReply, { type: 'ready' }>): void {
    if (reply.type === 'log') {
      if (call.logs.length >= this.#options.logLinesMax) return
      const line = { level: reply.level, message: reply.message }
      call.logs.push(line)
      call.onLog?.(line)
      return
    }
    if (reply.type === 'memory') {
      call.memoryBytes = reply.bytes
      return
    }
    if (reply.type === 'begun') {
      if (call.begun) return
      call.begun = true
      call.startedAt = performance.now()
      this.#limitTime(child, call, call.timeoutMs)
      return
    }
    this.#strikes.noteEnd(call.owner)
    const durationMs = performance.now() - call.startedAt
    this.#waiting.charge(call.owner, durationMs)
    if (child.calls >= this.#options.callsMax) this.#dismiss(child, null)
    else this.#rest(child)
    call.settle(
      reply.type === 'done'
        ? { output: reply.output, logs: call.logs, durationMs, memoryBytes: call.memoryBytes }
        : new SandboxError(reply.kind, reply.message, call.logs),
    )
    this.#work()
  }

  #rest(child: Child): void {
    if (child.timer) clearTimeout(child.timer)
    child.state = 'idle'
    child.call = null
    const { idleMsMax } = this.#options
    child.timer = idleMsMax === null ? null : setTimeout(() => this.#dismiss(child, null), idleMsMax)
  }

  /** Kills a child on purpose; its call, if it has one and `error` says so, fails at once. */
  #dismiss(child: Child, error: SandboxError | null): void {
    if (child.timer) clearTimeout(child.timer)
    const { call } = child
    child.state = 'gone'
    child.call = null
    this.#children.delete(child)
    child.process.kill('SIGKILL')
    if (call && error) call.settle(error)
  }

  /** A child ended. When nobody asked it to, its call fails and the next start may have to wait. */
  #lose(child: Child, how: string): void {
    if (child.state === 'gone') return
    if (child.timer) clearTimeout(child.timer)
    this.#children.delete(child)
    this.#crashed++
    const neverReady = child.state === 'starting'
    child.state = 'gone'
    const reason = /(?:FATAL ERROR|Error): .*/.exec(child.errorOutput)?.[0] ?? child.errorOutput.trim().slice(0, 200)
    const words = `the sandbox process died (${[how, reason].filter(Boolean).join(', ')})`
    child.call?.settle(new SandboxError('crash', words, child.call.logs))
    if (child.call) this.#blame(child.call)
    if (neverReady) this.#delayNextStart(words)
    this.#work()
  }

  #delayNextStart(words: string): void {
    this.#spawnNotBefore = Date.now() + Math.min(backOffMs.first * 2 ** this.#failedStarts, backOffMs.max)
    this.#failedStarts++
    if (this.#failedStarts < failedStartsMax) return
    for (const call of this.#waiting.takeAll()) call.settle(new SandboxError('crash', words))
  }

  #abort(call: Call): void {
    const child = [...this.#children].find((candidate) => candidate.call === call)
    if (child) {
      this.#killed++
      this.#dismiss(child, abortedError(call.logs))
    } else {
      this.#waiting.remove(call)
      call.settle(abortedError())
    }
    this.#work()
  }

  #giveUpWaiting(call: Call): void {
    if (!this.#waiting.remove(call)) return
    call.settle(new SandboxError('busy', `no sandbox was free within ${this.#options.queueWaitMsMax} ms`))
  }

  #count(state: Child['state']): number {
    return [...this.#children].filter((child) => child.state === state).length
  }
}

function abortedError(logs: GuestLog[] = []): SandboxError {
  return new SandboxError('closed', 'the call was aborted', logs)
}
