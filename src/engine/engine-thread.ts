import { type Transferable, Worker } from 'node:worker_threads'
import { StoreError } from '../domain/errors.js'
import type { EngineEvent } from '../domain/events.js'
import { callThread } from '../thread/calls.js'
import { type CarriedError, restoreError } from '../thread/carry-error.js'
import type { EngineCalls } from './engine-calls.js'
import type { EngineThreadData } from './worker.js'

export interface EngineThread {
  calls: EngineCalls
  /** Rejects when the thread dies by itself; the program cannot go on without it. */
  died: Promise<never>
  stop: () => Promise<void>
}

/** Starts the engine's thread and waits until it is open. Rejects with what kept it from opening. */
export async function startEngineThread(
  data: EngineThreadData,
  onEvent: (event: EngineEvent) => void,
): Promise<EngineThread> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: data,
    // Extism announces Node's experimental WASI at import, which we do not use.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  let stopping = false
  let hasEnded = false
  const died = new Promise<never>((_, reject) => {
    worker.on('error', (error) => {
      hasEnded = true
      reject(error)
    })
    worker.on('exit', (code) => {
      hasEnded = true
      if (!stopping) reject(new StoreError(`the engine thread ended by itself (exit code ${code})`))
    })
  })
  died.catch(() => undefined)
  worker.on('message', (message: { type: string; events?: EngineEvent[] }) => {
    if (message.type === 'events') message.events?.forEach(onEvent)
  })
  await Promise.race([opened(worker), died])
  const calls = callThread<EngineCalls>(worker, moveRawMails)
  return {
    calls,
    died,
    async stop() {
      stopping = true
      try {
        // What ended it is said by `died`.
        if (!hasEnded) await calls.stop()
      } finally {
        // A thread that is left would keep the process.
        await worker.terminate()
      }
    },
  }
}

function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: { type: string; error?: CarriedError }) => {
      if (message.type === 'ready') resolve()
      if (message.type === 'failed' && message.error) reject(restoreError(message.error))
    })
  })
}

/** Mails that are saved move to the engine instead of being copied: whoever saves one must not look at it afterwards. */
function moveRawMails(name: string, args: unknown[]): Transferable[] {
  if (name !== 'saveMails') return []
  const [mails] = args as Parameters<EngineCalls['saveMails']>
  return mails.flatMap(({ raw }) => {
    const isWhole = raw.byteLength > 0 && raw.byteLength === raw.buffer.byteLength
    return isWhole && raw.buffer instanceof ArrayBuffer ? [raw.buffer] : []
  })
}
