import { describe, expect, test } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import { runRoute } from '#src/steps/run-route.js'
import { makeMail, makeRoute, text } from '../route/sample.js'
import { listDeliveries, mail, makeActResult, makeConfig, makeLookup, makeParts, run, steps } from './step-fixture.js'

const trap = async (): Promise<never> => {
  throw new SandboxError('trap', 'unreachable', [{ level: 'error', message: 'about to fail' }])
}

describe('a route', () => {
  test('starts from the envelope recipients, and the mail as it came', async () => {
    const result = await run([steps.send('telegram')], { route: { labels: { team: 'shop' }, event: 'e' } })
    expect(result.notification).toMatchObject({
      route: 'errors',
      severity: 'warning',
      event: 'e',
      labels: { team: 'shop' },
      flagged: null,
      message: { title: '[Sentry] Project 1 Error', from: 'noreply@sentry.example', notes: [] },
    })
    expect(result).toMatchObject({ recipients: ['tim@y.example', 'jolin@y.example'], retry: null, lost: null })
    expect(listDeliveries(result)).toEqual(['telegram tim@y.example 111', 'telegram jolin@y.example 222'])
  })

  test('without steps sends nothing, and nobody is missed', async () => {
    expect(await run([])).toEqual({
      notification: null,
      recoveries: [],
      steps: [],
      recipients: ['tim@y.example', 'jolin@y.example'],
      deliveries: [],
      retry: null,
      lost: null,
    })
  })

  test('says in the message that the mail is malformed, and names a mail without a subject', async () => {
    const broken = makeMail({
      subject: '',
      malformed: 'no end',
      from: [],
      envelope: { from: '', to: ['tim@y.example'] },
    })
    const route = makeRoute(text('subject', 'is', ''), { steps: [steps.send('telegram')] })
    const result = await runRoute(route, broken, {}, makeParts(), new AbortController().signal)
    expect(result.notification?.message).toMatchObject({
      title: '(no subject)',
      from: 'unknown sender',
      notes: ['the mail is malformed: no end'],
    })
  })

  test('ends at stop', async () => {
    const result = await run([steps.send('telegram'), steps.stop(), steps.send('ops')])
    expect(result.steps.map((step) => step.step)).toEqual(['send', 'stop'])
    expect(listDeliveries(result)).toHaveLength(2)
  })

  test('that is cut off rejects, whatever its steps do', async () => {
    const abort = new AbortController()
    const parts = makeParts({
      runAction: async () => {
        abort.abort(new Error('stopping'))
        throw new SandboxError('closed', 'aborted')
      },
    })
    const route = makeRoute(text('subject', 'is', ''), { steps: [steps.run()] })
    await expect(runRoute(route, mail, {}, parts, abort.signal)).rejects.toThrow('stopping')
  })
})

describe('a step that breaks', () => {
  const breaks = async (): Promise<never> => {
    throw new TypeError('x is undefined')
  }

  test('is passed over: the alert goes out, flagged, and says so', async () => {
    const result = await run([steps.run(), steps.send('telegram')], { runAction: breaks })
    expect(result.steps[0]).toMatchObject({
      step: 'run',
      target: 'redact',
      verdict: 'failed',
      detail: 'x is undefined',
    })
    expect(result.notification).toMatchObject({
      flagged: 'step run failed: x is undefined',
      message: { notes: ['step run failed: x is undefined'] },
    })
    expect(listDeliveries(result)).toEqual(['telegram tim@y.example 111', 'telegram jolin@y.example 222'])
  })

  test('with on_error: hold lets nothing out after it', async () => {
    const result = await run([steps.send('ops'), steps.run(), steps.send('telegram')], {
      runAction: breaks,
      route: { onError: 'hold' },
    })
    expect(listDeliveries(result)).toEqual(['ops', '!telegram tim@y.example 111', '!telegram jolin@y.example 222'])
    expect(result.notification?.flagged).toBe('step run failed: x is undefined')
  })

  test('and is the send itself: otherwise hears of the mail', async () => {
    const config = makeConfig()
    const throwing = new Proxy(config.channels, {
      get: (target, name) => {
        if (name === 'telegram') throw new TypeError('x is undefined')
        return Reflect.get(target, name)
      },
    })
    const result = await run([steps.send('telegram')], { config: { ...config, channels: throwing } })
    expect(listDeliveries(result)).toEqual(['ops'])
    expect(result.notification?.deliveries[0]?.message.notes).toContain('step send failed: x is undefined')
  })
})

