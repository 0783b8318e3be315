/**
 * Lets everybody who asks for the same key at the same time share one run.
 * A caller whose signal fires leaves alone; the run is aborted only when nobody waits for it any more.
 */
export type SingleFlight<Value> = (
  key: string,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<Value>,
) => Promise<Value>

interface Flight<Value> {
  result: Promise<Value>
  waiting: number
  abort: AbortController
}

export function createSingleFlight<Value>(): SingleFlight<Value> {
  const flights = new Map<string, Flight<Value>>()

  function start(key: string, run: (signal: AbortSignal) => Promise<Value>): Flight<Value> {
    const abort = new AbortController()
    const flight: Flight<Value> = { result: run(abort.signal), waiting: 0, abort }
    flights.set(key, flight)
    const end = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    flight.result.then(end, end)
    return flight
  }

  return async (key, signal, run) => {
    signal.throwIfAborted()
    const flight = flights.get(key) ?? start(key, run)
    flight.waiting++
    try {
      return await untilAborted(flight.result, signal)
    } finally {
      flight.waiting--
      if (flight.waiting === 0) {
        // A run that nobody waits for must not be joined: it is about to reject.
        if (flights.get(key) === flight) flights.delete(key)
        flight.abort.abort()
      }
    }
  }
}

/** Settles like the promise, or rejects with the signal's reason as soon as it fires. */
function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
