import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the stand-in does with one request. */
export type LlmReply =
  | { match: boolean; reason?: string }
  /** The model's words as they are: garbage, prose, a fence. */
  | { content: string }
  | { status: number; error?: { message: string; code?: string }; headers?: Record<string, string> }
  /** The whole HTTP body as it is. */
  | { body: string; contentType?: string }
  | { fault: 'hang' | 'close' }

export interface LlmRequest {
  authorization: string
  model: string
  system: string
  user: string
  /** The JSON body, for what else was sent. */
  body: Record<string, unknown>
}

export interface LlmStandIn {
  /** To be used as `base_url`. */
  url: string
  requests: LlmRequest[]
  /** Answers requests whose prompt or content holds the text, in place of the default `match: false`. */
  when: (substring: string, reply: LlmReply | ((request: LlmRequest) => LlmReply)) => void
  /** Refuses these parameters with 400, in the words of the vendor. */
  refuse: (...parameters: string[]) => void
  /** Resolves when `count` requests have arrived in total. */
  waitFor: (count: number) => Promise<void>
  stop: () => Promise<void>
}

/** An OpenAI-compatible chat endpoint on port 0 that says what it is told to, and nothing else. */
export async function startLlm(): Promise<LlmStandIn> {
  const requests: LlmRequest[] = []
  const replies: { substring: string; reply: LlmReply | ((request: LlmRequest) => LlmReply) }[] = []
  const refused = new Set<string>()
  const waiting = new Set<() => void>()

  function choose(request: LlmRequest): LlmReply {
    const parameter = Object.keys(request.body).find((name) => refused.has(name))
    if (parameter)
      return { status: 400, error: { message: `Unsupported parameter: '${parameter}'`, code: 'unsupported_parameter' } }
    const hit = replies.find(({ substring }) => `${request.system}\n${request.user}`.includes(substring))
    if (hit === undefined) return { match: false, reason: 'not scripted' }
    return typeof hit.reply === 'function' ? hit.reply(request) : hit.reply
  }

  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
    const request = readRequest(incoming.headers.authorization ?? '', body)
    requests.push(request)
    for (const check of waiting) check()
    answer(response, choose(request))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    when: (substring, reply) => replies.unshift({ substring, reply }),
    refuse: (...parameters) => {
      for (const parameter of parameters) refused.add(parameter)
    },
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

function readRequest(authorization: string, body: Record<string, unknown>): LlmRequest {
  const messages = body.messages as { role: string; content: string }[]
  const textOf = (role: string) => messages.find((message) => message.role === role)?.content ?? ''
  return { authorization, model: String(body.model), system: textOf('system'), user: textOf('user'), body }
}

function answer(response: ServerResponse, reply: LlmReply): void {
  if ('fault' in reply) {
    if (reply.fault === 'close') response.destroy()
    return
  }
  if ('status' in reply) {
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
    response.end(
      JSON.stringify({ error: { message: 'scripted', type: 'error', param: null, code: null, ...reply.error } }),
    )
    return
  }
  if ('body' in reply) {
    response.writeHead(200, { 'content-type': reply.contentType ?? 'application/json' }).end(reply.body)
    return
  }
  const content = 'content' in reply ? reply.content : JSON.stringify({ reason: 'scripted', ...reply })
  const choice = { index: 0, finish_reason: 'stop', message: { role: 'assistant', content, refusal: null } }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 0, model: 'stand-in', choices: [choice] }),
  )
}
