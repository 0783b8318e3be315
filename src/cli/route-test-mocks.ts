import type { HttpRequest } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import { OutboundError } from '../domain/errors.js'
import type { JudgeByLlm, LlmQuestion } from '../domain/judge.js'
import type { Condition } from '../domain/route.js'
import type { LlmMock, RouteTestFile } from '../domain/route-test.js'

/** Answers HTTP calls from the test file, and nothing else: a route test never touches the network. */
export function mockRequest(mocks: RouteTestFile['mocks']['http']): HttpRequest {
  return async ({ method = 'GET', url }) => {
    const mock = mocks[`${method} ${url}`]
    if (!mock) throw new OutboundError('refused', 'before', `mocks.http has no "${method} ${url}"`)
    return { status: mock.status, headers: { 'content-type': mock.contentType }, text: mock.text, truncated: false }
  }
}

/** Answers the LLM's questions from the test file; a question it does not know gets no, and the reason says so. */
export function mockJudge(mocks: RouteTestFile['mocks']['llm'], config: Config): JudgeByLlm {
  const byPrompt = new Map<string, LlmMock>()
  for (const route of config.routes) {
    const mock = mocks[route.name]
    if (mock !== undefined) for (const prompt of findPrompts(route.when)) byPrompt.set(prompt, mock)
  }
  return async (question) => {
    const mock = mocks[question.prompt] ?? byPrompt.get(question.prompt)
    const match = mock !== undefined && decide(mock, question)
    const reason = mock === undefined ? 'mocks.llm has no answer for this route' : 'mocks.llm'
    return { match, reason, cached: false, model: 'mock', durationMs: 0 }
  }
}

function decide(mock: LlmMock, question: LlmQuestion): boolean {
  if (typeof mock === 'boolean') return mock
  const content = Object.values(question.content).join('\n')
  return mock.find((rule) => content.includes(rule.contains))?.match ?? false
}

function findPrompts(condition: Condition): string[] {
  if (condition.kind === 'llm') return [condition.prompt]
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(findPrompts)
  return condition.kind === 'not' ? findPrompts(condition.of) : []
}
