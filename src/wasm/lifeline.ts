import { Socket } from 'node:net'

/**
 * Runs in a thread of its own inside a child. The parent holds the other end of this descriptor and never writes to it:
 * it closes when the parent process, or the worker thread that owns the pool, is gone, however it went. A child must
 * not outlive it, and the child's main thread may be caught in a guest's endless loop.
 */
const descriptor = 4

const lifeline = new Socket({ fd: descriptor, readable: true, writable: false })
lifeline.on('close', () => process.kill(process.pid, 'SIGKILL'))
// A broken lifeline is followed by `close`, which acts.
lifeline.on('error', () => {})
lifeline.resume()
