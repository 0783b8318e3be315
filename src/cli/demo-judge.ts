import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export const demoModel = 'demo stand-in, not an LLM'

/**
 * Stands in for an LLM in the demo, so that nothing leaves the machine: an OpenAI-compatible endpoint on loopback that
 * knows the one question the example asks. The rule still goes the real way, through the real client, and the trace
 * names the stand-in as the model.
 */
export async function startDemoJudge(): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      if (body.length < 100_000) body += chunk
    })
    request.on('end', () => {
      const match = /expired|expires? (?:tomorrow|today)|\bin [01] days?\b|明天|已過期/i.test(readQuestion(body))
      const reason = match ? 'the subject says so' : 'the subject says neither'
      const content = JSON.stringify({ match, reason })
      const choice = { index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({ id: 'demo', object: 'chat.completion', created: 0, model: demoModel, choices: [choice] }),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The mail's subject within the question; the rule's own words must not answer it. */
function readQuestion(body: string): string {
  const messages = (JSON.parse(body) as { messages?: { role: string; content: unknown }[] }).messages ?? []
  const text = messages.map((message) => (message.role === 'user' ? JSON.stringify(message.content) : '')).join('\n')
  return /subject:.*/i.exec(text)?.[0] ?? text
}
