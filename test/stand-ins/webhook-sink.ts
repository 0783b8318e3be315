import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SinkRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: string
  /** The body as it came. */
  bytes: Buffer
  /** The `data:` or JSON body, or undefined when it is none. */
  json: unknown
}

/**
 * What the sink does with one request: answer, never answer (`hang`), close the connection once the request is read
 * (`close`), or close it after half of the answer's body (`close_mid_answer`). `slowMs` delays an answer.
 */
export type SinkReply =
  | { status: number; headers?: Record<string, string | string[]>; body?: string; slowMs?: number }
  | { fault: 'hang' | 'close' | 'close_mid_answer' }

export interface WebhookSink {
  url: string
  port: number
  requests: SinkRequest[]
  /** Connections opened so far: keep-alive keeps this small. */
  connections: () => number
  /** Queues replies, used once each, in order; without any the answer is `200 ok`. */
  script: (...replies: SinkReply[]) => void
  /** Answers every request that finds no queued reply. */
  replyWith: (reply: (request: SinkRequest) => SinkReply | Promise<SinkReply>) => void
  /** Resolves when `count` requests have arrived in total. */
  waitFor: (count: number) => Promise<void>
  stop: () => Promise<void>
}

/** An HTTP server on port 0 that records every request and answers as told. */
export async function startWebhookSink(host = '127.0.0.1'): Promise<WebhookSink> {
  const requests: SinkRequest[] = []
  const queued: SinkReply[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  let otherwise: (request: SinkRequest) => SinkReply | Promise<SinkReply> = () => ({ status: 200, body: 'ok' })
  let connections = 0

  // An idle connection that is closed by us just as it is used again would look like a lost answer.
  const server = createServer({ keepAliveTimeout: 0 }, async (incoming, response) => {
    const request = await readRequest(incoming)
    requests.push(request)
    for (const waiter of waiting) if (requests.length >= waiter.count) waiter.resolve()
    reply(response, queued.shift() ?? (await otherwise(request)))
  })
  server.on('connection', () => connections++)
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    requests,
    connections: () => connections,
    script: (...replies) => void queued.push(...replies),
    replyWith: (makeReply) => {
      otherwise = makeReply
    },
    waitFor: (count) =>
      requests.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function readRequest(incoming: IncomingMessage): Promise<SinkRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const body = bytes.toString('utf8')
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value)
  return { method: incoming.method ?? '', path: incoming.url ?? '', headers, body, bytes, json: parseJson(body) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reply(response: ServerResponse, answer: SinkReply): void {
  if (!('fault' in answer)) {
    const send = () => response.writeHead(answer.status, answer.headers).end(answer.body ?? '')
    if (answer.slowMs) setTimeout(send, answer.slowMs)
    else send()
    return
  }
  if (answer.fault === 'close') response.destroy()
  if (answer.fault === 'close_mid_answer') {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half of', () => response.destroy())
  }
}