describe('an action', () => {
  test.each(['trap', 'timeout', 'crash', 'busy', 'output'] as const)(
    'that fails by %s is passed over',
    async (kind) => {
      const result = await run([steps.run(), steps.send('telegram')], {
        runAction: async () => {
          throw new SandboxError(kind, 'words', [{ level: 'info', message: 'log' }])
        },
      })
      expect(result.steps[0]).toMatchObject({
        verdict: 'warning',
        detail: `action redact failed (${kind}): words; on_error: send, so on to tim@y.example, jolin@y.example`,
        facts: { kind, logs: [{ level: 'info', message: 'log' }] },
      })
      expect(result.notification?.flagged).toBe(`action redact failed (${kind}): words`)
      expect(listDeliveries(result)).toHaveLength(2)
    },
  )

  test('that fails where on_error is hold: what follows is born dead, and the first reason stays', async () => {
    const result = await run([steps.run('a'), steps.run('b'), steps.send(['telegram', 'email'])], {
      runAction: trap,
      route: { onError: 'hold' },
    })
    expect(result.steps.map((step) => step.verdict)).toEqual(['failed', 'failed', 'warning'])
    expect(result.steps[2]?.detail).toBe('held as dead letters: telegram tim@y.example, telegram jolin@y.example')
    expect(result.notification).toMatchObject({ flagged: 'action a failed (trap): unreachable' })
    expect(result.notification?.deliveries[0]?.dead).toBe('action a failed (trap): unreachable')
    expect(result.lost).toBeNull()
  })

  test('that fails where on_error is hold also holds what otherwise would get', async () => {
    const result = await run([steps.run(), steps.send('telegram', { to: ['boss@y.example'] })], {
      runAction: trap,
      route: { onError: 'hold' },
    })
    expect(listDeliveries(result)).toEqual(['!ops'])
  })

  test('that drops the mail ends the route: nothing goes out, and the trace promises nothing', async () => {
    const result = await run([steps.send('ops'), steps.run(), steps.send('telegram')], {
      runAction: async () => makeActResult({ dropped: true, recipients: [], reason: 'known noise' }),
    })
    expect(result).toMatchObject({ notification: null, deliveries: [], recipients: [], lost: null })
    expect(result.steps.map((step) => step.detail).at(-1)).toBe('the action dropped the mail: known noise')
  })

  test('rewrites recipients and message', async () => {
    const result = await run([steps.run(), steps.send('telegram')], {
      runAction: async () =>
        makeActResult({
          recipients: ['devs'],
          title: 'T',
          text: '',
          severity: 'high',
          labels: { a: 'b' },
          reason: 'owner of shop',
          logs: [{ level: 'info', message: 'hello' }],
        }),
    })
    expect(result.steps[0]).toMatchObject({
      verdict: 'ok',
      detail: 'recipients unchanged: tim@y.example, jolin@y.example (owner of shop)',
      facts: { run_ms: 3.2, reason: 'owner of shop', logs: [{ level: 'info', message: 'hello' }] },
    })
    expect(result.notification).toMatchObject({
      severity: 'critical',
      labels: { a: 'b' },
      message: { title: 'T', text: '', severity: 'critical' },
    })
  })

  test.each([
    [['jolin@y.example'], 'tim@y.example, jolin@y.example → jolin@y.example'],
    [[], 'tim@y.example, jolin@y.example → nobody'],
  ])('naming %j says what changed', async (recipients, detail) => {
    const result = await run([steps.run()], { runAction: async () => makeActResult({ recipients, severity: 'loud' }) })
    expect(result.steps[0]?.detail).toBe(detail)
  })
})

describe('a lookup that fails', () => {
  test('has the whole route tried again, and nothing planned is kept', async () => {
    const result = await run([steps.send('ops'), steps.attach(), steps.send('telegram')])
    expect(result).toMatchObject({
      notification: null,
      deliveries: [],
      retry: 'lookup owners: GET http://internal/owners: 503',
    })
    expect(result.steps.at(-1)).toMatchObject({
      step: 'attach',
      target: 'owners',
      verdict: 'failed',
      detail: 'lookup owners: GET http://internal/owners: 503; the route is tried again',
    })
  })

  test('when no retry is left: otherwise gets the mail with the reason', async () => {
    const result = await run([steps.attach(), steps.send('telegram')], { exhausted: true })
    expect(result.retry).toBeNull()
    expect(listDeliveries(result)).toEqual(['ops'])
    const reason = 'route errors was given up: lookup owners: GET http://internal/owners: 503'
    expect(result.notification).toMatchObject({ flagged: reason })
    expect(result.notification?.deliveries[0]?.message.notes).toEqual([reason])
  })

  test('when no retry is left and on_error is hold: a person has to look', async () => {
    const result = await run([steps.attach(), steps.run(), steps.send('telegram')], {
      exhausted: true,
      route: { onError: 'hold' },
    })
    expect(listDeliveries(result)).toEqual(['!ops'])
  })

  test('when no retry and no otherwise is left: the mail is lost, and says so', async () => {
    const config = makeConfig({ otherwise: { send: [], reject: null } })
    const result = await run([steps.attach(), steps.send('telegram')], { exhausted: true, config })
    expect(listDeliveries(result)).toEqual([])
    expect(result.lost).toContain('route errors was given up')
  })
})

