import { describe, expect, test } from 'vitest'
import { LlmError } from '#src/domain/errors.js'
import type { JudgeByLlm, LlmVerdict } from '../../src/domain/judge.js'
import type { Condition } from '../../src/domain/route.js'
import { all, any, judge, llm, makeMail, makeRoute, match, not, text } from './sample.js'

const yes = text('subject', 'contains', 'Sentry')
const no = text('subject', 'contains', 'Jenkins')

/** Answers by prompt: `true`, `false`, or an LLM that is down; records what it was asked. */
function scriptedJudge() {
  const asked: string[] = []
  const judgeByLlm: JudgeByLlm = async ({ prompt }) => {
    asked.push(prompt)
    if (prompt === 'down') throw new LlmError('down', 'no LLM')
    const verdict: LlmVerdict = { match: prompt === 'true', reason: 'words', cached: false, model: 'm', durationMs: 1 }
    return verdict
  }
  return { asked, judgeByLlm }
}

describe('the LLM is asked last, and only if the verdict depends on it', () => {
  test.each<[string, Condition, string, string[]]>([
    ['alone', llm('true'), 'matched', ['true']],
    ['all, written first, the rest holds', all(llm('true'), yes), 'matched', ['true']],
    ['all, written first, the rest fails', all(llm('true'), no), 'not_matched', []],
    ['any, something else holds', any(llm('true'), yes), 'matched', []],
    ['any, nothing else holds', any(llm('true'), no), 'matched', ['true']],
    ['not', not(llm('true')), 'not_matched', ['true']],
    ['a nest that decides without', all(yes, any(not(all(llm('true'), no)), llm('false'))), 'matched', []],
    ['a nest that depends', all(yes, any(no, all(yes, llm('false')))), 'not_matched', ['false']],
    ['two questions, the first decides all', all(llm('false'), llm('true'), yes), 'not_matched', ['false']],
    ['two questions, the first decides any', any(llm('true'), llm('false')), 'matched', ['true']],
    ['two questions, both needed', all(llm('true'), not(llm('false'))), 'matched', ['true', 'false']],
    ['an unknown that another answer overrules', any(llm('down', 'retry'), llm('true')), 'matched', ['down', 'true']],
    ['an unknown that stays', all(llm('down', 'retry'), llm('true')), 'retry', ['down', 'true']],
    [
      'an unknown that another answer decides',
      all(llm('down', 'retry'), llm('false')),
      'not_matched',
      ['down', 'false'],
    ],
    ['not an unknown', not(llm('down', 'retry')), 'retry', ['down']],
    ['down, on_error match', llm('down', 'match'), 'matched', ['down']],
    ['down, on_error no_match', llm('down', 'no_match'), 'not_matched', ['down']],
    ['down under not, on_error match', not(llm('down', 'match')), 'not_matched', ['down']],
  ])('%s', async (_name, condition, verdict, questions) => {
    const { asked, judgeByLlm } = scriptedJudge()
    expect((await judge(condition, makeMail(), { judgeByLlm })).verdict).toBe(verdict)
    expect(asked).toEqual(questions)
  })
})

test('the LLM gets the named fields and nothing else', async () => {
  const contents: unknown[] = []
  const judgeByLlm: JudgeByLlm = async ({ content }) => {
    contents.push(content)
    return { match: true, reason: '', cached: false, model: 'm', durationMs: 0 }
  }
  const condition: Condition = {
    kind: 'llm',
    prompt: 'p',
    fields: ['subject', 'from', 'to'],
    onError: 'match',
    position: null,
  }
  await judge(condition, makeMail(), { judgeByLlm })
  expect(contents).toEqual([
    {
      subject: '[Sentry] Project 1 Error',
      from: 'Sentry <noreply@sentry.example>',
      to: 'DevOps <devops@mailtrigger.app>, audit@mailtrigger.app',
    },
  ])
})

test('a route without a verdict matches when no retry is left', async () => {
  const { judgeByLlm } = scriptedJudge()
  const route = all(yes, llm('down', 'retry'))
  expect(await judge(route, makeMail(), { judgeByLlm })).toMatchObject({
    verdict: 'retry',
    reason: 'LLM down (no LLM), so on_error: retry',
  })
  expect(await judge(route, makeMail(), { judgeByLlm, llmExhausted: true })).toMatchObject({
    verdict: 'matched',
    reason: 'LLM down (no LLM), so on_error: retry; no retry is left, so it counts as matched',
  })
})

