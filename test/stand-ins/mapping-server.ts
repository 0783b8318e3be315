import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the stand-in does in place of answering with its mapping. */
export type MappingFault =
  | { status: number; headers?: Record<string, string>; body?: string }
  | { body: string }
  | { fault: 'hang' | 'close' }

export interface MappingServer {
  /** The mapping's address. */
  url: string
  requests: { path: string; headers: IncomingHttpHeaders }[]
  /** How many requests were answered with 304. */
  notModified: () => number
  /** What is served from now on, under a new ETag. */
  serve: (mapping: unknown) => void
  /** What the next requests meet, once each, in order. */
  script: (...faults: MappingFault[]) => void
  /** Resolves when `count` requests have arrived in total. */
  waitFor: (count: number) => Promise<void>
  stop: () => Promise<void>
}

/** Serves one JSON mapping with an ETag on port 0, and fails as told. */
export async function startMappingServer(mapping: unknown): Promise<MappingServer> {
  const requests: MappingServer['requests'] = []
  const faults: MappingFault[] = []
  const waiting = new Set<() => void>()
  let served = JSON.stringify(mapping)
  let version = 1
  let notModified = 0

  const server = createServer((incoming, response) => {
    requests.push({ path: incoming.url ?? '', headers: incoming.headers })
    for (const check of waiting) check()
    const fault = faults.shift()
    if (fault) return answerFault(response, fault)
    const etag = `"v${version}"`
    if (incoming.headers['if-none-match'] === etag) {
      notModified++
      return response.writeHead(304, { etag }).end()
    }
    response.writeHead(200, { 'content-type': 'application/json', etag }).end(served)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mapping`,
    requests,
    notModified: () => notModified,
    serve(next) {
      served = JSON.stringify(next)
      version++
    },
    script: (...next) => faults.push(...next),
    waitFor: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (requests.length < count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function answerFault(response: ServerResponse, fault: MappingFault): void {
  if ('fault' in fault) {
    if (fault.fault === 'close') response.destroy()
    return
  }
  const status = 'status' in fault ? fault.status : 200
  const headers = 'status' in fault ? fault.headers : {}
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(fault.body ?? '')
}
