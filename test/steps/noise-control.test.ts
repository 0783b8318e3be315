import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import { joinKey } from '#src/domain/join-key.js'
import { noControl } from '#src/domain/notification.js'
import type { Step } from '#src/domain/route.js'
import { whenHappened } from '#src/steps/hold.js'
import { listDeliveries, makeConfig, makeParts, now, run, steps } from './step-fixture.js'

const minute = 60_000
const send = steps.send('telegram')
const control = async (list: Step[], changes: Parameters<typeof run>[1] = {}) =>
  (await run(list, changes)).notification?.control

describe('dedupe', () => {
  test('asks for a key of rendered parts', async () => {
    const result = await run([steps.dedupe(['{{ mail.subject }}', '{{ host }}']), send], {
      variables: { host: ' db1 ' },
    })
    expect(result.notification?.control).toEqual({
      ...noControl,
      dedupe: { key: '[Sentry] Project 1 Error · db1', windowMs: 30 * minute },
    })
    expect(result.steps[0]).toMatchObject({
      verdict: 'ok',
      detail: 'suppressed when "[Sentry] Project 1 Error · db1" went out within the last 30m',
    })
  })

  test.each([
    ['"{{ nothing }}" is empty in the key', ['a', '{{ nothing }}']],
    ['"{{ nothing }}" is empty in the key', ['{{ mail.subject }}/{{ nothing }}']],
    ['the key is empty', ['  ']],
    ['the key has no parts', []],
    ['in the key failed: ', ['{{ "a" | split: "," | join: nothing | nosuch }}', 'b']],
  ])('suppresses nothing when %s', async (problem, key) => {
    const result = await run([steps.dedupe(key), send])
    expect(result.notification).toMatchObject({ control: noControl, flagged: null, message: { notes: [] } })
    expect(result.steps[0]?.verdict).toBe('warning')
    expect(result.steps[0]?.detail).toContain(problem)
  })

  test('may leave out what has a default, or what a tag leaves out', async () => {
    const key = ['{{ host | default: "any" }}', '{% if host %}{{ host }}{% else %}-{% endif %}', '{{ mail.sender }}']
    expect((await control([steps.dedupe(key), send]))?.dedupe?.key).toBe('any · - · bounce@sentry.example')
  })

  test('goes by the fingerprint, also by one nobody set', async () => {
    const list = [steps.dedupe(['{{ fingerprint }}']), send]
    const { notification } = await run(list)
    expect(notification?.control.dedupe?.key).toBe(notification?.fingerprint)
    expect((await control([steps.set({ fingerprint: 'db1' }), ...list]))?.dedupe?.key).toBe('db1')
  })

  test('of the defaults takes the place of a step the route does not have', async () => {
    const config = makeConfig({
      defaultDedupe: { key: ['{{ route }}', '{{ recipients | join: "," }}'], windowMs: minute },
    })
    const result = await run([steps.recipients(['tim@y.example']), send], { config })
    expect(result.notification?.control.dedupe).toEqual({ key: 'errors · tim@y.example', windowMs: minute })
    expect(result.steps.at(-1)).toMatchObject({ step: 'dedupe', target: 'defaults.dedupe', verdict: 'ok' })
    expect(await control([steps.dedupe(['{{ nothing }}']), send], { config })).toEqual(noControl)
    expect((await run([steps.stop()], { config })).steps.map(({ step }) => step)).toEqual(['stop'])
  })

  test('never suppresses what waits for a person', async () => {
    const runAction = () => Promise.reject(new SandboxError('trap', 'unreachable'))
    const config = makeConfig({ defaultDedupe: { key: ['x'], windowMs: minute } })
    const list = [steps.hold('h'), steps.dedupe(['x']), steps.run(), send]
    expect(await control(list, { runAction, config, route: { onError: 'hold' } })).toEqual(noControl)
  })
})

