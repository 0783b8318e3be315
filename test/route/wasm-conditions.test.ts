import { describe, expect, test } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import type { JudgeByLlm, JudgeByWasm } from '../../src/domain/judge.js'
import type { Condition } from '../../src/domain/route.js'
import { all, any, judge, llm, makeMail, not, text, wasm } from './sample.js'

const yes = text('subject', 'contains', 'Sentry')
const no = text('subject', 'contains', 'Jenkins')
const sha256 = 'abcdef0123456789'.repeat(4)

/** Modules and prompts called `true` and `false` answer so; everything asked is written down, in order. */
function scripted() {
  const asked: string[] = []
  const judgeByWasm: JudgeByWasm = async ({ module }) => {
    asked.push(`wasm ${module}`)
    return { match: module === 'true', reason: null, sha256 }
  }
  const judgeByLlm: JudgeByLlm = async ({ prompt }) => {
    asked.push(`llm ${prompt}`)
    return { match: prompt === 'true', reason: '', cached: false, model: 'm', durationMs: 0 }
  }
  return { asked, judgeByWasm, judgeByLlm }
}

const cases: [string, Condition, 'matched' | 'not_matched', string[]][] = [
  ['alone', wasm('true'), 'matched', ['wasm true']],
  ['alone, no', wasm('false'), 'not_matched', ['wasm false']],
  ['behind a cheap condition that fails', all(wasm('true'), no), 'not_matched', []],
  ['behind a cheap condition that holds', all(wasm('true'), yes), 'matched', ['wasm true']],
  ['beside a cheap condition that decides', any(wasm('false'), yes), 'matched', []],
  ['under not', not(wasm('false')), 'matched', ['wasm false']],
  ['before the LLM, whatever the order', all(llm('true'), wasm('true')), 'matched', ['wasm true', 'llm true']],
  ['instead of the LLM, when it decides', all(llm('true'), wasm('false')), 'not_matched', ['wasm false']],
  ['instead of the LLM, in any', any(llm('true'), wasm('true')), 'matched', ['wasm true']],
  ['deep inside', all(yes, any(no, all(llm('false'), wasm('true')))), 'not_matched', ['wasm true', 'llm false']],
  ['only as many as needed', any(wasm('false'), wasm('true'), wasm('other')), 'matched', ['wasm false', 'wasm true']],
]

test.each(cases)('a module is asked %s', async (_, condition, verdict, expected) => {
  const { asked, ...judges } = scripted()
  expect((await judge(condition, makeMail(), judges)).verdict).toBe(verdict)
  expect(asked).toEqual(expected)
})

describe('the trace', () => {
  test.each([
    ['it is night', `it is night (sha256 abcdef012345)`],
    [null, 'sha256 abcdef012345'],
  ])('names the module, its reason %j and its version', async (reason, expected) => {
    const judgeByWasm: JudgeByWasm = async () => ({ match: true, reason, sha256 })
    expect((await judge(wasm('at-night'), makeMail(), { judgeByWasm })).condition).toEqual({
      kind: 'wasm',
      field: null,
      operator: 'wasm',
      expected: 'at-night',
      seen: null,
      verdict: 'true',
      reason: expected,
      duration_ms: 0,
      children: [],
    })
  })

  test('says that it was not asked', async () => {
    const { condition } = await judge(all(no, wasm('true')), makeMail(), scripted())
    expect(condition?.children[1]).toMatchObject({
      verdict: 'not_evaluated',
      reason: 'not asked: the other conditions decide',
    })
  })
})

describe('a module that fails', () => {
  const failing: JudgeByWasm = () => Promise.reject(new SandboxError('trap', 'boom'))

  test.each([
    ['match', 'matched'],
    ['no_match', 'not_matched'],
  ] as const)('with on_error: %s', async (onError, verdict) => {
    const found = await judge(wasm('m', onError), makeMail(), { judgeByWasm: failing })
    expect(found.verdict).toBe(verdict)
    expect(found.condition?.reason).toBe(`the module failed (trap: boom), so on_error: ${onError}`)
  })

  test('because the program is stopping leaves the mail to the next one', async () => {
    const judgeByWasm: JudgeByWasm = () => Promise.reject(new SandboxError('closed', 'shutting down'))
    await expect(judge(wasm('m'), makeMail(), { judgeByWasm })).rejects.toThrow('shutting down')
  })

  test('because of a bug of ours comes through', async () => {
    const judgeByWasm: JudgeByWasm = () => Promise.reject(new TypeError('bug'))
    await expect(judge(wasm('m'), makeMail(), { judgeByWasm })).rejects.toThrow(TypeError)
  })
})
