import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import type { EngineEvent } from '../domain/events.js'
import { createLogger, type LogLevel } from '../log/logger.js'
import { serveCalls } from '../thread/calls.js'
import { carryError } from '../thread/carry-error.js'
import { startEngine } from './engine.js'
import { offerEngineCalls } from './engine-calls.js'
import type { ConfigSource } from './load-config.js'

/** What the engine thread is started with. */
export interface EngineThreadData {
  source: ConfigSource
  log: { level: LogLevel; terminal: boolean; color: boolean }
}

// The engine's thread: it owns SQLite and may block on it, so that SMTP and HTTP on the main thread never do.
const port = parentPort
if (!port) throw new TypeError('the engine runs in a worker thread')
const { source, log } = workerData as EngineThreadData
const emit = gather((events) => port.postMessage({ type: 'events', events }))

try {
  const engine = await startEngine({
    source,
    log: createLogger(log),
    emit,
    now: Date.now,
    measure: () => performance.now(),
  })
  serveCalls(port, offerEngineCalls(engine))
  port.postMessage({ type: 'ready' })
} catch (error) {
  port.postMessage({ type: 'failed', error: carryError(error) })
}

/**
 * What happens together travels together: a mail makes three events, and each message wakes the other thread. They still
 * arrive before the answer of the call that made them, so whoever heard 250 finds the mail's event.
 */
function gather(send: (events: EngineEvent[]) => void): (event: EngineEvent) => void {
  let gathered: EngineEvent[] = []
  return (event) => {
    if (gathered.push(event) > 1) return
    queueMicrotask(() => {
      const events = gathered
      gathered = []
      send(events)
    })
  }
}
