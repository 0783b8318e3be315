import { describe, expect, test } from 'vitest'
import { outcomeFromAnswer, outcomeFromError } from '#src/channels/outcome-from-answer.js'
import { readRetryAfter, readWait } from '#src/channels/read-wait.js'
import { redactText } from '#src/channels/redact-text.js'
import { OutboundError } from '#src/domain/errors.js'

const now = Date.UTC(2026, 7, 1, 12, 0)
const facts = { now, idempotent: false, waitScope: 'address' as const, secrets: ['CANARY'] }
const answer = (status: number, headers: Record<string, string> = {}, text = '') => ({
  status,
  headers,
  text,
  truncated: false,
})

test.each([
  [200, 'accepted', null],
  [204, 'accepted', null],
  [301, 'permanent', 'channel'],
  [302, 'permanent', 'channel'],
  [400, 'permanent', 'message'],
  [401, 'permanent', 'channel'],
  [403, 'permanent', 'channel'],
  [404, 'permanent', 'address'],
  [405, 'permanent', 'message'],
  [407, 'permanent', 'channel'],
  [408, 'transient', null],
  [409, 'transient', null],
  [410, 'permanent', 'address'],
  [413, 'permanent', 'message'],
  [422, 'permanent', 'message'],
  [425, 'transient', null],
  [429, 'transient', null],
  [500, 'transient', null],
  [503, 'transient', null],
  [599, 'transient', null],
])('HTTP %d is %s', (status, kind, scope) => {
  const outcome = outcomeFromAnswer(answer(status), facts)
  expect(outcome).toMatchObject({ kind, statusCode: status })
  if (scope) expect(outcome).toMatchObject({ scope })
  if (kind === 'transient') expect(outcome).toMatchObject({ waitMs: null, waitScope: 'address' })
})

test.each([
  [undefined, null],
  ['', null],
  ['soon', null],
  ['-5', null],
  ['30', 30_000],
  ['1.5', 1_500],
  ['0', 1_000],
  ['999999999', 21_600_000],
  ['Sat, 01 Aug 2026 12:02:00 GMT', 120_000],
  ['Sat, 01 Aug 2026 11:00:00 GMT', 1_000],
  ['Fri, 01 Aug 2036 12:00:00 GMT', 21_600_000],
])('Retry-After %s', (value, expected) => expect(readRetryAfter(value, now)).toBe(expected))

describe('without an answer', () => {
  test.each([
    ['refused', 'before', false, 'transient'],
    ['timeout', 'before', false, 'transient'],
    ['timeout', 'after', false, 'unknown'],
    ['reset', 'after', false, 'unknown'],
    ['reset', 'after', true, 'transient'],
    ['aborted', 'after', false, 'unknown'],
    ['tls', 'before', false, 'transient'],
    ['dns', 'before', false, 'transient'],
    ['policy', 'before', true, 'permanent'],
    ['invalid', 'before', true, 'permanent'],
    ['invalid', 'after', false, 'unknown'],
  ] as const)('%s %s sending, idempotent %s: %s', (kind, phase, idempotent, expected) => {
    const outcome = outcomeFromError(new OutboundError(kind, phase, 'POST h: words CANARY'), { ...facts, idempotent })
    expect(outcome.kind).toBe(expected)
    expect(outcome.text).toBe('POST h: words ***')
  })
  test('a fault of our own is thrown on', () => {
    expect(() => outcomeFromError(new TypeError('x'), facts)).toThrow(TypeError)
  })
})

test.each([
  ['a secret', 'x CANARY y', 'x *** y'],
  ['percent-encoded', 'x a%2Fb%20c y', 'x *** y'],
  ['a bot token in a URL', 'GET https://h/bot123:AbC_d-9/getMe', 'GET https://h/bot***/getMe'],
  ['a Slack webhook', 'https://hooks.slack.com/services/T1/B2/abc failed', 'https://hooks.slack.com/*** failed'],
  ['a Slack token', 'token xoxb-1-2-abc', 'token ***'],
  ['an authorization header', 'sent Bearer abcdefghij', 'sent Bearer ***'],
  ['line breaks', 'a\r\nb', 'a b'],
])('redacts %s', (_, text, expected) => {
  expect(redactText(text, ['CANARY', 'a/b c', undefined, ''])).toBe(expected)
})

test('words of a vendor are cut', () => {
  expect(redactText('x'.repeat(10_000_000), []).length).toBe(1_000)
  expect(outcomeFromAnswer(answer(500, {}, `CANARY ${'y'.repeat(2_000)}`), facts).text).toMatch(
    /^HTTP 500 Internal Server Error: \*\*\* y/,
  )
})

test.each([
  [{}, '', [], null],
  [{ 'retry-after': '3' }, '{"retry_after":9}', [{ json: ['retry_after'], as: 'seconds' }], 3_000],
  [{}, '{"parameters":{"retry_after":0.25}}', [{ json: ['parameters', 'retry_after'], as: 'seconds' }], 1_000],
  [{}, '{"retry-after":"2.5"}', [{ json: ['retry-after'], as: 'seconds' }], 2_500],
  [{}, '{"retry_after_ms":2345}', [{ json: ['retry_after_ms'], as: 'milliseconds' }], 2_345],
  [{ 'x-reset': String(now / 1_000 + 7) }, '', [{ header: 'x-reset', as: 'unix_seconds' }], 7_000],
  [{ 'x-reset': String(now + 7_000) }, '', [{ header: 'x-reset', as: 'unix_milliseconds' }], 7_000],
  [{ 'x-reset': '12' }, '', [{ header: 'x-reset', as: 'unix_seconds' }], 1_000],
  [
    { 'x-reset': 'soon' },
    '<html>',
    [
      { header: 'x-reset', as: 'seconds' },
      { json: ['a', 'b'], as: 'seconds' },
    ],
    null,
  ],
  [{}, '{"retry_after":null}', [{ json: ['retry_after'], as: 'seconds' }, { alwaysMs: 30_000 }], 30_000],
  [{}, '{"retry_after":1e99}', [{ json: ['retry_after'], as: 'seconds' }], 6 * 3_600_000],
] as const)('%j %s says by %j: %s', (headers, text, hints, expected) => {
  expect(readWait({ status: 429, headers, text, truncated: false }, now, hints)).toBe(expected)
})
