import { describe, expect, test } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import { planMail } from '#src/pipeline.js'
import { makeMail } from '../route/sample.js'
import { listTexts, tooMuch, withTemplate } from '../steps/step-fixture.js'
import { configOf, listDeliveries, listRoutes, mail, makeParts, plan } from './pipeline-fixture.js'

describe('otherwise', () => {
  test('gets the mail no route matches, with the reason', async () => {
    const result = await plan(`routes:
      - { name: a, when: { subject: { contains: nothing } }, steps: [ { send: telegram } ] }`)
    expect(result).toMatchObject({ reason: 'no route matched', pending: {} })
    expect(result.trace).toMatchObject({
      outcome: 'unrouted',
      otherwise: { reason: 'no route matched', sent_to: 'ops' },
    })
    expect(listDeliveries(result)).toEqual(['otherwise: ops'])
    expect(result.notifications[0]).toMatchObject({
      flagged: 'no route matched',
      deliveries: [{ message: { title: mail.subject, notes: ['no route matched'] } }],
    })
  })

  test('gets it in the words of its channel', async () => {
    const text = '{{ route }}: {{ mail.from }} to {{ recipients | join: "," }}{{ variables.host }}'
    const config = withTemplate(configOf(''), 'ops', { title: '? {{ title }}', text })
    const result = await planMail(
      makeParts(config),
      mail,
      { generation: 0, earlier: null },
      new AbortController().signal,
    )
    expect(listTexts(result.notifications)).toEqual([
      `? ${mail.subject} | otherwise: ${mail.from[0]?.address} to ${mail.envelope.to.join(',')}`,
    ])
    expect(result.trace.otherwise?.reason).toBe('no route matched')
  })

  test('gets it as it is where the template of its channel fails, and the trace says so', async () => {
    const config = withTemplate(configOf(''), 'ops', tooMuch)
    const result = await planMail(
      makeParts(config),
      mail,
      { generation: 0, earlier: null },
      new AbortController().signal,
    )
    const [notification] = result.notifications
    expect(listTexts(result.notifications)).toEqual([`${mail.subject} | ${mail.text}`])
    expect(notification?.flagged).toMatch(/^no route matched; the template of the channel ops failed: /)
    expect(notification?.deliveries[0]?.message.notes.join('; ')).toBe(notification?.flagged)
    expect(result.trace.otherwise).toEqual({ reason: notification?.flagged, sent_to: 'ops' })
    expect(result.reason).toBe('no route matched')
  })

  test('gets it without any routes at all', async () => {
    expect(listDeliveries(await plan(''))).toEqual(['otherwise: ops'])
  })

  test('says so when it reaches nobody', async () => {
    const stranger = makeMail({ envelope: { to: ['stranger@y.example'] } })
    const config = { ...configOf(''), otherwise: { send: ['telegram'], reject: null } }
    const parts = makeParts(config)
    const result = await planMail(parts, stranger, { generation: 0, earlier: null }, new AbortController().signal)
    expect(result.trace.otherwise).toEqual({ reason: 'no route matched', sent_to: null })
    expect(listDeliveries(result)).toEqual([])
  })

  test.each(['constructor', '__proto__', 'toString'])('is not confused by a recipient called %s', async (name) => {
    const odd = makeMail({ envelope: { to: [name] } })
    expect(listDeliveries(await plan('', { mail: odd }))).toEqual(['otherwise: ops'])
  })

  test('a route that matched and sends nothing is routed, not unrouted', async () => {
    const result = await plan(`routes:
      - { name: quiet, when: { subject: { contains: Sentry } }, steps: [ stop ] }`)
    expect(result.trace).toMatchObject({ outcome: 'routed', otherwise: null })
    expect(result.notifications).toEqual([])
  })

  test('a mail that nobody hears of is failed, with the reason', async () => {
    const stranger = makeMail({ envelope: { to: ['stranger@y.example'] } })
    const config = {
      ...configOf(`routes:
      - { name: a, when: { subject: { contains: Sentry } }, steps: [ { send: telegram } ] }`),
    }
    const parts = makeParts({ ...config, otherwise: { send: [], reject: null } })
    const result = await planMail(parts, stranger, { generation: 0, earlier: null }, new AbortController().signal)
    expect(result.trace.outcome).toBe('failed')
    expect(result.reason).toBe('stranger@y.example has no address on telegram')
  })
})

