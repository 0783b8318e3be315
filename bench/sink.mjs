// The webhook receiver, in a process of its own so that it takes no time from the load generator. It speaks just enough
// HTTP/1.1 for a client that keeps its connections and sends a Content-Length, notes when each id came, and tells its
// parent over the process channel.
import { createServer } from 'node:net'
import { idPattern } from './mails.mjs'

/** @type {Map<string, { arrivals: Map<number, number>, duplicates: number }>} */
const runs = new Map()
/** @type {{ run: string, count: number, tell: () => void } | null} */
let expected = null
const ok = Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok')

const server = createServer({ noDelay: true }, (socket) => {
  let waiting = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    for (;;) {
      const end = endOfRequest(waiting)
      if (end === null) return
      note(waiting.latin1Slice(0, end))
      socket.write(ok)
      waiting = waiting.subarray(end)
    }
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ type: 'ready', address: server.address() }))
process.on('message', answer)
process.on('disconnect', () => process.exit(0))

/** Where the first request of the buffer ends, or null when it is not complete. @param {Buffer} buffer */
function endOfRequest(buffer) {
  const headEnd = buffer.indexOf('\r\n\r\n')
  if (headEnd < 0) return null
  const length = /\r\ncontent-length: *(\d+)/i.exec(buffer.latin1Slice(0, headEnd + 2))
  const end = headEnd + 4 + Number(length?.[1] ?? 0)
  return buffer.length < end ? null : end
}

/** @param {string} request */
function note(request) {
  const found = idPattern.exec(request)
  if (!found) return
  const run = runOf(found[1])
  const number = Number(found[2])
  if (run.arrivals.has(number)) run.duplicates++
  else run.arrivals.set(number, Number(process.hrtime.bigint()) / 1e6)
  if (expected !== null && expected.run === found[1] && run.arrivals.size >= expected.count) expected.tell()
}

/**
 * `expect` is answered when that many ids of the run have come, or when the patience is over, with the time of each;
 * `duplicates` at once, with the count over all runs.
 * @param {{ type: 'expect', run: string, count: number, patienceMs: number } | { type: 'duplicates' }} message
 */
function answer(message) {
  if (message.type === 'duplicates') {
    const count = [...runs.values()].reduce((sum, run) => sum + run.duplicates, 0)
    process.send?.({ type: 'duplicates', count })
    return
  }
  const run = runOf(message.run)
  const tell = () => {
    clearTimeout(timer)
    expected = null
    process.send?.({ type: 'arrived', arrivals: [...run.arrivals] })
  }
  const timer = setTimeout(tell, message.patienceMs)
  expected = { run: message.run, count: message.count, tell }
  if (run.arrivals.size >= message.count) tell()
}

/** @param {string} name */
function runOf(name) {
  const run = runs.get(name) ?? { arrivals: new Map(), duplicates: 0 }
  runs.set(name, run)
  return run
}