describe('hold', () => {
  const hold = steps.hold('{{ host }}')
  const variables = { host: 'db1' }

  test('waits from when it happened', async () => {
    const result = await run([hold, send], { variables })
    const until = now + 5 * minute
    expect(result.notification?.control.hold).toEqual({ key: 'db1', happenedAt: now, forMs: 5 * minute, until })
    expect(result.steps[0]?.detail).toBe('"db1" waits 5m, until 2025-06-06 12:05 UTC, for a recovery')
  })

  test('a mail that meets unless is the recovery and no alert', async () => {
    const unless = new Map([[hold, { met: true, problem: null }]])
    const result = await run([send, hold, steps.send('ops')], { variables, unless })
    expect(result).toMatchObject({ notification: null, deliveries: [], recipients: [], lost: null, retry: null })
    expect(result.steps.map(({ step }) => step)).toEqual(['send', 'hold'])
    expect(result.steps[1]?.detail).toContain('it is the recovery')
  })

  test('is held when nobody knows whether it meets unless', async () => {
    const unless = new Map([[hold, { met: false, problem: 'the LLM is down' }]])
    const result = await run([hold, send], { variables, unless })
    expect(result.notification?.control.hold?.key).toBe('db1')
    expect(result.steps[0]).toMatchObject({ verdict: 'warning' })
    expect(result.steps[0]?.detail).toContain('whether the mail itself is one is unknown: the LLM is down')
  })

  test.each(['send', 'hold'] as const)('without a key goes out, and says so (on_error: %s)', async (onError) => {
    const result = await run([hold, send], { route: { onError } })
    expect(result.notification).toMatchObject({
      control: noControl,
      flagged: 'not held: "{{ host }}" is empty in the key',
      message: { notes: ['not held: "{{ host }}" is empty in the key'] },
    })
    expect(listDeliveries(result)).toHaveLength(2)
    expect(result.steps[0]).toMatchObject({
      verdict: 'warning',
      detail: '"{{ host }}" is empty in the key, so it is not held',
    })
  })

  test('keeps its deliveries apart from those of other routes', async () => {
    const keys = async (list: Step[], name: string) =>
      (await run(list, { variables, route: { name } })).notification?.deliveries.map(({ dedupeKey }) => dedupeKey)
    expect(await keys([send], 'a')).toEqual(await keys([send], 'b'))
    expect(await keys([hold, send], 'a')).not.toEqual(await keys([hold, send], 'b'))
    expect(await keys([hold, send], 'a')).toEqual(await keys([hold, send], 'a'))
  })

  test.each([
    ['a likely date', -23 * 60 * minute, true],
    ['the edge of a day', -24 * 60 * minute, true],
    ['more than a day old', -24 * 60 * minute - 1, false],
    ['a little ahead', 5 * minute, true],
    ['further ahead', 5 * minute + 1, false],
  ])('goes by %s', (_name, offset, isTaken) => {
    expect(whenHappened({ date: now + offset, receivedAt: now })).toBe(isTaken ? now + offset : now)
  })
})

describe('digest', () => {
  test.each([
    ['every hour, from now', steps.digest('{{ host }}'), 'db1', now + 60 * minute],
    ['of the whole route', steps.digest(null), '', now + 60 * minute],
    [
      'at nine in Taipei',
      steps.digest('{{ host }}', { type: 'at', days: null, minute: 540, timezone: 'Asia/Taipei' }),
      'db1',
      Date.UTC(2025, 5, 7, 1),
    ],
    [
      'on Mondays',
      steps.digest('{{ host }}', { type: 'at', days: ['mon'], minute: 0, timezone: 'UTC' }),
      'db1',
      Date.UTC(2025, 5, 9),
    ],
  ])('is due %s', async (_name, step, key, dueAt) => {
    const result = await run([step, send], { variables: { host: 'db1' } })
    expect(result.notification?.control).toEqual({ ...noControl, digest: { key, dueAt } })
    expect(listDeliveries(result)).toHaveLength(2)
  })

  test.each<[string, Record<string, string>, string | undefined]>([
    ['all of them', { host: 'db1', service: ' ngi\nnx ' }, 'db1 · ngi nx'],
    ['an empty one', { host: 'db1', service: '' }, undefined],
    ['a blank one', { host: '  ', service: 'nginx' }, undefined],
    ['one missing', { service: 'nginx' }, undefined],
    ['some that look like Liquid', { host: '{{ service }}', service: '{% if %}' }, '{{ service }} · {% if %}'],
  ])('has a key of several parts with %s, or none', async (_, variables, key) => {
    const list = ['{{ host }}', '{{ service }}']
    const gathered = await control([steps.digest(list), send], { variables })
    expect(gathered?.digest?.key).toBe(key)
    expect((await control([steps.hold(list), send], { variables }))?.hold?.key).toBe(key)
  })

  test('without a key is no digest', async () => {
    const result = await run([steps.digest('{{ host }}'), send])
    expect(result.notification?.control).toEqual(noControl)
    expect(result.steps[0]).toMatchObject({
      verdict: 'warning',
      detail: '"{{ host }}" is empty in the key, so it goes out by itself',
    })
  })
})