test('without an LLM each question ends as its on_error says', async () => {
  expect((await judge(llm('true', 'match'), makeMail())).verdict).toBe('matched')
  expect((await judge(llm('true', 'no_match'), makeMail())).verdict).toBe('not_matched')
  expect((await judge(llm('true', 'retry'), makeMail())).verdict).toBe('retry')
})

test('whatever is not the LLM’s failure comes through', async () => {
  const judgeByLlm: JudgeByLlm = () => Promise.reject(new TypeError('bug'))
  await expect(judge(llm('true'), makeMail(), { judgeByLlm })).rejects.toThrow(TypeError)
})

test('an aborted matching rejects with the signal’s reason', async () => {
  const reason = new Error('shutdown')
  await expect(judge(yes, makeMail(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

describe('the list of routes', () => {
  const verdicts = async (...routes: ReturnType<typeof makeRoute>[]) =>
    (await match(routes, makeMail(), scriptedJudge())).map(({ verdict, reason }) => [verdict, reason])

  test('no routes', async () => {
    expect(await match([], makeMail())).toEqual([])
  })

  test('every matching route runs, in order; disabled ones are skipped', async () => {
    expect(await verdicts(makeRoute(yes), makeRoute(no), makeRoute(yes, { enabled: false }), makeRoute(yes))).toEqual([
      ['matched', null],
      ['not_matched', null],
      ['skipped', 'the route has enabled: false'],
      ['matched', null],
    ])
  })

  test('stop ends the list after a match only', async () => {
    const first = makeRoute(no, { stop: true })
    const second = makeRoute(yes, { name: 'say "hi"', stop: true })
    const off = makeRoute(yes, { enabled: false })
    expect(await verdicts(first, second, makeRoute(yes), off)).toEqual([
      ['not_matched', null],
      ['matched', null],
      ['skipped', 'the route "say "hi"" matched and has stop: true'],
      ['skipped', 'the route has enabled: false'],
    ])
  })

  test('no question is put for routes behind a stop', async () => {
    const { asked, judgeByLlm } = scriptedJudge()
    const routes = [makeRoute(llm('true'), { stop: true }), makeRoute(llm('false'))]
    const matches = await match(routes, makeMail(), { judgeByLlm })
    expect(matches.map(({ verdict }) => verdict)).toEqual(['matched', 'skipped'])
    expect(asked).toEqual(['true'])
  })

  test('questions between two stops are put side by side', async () => {
    let open = 0
    let most = 0
    let release = () => {}
    const allAsked = new Promise<void>((resolve) => {
      release = resolve
    })
    const judgeByLlm: JudgeByLlm = async () => {
      most = Math.max(most, ++open)
      if (open === 3) release()
      await allAsked
      return { match: true, reason: '', cached: false, model: 'm', durationMs: 0 }
    }
    await match(
      ['a', 'b', 'c'].map((prompt) => makeRoute(llm(prompt))),
      makeMail(),
      { judgeByLlm },
    )
    expect(most).toBe(3)
  })

  test('routes behind an undecided stop wait with it', async () => {
    const undecided = makeRoute(llm('down', 'retry'), { name: 'first', stop: true })
    expect(await verdicts(undecided, makeRoute(yes), makeRoute(no))).toEqual([
      ['retry', 'LLM down (no LLM), so on_error: retry'],
      ['retry', 'waits for the route "first", which has stop: true and no verdict yet'],
      ['not_matched', null],
    ])
  })
})

test('variables come from tests that made the route match', async () => {
  const named = (name: string, pattern: string) => text('subject', 'matches', `(?P<${name}>${pattern})`)
  const condition = all(
    named('tag', '\\[\\w+\\]'),
    any(named('miss', 'Jenkins'), named('number', '\\d')),
    not(not(named('inside', 'Error'))),
    named('tag', 'Project'),
  )
  const { variables } = await judge(condition, makeMail())
  expect(variables).toEqual({ tag: '[Sentry]', number: '1' })
})
