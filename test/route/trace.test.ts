import { expect, test } from 'vitest'
import type { JudgeByLlm } from '../../src/domain/judge.js'
import type { ConditionTrace } from '../../src/domain/trace.js'
import { address, all, any, judge, llm, makeMail, makeRoute, match, not, text } from './sample.js'

/** A trace as one line a condition, which is easier to read than its JSON. */
function outline(trace: ConditionTrace | null, depth = 0): string[] {
  if (trace === null) return []
  const words = [trace.field, trace.operator, trace.expected].filter((word) => word !== null).join(' ')
  const seen = trace.seen === null ? '' : ` | saw ${JSON.stringify(trace.seen)}`
  const reason = trace.reason === null ? '' : ` | ${trace.reason}`
  const line = `${'  '.repeat(depth)}${trace.kind} ${trace.verdict}${words && `: ${words}`}${seen}${reason}`
  return [line, ...trace.children.flatMap((child) => outline(child, depth + 1))]
}

test('a whole trace', async () => {
  const judgeByLlm: JudgeByLlm = async () => ({
    match: true,
    reason: 'it says so',
    cached: true,
    model: 'mini',
    durationMs: 1,
  })
  const condition = all(
    text('subject', 'starts_with', ['[Jenkins]', '[Sentry]']),
    address('rcpt', 'devops@mailtrigger.app'),
    text({ type: 'header', name: 'X-None' }, 'is', 'x'),
    any(text('body', 'matches', 'level = (?P<level>error)'), llm('Is it bad?')),
    not(text('from', 'contains', 'jenkins')),
    { kind: 'size', operator: 'over', bytes: 5_000_000, position: null },
    { kind: 'client', ranges: ['10.0.0.0/8'], position: null },
  )
  const { condition: trace } = await judge(condition, makeMail(), { judgeByLlm })
  expect(outline(trace)).toEqual([
    'all false',
    '  test true: subject starts_with "[Jenkins]" or "[Sentry]" | saw "[Sentry] Project 1 Error"',
    '  test true: rcpt is devops@mailtrigger.app | saw "devops@mailtrigger.app"',
    '  test false: header X-None is "x" | the mail has no header X-None',
    '  any true',
    '    test true: body matches /level = (?P<level>error)/ | saw "Details  * level = error * culprit: app/models.py"',
    '    llm not_evaluated: subject llm Is it bad? | not asked: the other conditions decide',
    '  not true',
    '    test false: from contains "jenkins" | saw "noreply@sentry.example, Sentry"',
    '  test false: size over 5.0 MB | saw "2.0 KB (2048 B)"',
    '  test true: client in 10.0.0.0/8 | saw "10.1.2.3"',
  ])
})

test('an LLM verdict in the trace', async () => {
  const judgeByLlm: JudgeByLlm = async () => ({
    match: false,
    reason: 'it is fine',
    cached: true,
    model: 'mini',
    durationMs: 1,
  })
  const { condition } = await judge(llm('Is it bad?'), makeMail(), { judgeByLlm })
  expect(outline(condition)).toEqual([
    'llm false: subject llm Is it bad? | saw "[Sentry] Project 1 Error" | mini, cached verdict: it is fine',
  ])
})

test('what is seen is cut around the hit, on one line', async () => {
  const mail = makeMail({ text: `${'ß'.repeat(300)}\nstart ${'y'.repeat(100)} level = error ${'z'.repeat(400)}` })
  const { condition } = await judge(text('body', 'contains', 'LEVEL = ERROR'), mail)
  expect(condition?.seen).toMatch(/^…y{39} level = error z+…$/)
  expect(condition?.seen).toHaveLength(200)
})

test('what is seen shows invisible characters', async () => {
  const mail = makeMail({ subject: 'a\u0000b\u200bc\u202ed\r\ne\u007f' })
  const { condition } = await judge(text('subject', 'is', 'x'), mail)
  expect(condition?.seen).toBe('a\u2400b\ufffdc\ufffdd  e\u2421')
})

test.each([
  ['html', 'from the HTML part'],
  ['raw', 'from the raw text of a malformed mail'],
  ['none', 'the mail has no text'],
  ['text', null],
] as const)('the trace says that the body came from %s', async (textSource, reason) => {
  const { condition } = await judge(text('body', 'contains', 'x'), makeMail({ textSource }))
  expect(condition?.reason).toBe(reason)
})

test('long lists are counted, long prompts cut', async () => {
  const many = Array.from({ length: 102 }, (_, at) => `value ${at}`)
  const listed = await judge(text('subject', 'is', many), makeMail())
  expect(listed.condition?.expected).toBe('"value 0" or "value 1" or "value 2" or "value 3" or "value 4" or 97 more')
  const asked = await judge(llm('why '.repeat(200)), makeMail())
  expect(asked.condition?.expected).toHaveLength(200)
})

test('durations come from the clock that is handed in', async () => {
  let ticks = 0
  const [only] = await match([makeRoute(all(text('subject', 'is', 'a'), text('body', 'is', 'b')))], makeMail(), {
    measure: () => ticks++,
  })
  expect(only?.condition?.children.map((child) => child.duration_ms)).toEqual([1, 1])
  expect(only?.condition?.duration_ms).toBe(2)
  expect(only?.durationMs).toBe(5)
})
