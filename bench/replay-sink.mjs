// Answers each request at once with what its vendor answered before, in a process of its own so that it takes no time
// from the sender. It reads requests whole and judges nothing: that was done when the answer was recorded.
import { createServer } from 'node:http'

/** By method and path. @type {Record<string, { status: number, headers: Record<string, string>, text: string }>} */
let answers = {}
const unknown = { status: 404, headers: {}, text: 'not recorded' }

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  request.resume().once('end', () => {
    const { status, headers, text } = answers[`${request.method} ${request.url}`] ?? unknown
    response.writeHead(status, headers).end(text)
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ address: server.address() }))
process.on('message', (/** @type {typeof answers} */ recorded) => {
  answers = recorded
  process.send?.({ ready: true })
})
process.on('disconnect', () => process.exit(0))