describe('several routes', () => {
  const two = `routes:
    - { name: first, when: { subject: { contains: Sentry } }, steps: [ { send: telegram } ] }
    - { name: second, when: { body: { contains: error } }, steps: [ { recipients: [tim@y.example] }, { send: [telegram, ops] } ] }`

  test('run in the order of the file; the same to the same person goes out once', async () => {
    const result = await plan(two)
    expect(listDeliveries(result)).toEqual(['first: telegram 111', 'first: telegram 222'])
    expect(result.notifications.map((one) => one.deliveries.length)).toEqual([2, 0])
    expect(result.trace.routes[1]?.deliveries).toEqual([
      {
        recipient: 'tim@y.example',
        channel: 'telegram',
        address: '111',
        verdict: 'duplicate',
        reason: 'already sent by route first',
      },
    ])
  })

  test('one that sends twice marks the second, not the first', async () => {
    const result = await plan(`routes:
      - { name: twice, when: { subject: { contains: Sentry } }, steps: [ { send: ops }, { send: ops } ] }`)
    expect(listDeliveries(result)).toEqual(['twice: ops'])
    expect(result.trace.routes[0]?.deliveries.map((line) => line.verdict)).toEqual(['planned', 'duplicate'])
  })

  test('what one holds does not keep another from sending the same', async () => {
    const runAction = async (): Promise<never> => {
      throw new SandboxError('trap', 'unreachable')
    }
    const result = await plan(
      `actions: { redact: { module: redact.wasm } }
routes:
  - { name: redacted, on_error: hold, when: { subject: { contains: Sentry } }, steps: [ { run: redact }, { send: ops } ] }
  - { name: open, when: { subject: { contains: Sentry } }, steps: [ { send: ops } ] }`,
      { runAction },
    )
    expect(listDeliveries(result)).toEqual(['redacted: !ops', 'open: ops'])
  })

  test('notes of what is not sent twice are not lost', async () => {
    const result = await plan(`routes:
      - { name: a, when: { subject: { contains: Sentry } }, steps: [ { send: ops } ] }
      - { name: b, when: { subject: { contains: Sentry } }, steps: [ { recipients: [x@y.example] }, { send: telegram } ] }`)
    expect(listDeliveries(result)).toEqual(['a: ops'])
    expect(result.notifications[0]?.deliveries[0]?.message.notes).toEqual(['x@y.example has no address on telegram'])
  })

  test('one that breaks does not hold back the others', async () => {
    const result = await plan(
      `actions: { redact: { module: redact.wasm } }
routes:
  - { name: broken, when: { subject: { contains: Sentry } }, steps: [ { run: redact }, { send: telegram } ] }
  - { name: fine, when: { subject: { contains: Sentry } }, steps: [ { send: ops } ] }`,
    )
    expect(listDeliveries(result)).toEqual(['broken: telegram 111', 'broken: telegram 222', 'fine: ops'])
    expect(result.notifications.map((one) => one.flagged)).toEqual(['step run failed: no action here', null])
  })

  test('stop: true ends the list after a match', async () => {
    const result = await plan(`routes:
      - { name: a, stop: true, when: { subject: { contains: Sentry } }, steps: [ { send: ops } ] }
      - { name: b, when: { subject: { contains: Sentry } }, steps: [ { send: telegram } ] }
      - { name: c, enabled: false, when: { subject: { contains: Sentry } }, steps: [ { send: telegram } ] }`)
    expect(listRoutes(result)).toEqual([
      'a matched',
      'b skipped (the route "a" matched and has stop: true)',
      'c skipped (the route has enabled: false)',
    ])
  })
})

