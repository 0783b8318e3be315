/** Entry of the processes in which actions and conditions run that may have a network. */
import { Worker } from 'node:worker_threads'
import { type Blocking, createBlockingCalls } from '../thread/blocking-calls.js'
import { threadLimits } from '../wasm/limits.js'
import { serveGuests } from '../wasm/serve-guests.js'
import type { HttpCalls } from './http-thread.js'

/** An action's own deadline is shorter; this one only keeps a wait from having no end at all. */
const waitMsMax = 120_000
let httpCalls: Blocking<HttpCalls> | null = null

serveGuests(({ http }) => ({
  http: (call) => {
    if (http === null) throw new Error('http is not available: allow_hosts names no host')
    httpCalls ??= startHttpThread()
    return httpCalls.http(call, http.allowHosts, http.network)
  },
}))

/** A guest waits for the answer and so does its thread, so another one does what has to be awaited. */
function startHttpThread(): Blocking<HttpCalls> {
  const { calls, end, transfer } = createBlockingCalls<HttpCalls>(waitMsMax)
  const worker = new Worker(new URL('./http-thread.js', import.meta.url), {
    workerData: end,
    transferList: transfer,
    resourceLimits: threadLimits,
  })
  // A thread that dies leaves its caller waiting, and the call ends at its deadline; without a listener the process would.
  worker.on('error', () => undefined)
  return calls
}