describe('whom no channel reaches', () => {
  test('otherwise hears of, and those who were reached do not hear of it again', async () => {
    const config = makeConfig({ otherwise: { send: ['email'], reject: null } })
    const result = await run([steps.recipients(['tim@y.example', 'boss@y.example']), steps.send('telegram')], {
      config,
    })
    expect(listDeliveries(result)).toEqual(['telegram tim@y.example 111', 'email boss@y.example boss@y.example'])
    expect(result.deliveries).toEqual([
      { recipient: 'tim@y.example', channel: 'telegram', address: '111', verdict: 'planned', reason: null },
      {
        recipient: 'boss@y.example',
        channel: null,
        address: null,
        verdict: 'unreachable',
        reason: 'no address on telegram',
      },
      {
        recipient: 'boss@y.example',
        channel: 'email',
        address: 'boss@y.example',
        verdict: 'planned',
        reason: 'otherwise.send',
      },
    ])
    const [toTim, toBoss] = result.notification?.deliveries ?? []
    expect(toTim?.message.notes).toEqual([])
    expect(toBoss?.message.notes).toEqual(['boss@y.example has no address on telegram'])
    expect(result.notification?.flagged).toBe('boss@y.example has no address on telegram')
    expect(result.lost).toBeNull()
  })

  test('when there is nobody at all, otherwise hears of the mail', async () => {
    const result = await run([steps.recipients(['nobody']), steps.send('telegram')])
    expect(listDeliveries(result)).toEqual(['ops'])
    expect(result.notification?.flagged).toBe('there was nobody to send to on telegram')
  })

  test('when there is nobody at all and otherwise delivers to people, the envelope recipients hear of it', async () => {
    const config = makeConfig({ otherwise: { send: ['inbox'], reject: null } })
    const result = await run([steps.recipients(['nobody']), steps.send('telegram')], { config })
    expect(listDeliveries(result)).toEqual([
      'inbox tim@y.example tim@y.example',
      'inbox jolin@y.example jolin@y.example',
    ])
  })

  test('when otherwise reaches nobody either, the mail is lost, and says so', async () => {
    const config = makeConfig({ otherwise: { send: ['telegram'], reject: null } })
    const result = await run([steps.send('telegram', { to: ['boss@y.example'] })], { config })
    expect(listDeliveries(result)).toEqual([])
    expect(result.lost).toBe('boss@y.example has no address on telegram')
    expect(result.notification?.flagged).toBe('boss@y.example has no address on telegram')
  })
})

describe('each send', () => {
  test('keeps its own text: a template or a later set does not change what was planned before', async () => {
    const result = await run([
      steps.send('email', { to: ['boss@y.example'] }),
      steps.set({ title: 'Short' }),
      steps.send('telegram', { template: '{{ route }}: {{ title }}' }),
      steps.send('ops'),
    ])
    const texts = result.notification?.deliveries.map(({ channel, message }) => [channel, message.title, message.text])
    expect(texts).toEqual([
      ['email', mail.subject, mail.text],
      ['telegram', 'Short', 'errors: Short'],
      ['telegram', 'Short', 'errors: Short'],
      ['ops', 'Short', mail.text],
    ])
  })

  test('goes out without its template when that fails, and says so', async () => {
    const template = '{% for i in (1..100000000) %}x{% endfor %}'
    const result = await run([steps.send('telegram', { to: ['tim@y.example'], template })])
    expect(listDeliveries(result)).toEqual(['telegram tim@y.example 111'])
    expect(result.steps[0]).toMatchObject({ verdict: 'warning', detail: expect.stringContaining('template of send') })
    expect(result.notification?.message).toMatchObject({
      text: mail.text,
      notes: [expect.stringContaining('the template of send failed')],
    })
  })

  test('whose template fails where on_error is hold, is held', async () => {
    const template = '{% for i in (1..100000000) %}x{% endfor %}'
    const result = await run([steps.send('ops', { template })], { route: { onError: 'hold' } })
    expect(listDeliveries(result)).toEqual(['!ops'])
  })
})

test('fingerprints are stable, and differ by route, subject and recipients', async () => {
  const fingerprint = async (...args: Parameters<typeof run>) => (await run(...args)).notification?.fingerprint
  const first = await fingerprint([steps.send('ops')])
  expect(await fingerprint([steps.attach(), steps.send('ops')], { getLookup: async () => makeLookup({}) })).toBe(first)
  expect(await fingerprint([steps.send('ops')], { route: { name: 'other' } })).not.toBe(first)
  expect(await fingerprint([steps.recipients(['a@b.example']), steps.send('ops')])).not.toBe(first)
  expect(await fingerprint([steps.set({ fingerprint: '{{ route }}-1' }), steps.send('ops')])).toBe('errors-1')
})