describe('routes that have to be tried again', () => {
  const routes = `routes:
    - { name: fine, when: { subject: { contains: Sentry } }, steps: [ { send: ops } ] }
    - { name: needs owners, retry: [1m, 5m], when: { subject: { contains: Sentry } }, steps: [ { attach: owners }, { send: telegram } ] }
    - { name: other, when: { subject: { contains: nothing } }, steps: [ { send: ops } ] }`

  test('hold the mail; what could be done is done', async () => {
    const result = await plan(routes)
    expect(result).toMatchObject({
      pending: { 'needs owners': 1 },
      reason: 'lookup owners: GET http://internal/owners: 503',
      trace: { outcome: 'held', otherwise: null },
    })
    expect(listDeliveries(result)).toEqual(['fine: ops'])
    expect(listRoutes(result)).toEqual([
      'fine matched',
      'needs owners retry (lookup owners: GET http://internal/owners: 503)',
      'other not_matched',
    ])
  })

  test('only they are run again, and the trace keeps the others', async () => {
    const first = await plan(routes)
    const earlier = { pendingRoutes: first.pending, trace: first.trace }
    const second = await plan(routes, { owners: {}, earlier })
    expect(second).toMatchObject({ pending: {}, reason: null, trace: { outcome: 'routed' } })
    expect(listDeliveries(second)).toEqual(['needs owners: telegram 111', 'needs owners: telegram 222'])
    expect(listRoutes(second)).toEqual(['fine matched', 'needs owners matched', 'other not_matched'])
  })

  test('are given up after the last rung of their ladder: one attempt and as many retries as it has', async () => {
    let result = await plan(routes)
    let passes = 1
    while (result.trace.outcome === 'held') {
      result = await plan(routes, { earlier: { pendingRoutes: result.pending, trace: result.trace } })
      passes++
    }
    expect(passes).toBe(3)
    expect(result.trace.outcome).toBe('routed')
    expect(listDeliveries(result)).toEqual(['needs owners: ops'])
    expect(result.notifications[0]?.flagged).toContain('route needs owners was given up')
  })

  test('with an empty ladder are given up at once', async () => {
    const result = await plan(routes.replace('[1m, 5m]', '[]'))
    expect(result.pending).toEqual({})
    // Otherwise has the same message from the first route, which now says why.
    expect(listDeliveries(result)).toEqual(['fine: ops'])
    expect(result.notifications[0]?.deliveries[0]?.message.notes[0]).toContain('route needs owners was given up')
  })

  test('for want of a verdict: matched when no retry is left, as an alert too many beats a lost one', async () => {
    const asks = `llm: { base_url: "http://llm.internal/v1", api_key: key-123456, model: m }
routes:
  - { name: asks, retry: [1m], when: { subject: { contains: Sentry }, llm: { prompt: Is it bad?, on_error: retry } }, steps: [ { send: ops } ] }`
    const first = await plan(asks)
    expect(first).toMatchObject({ pending: { asks: 1 }, trace: { outcome: 'held' } })
    expect(first.reason).toContain('the LLM does not answer')
    const second = await plan(asks, { earlier: { pendingRoutes: first.pending, trace: first.trace } })
    expect(second.trace.outcome).toBe('routed')
    expect(listDeliveries(second)).toEqual(['asks: ops'])
    expect(second.trace.routes[0]?.reason).toContain('no retry is left')
  })

  test('and are gone from the config: the trace says so, and otherwise gets a mail that nobody else took', async () => {
    const alone = `routes:
      - { name: needs owners, when: { subject: { contains: Sentry } }, steps: [ { attach: owners }, { send: telegram } ] }`
    const first = await plan(alone)
    const earlier = { pendingRoutes: first.pending, trace: first.trace }
    const second = await plan(alone.replace('needs owners', 'renamed'), { owners: {}, earlier })
    expect(listRoutes(second)).toEqual([
      'needs owners skipped (not tried again; it waited because: lookup owners: GET http://internal/owners: 503)',
    ])
    expect(second.trace).toMatchObject({ outcome: 'unrouted', otherwise: { sent_to: 'ops' } })
    expect(listDeliveries(second)).toEqual(['otherwise: ops'])
  })

  test('and no longer match, or are disabled, are not run', async () => {
    const first = await plan(routes)
    const earlier = { pendingRoutes: first.pending, trace: first.trace }
    const disabled = routes.replace('name: needs owners,', 'name: needs owners, enabled: false,')
    const second = await plan(disabled, { owners: {}, earlier })
    expect(listRoutes(second)).toEqual([
      'fine matched',
      'needs owners skipped (the route has enabled: false)',
      'other not_matched',
    ])
    expect(second.trace.outcome).toBe('routed')
    expect(listDeliveries(second)).toEqual([])
  })

  test('may be called like something JavaScript knows', async () => {
    const odd = routes.replace('name: fine', 'name: constructor').replace('name: other', 'name: toString')
    const first = await plan(odd)
    const second = await plan(odd, { owners: {}, earlier: { pendingRoutes: first.pending, trace: first.trace } })
    expect(listDeliveries(second)).toEqual(['needs owners: telegram 111', 'needs owners: telegram 222'])
  })
})

describe('the trace of ten thousand routes', () => {
  test('lists 200 that did not match, every one that did, and counts the rest', async () => {
    const small = configOf(`routes:
      - { name: quiet, when: { subject: { contains: nothing } }, steps: [ { send: ops } ] }
      - { name: last, when: { subject: { contains: Sentry } }, steps: [ { attach: owners }, { send: ops } ] }`)
    const [quiet, last] = small.routes
    if (!quiet || !last) throw new Error('there are two routes')
    const routes = [...Array.from({ length: 9_999 }, (_, n) => ({ ...quiet, name: `r${n}` })), last]
    const config = { ...small, routes }
    const signal = new AbortController().signal
    const first = await planMail(makeParts(config), mail, { generation: 0, earlier: null }, signal)
    expect(first.trace.routes).toHaveLength(201)
    expect(first.trace.routes_omitted).toBe(9_799)
    expect(first.trace.routes.at(-1)).toMatchObject({ name: 'last', verdict: 'retry' })
    expect(JSON.stringify(first.trace).length).toBeLessThan(200_000)

    const earlier = { pendingRoutes: first.pending, trace: first.trace }
    const second = await planMail(makeParts(config, { owners: {} }), mail, { generation: 0, earlier }, signal)
    expect(second.trace.routes).toHaveLength(201)
    expect(second.trace.routes_omitted).toBe(9_799)
    expect(listDeliveries(second)).toEqual(['last: ops'])

    const stopped = { ...config, routes: routes.toReversed().map((route) => ({ ...route, stop: true })) }
    const third = await planMail(makeParts(stopped, { owners: {} }), mail, { generation: 0, earlier: null }, signal)
    expect(third.trace.routes.map((route) => route.verdict)).toEqual(['matched', ...Array(200).fill('skipped')])
    expect(third.trace.routes_omitted).toBe(9_799)
  })
})

test('a routing that is cut off rejects', async () => {
  const abort = new AbortController()
  abort.abort(new Error('stopping'))
  await expect(planMail(makeParts(configOf('')), mail, { generation: 0, earlier: null }, abort.signal)).rejects.toThrow(
    'stopping',
  )
})