describe('resolve', () => {
  const closed = async (list: Step[], changes: Parameters<typeof run>[1] = {}) =>
    (await run(list, changes)).recoveries.map((recovery) => 'fingerprint' in recovery && recovery.fingerprint)

  test('closes a fingerprint, and needs no send', async () => {
    const result = await run([steps.resolve('{{ host }}')], { variables: { host: 'db1/nginx' } })
    expect(result.recoveries).toEqual([{ type: 'fingerprint', fingerprint: 'db1/nginx', route: 'errors' }])
    expect(result).toMatchObject({ notification: null, lost: null })
  })

  test("closes the notification's own, wherever it is set", async () => {
    expect(await closed([steps.resolve(), steps.set({ fingerprint: 'db1' }), send])).toEqual(['db1'])
    const own = await run([steps.resolve(), send])
    expect(own.recoveries).toMatchObject([{ fingerprint: own.notification?.fingerprint }])
  })

  test('closes each once, and nothing when the fingerprint is empty', async () => {
    expect(await closed([steps.resolve('a'), steps.resolve('a'), steps.resolve('b')])).toEqual(['a', 'b'])
    const result = await run([steps.resolve('{{ nothing }}'), send])
    expect(result.recoveries).toEqual([])
    expect(result.steps[0]).toMatchObject({ verdict: 'warning' })
  })

  test('cuts a fingerprint the way the notification that has it does', async () => {
    const long = 'x'.repeat(1_000)
    const opened = await run([steps.set({ fingerprint: long }), send])
    expect(opened.notification?.fingerprint).toHaveLength(300)
    expect(await closed([steps.resolve(long)])).toEqual([opened.notification?.fingerprint])
  })

  test('a route that is tried again closes nothing yet', async () => {
    const result = await run([steps.resolve('a'), steps.attach(), send])
    expect(result).toMatchObject({ recoveries: [], notification: null, retry: expect.any(String) })
    const exhausted = await run([steps.resolve('a'), steps.attach(), send], makeParts({ exhausted: true }))
    expect(exhausted.recoveries).toHaveLength(1)
  })
})

describe('a key', () => {
  test('reads well', () => {
    expect(joinKey(['db1', '/dev/sda1'])).toBe('db1 · /dev/sda1')
    expect(joinKey(['a · b'])).toBe('a · b')
  })

  test('has at most 300 characters, none of them half', () => {
    const cut = joinKey(['😀'.repeat(400)])
    expect(cut.length).toBeLessThanOrEqual(300)
    expect(cut).not.toMatch(/\p{Surrogate}/u)
  })

  test('is the same for the same parts only, and never longer than allowed', () => {
    const part = fc.oneof(fc.string({ maxLength: 400 }), fc.constantFrom('a', 'a · b', '·', 'x'.repeat(299)))
    const parts = fc.array(part, { minLength: 2, maxLength: 3 })
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(joinKey(a).length).toBeLessThanOrEqual(300)
        expect(joinKey(a) === joinKey(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
      { numRuns: 500 },
    )
  })
})
