import { describe, expect, test } from 'vitest'
import type { Channel } from '#src/domain/channel.js'
import type { Config } from '#src/domain/config.js'
import type { Route, Step } from '#src/domain/route.js'
import { mail, makeConfig, makeLookup, run, steps, tooMuch } from './step-fixture.js'

const found = { getLookup: async () => makeLookup({ shop: ['devs', 'boss@y.example'], empty: [] }) }

/** What one step did, and what the recipients are after it. */
async function runOne(...args: Parameters<typeof run>) {
  const result = await run(...args)
  return { ...result.steps[0], recipients: result.recipients, retry: result.retry }
}

describe('attach', () => {
  test.each([
    [{}, 'GET http://internal/owners 200, 12 B, 12 ms → owners.json'],
    [{ cache: 'revalidated' }, 'GET http://internal/owners 304, unchanged, 12 ms → owners.json'],
    [{ cache: 'fresh', ageMs: 61_000 }, 'GET http://internal/owners, copy from 1m 1s ago, 12 B → owners.json'],
    [{ source: 'file', from: '/etc/o.json', cache: 'none' }, '/etc/o.json, 12 B → owners.json'],
    [{ source: 'inline', from: null, cache: 'none' }, 'inline, 12 B → owners.json'],
  ] as const)('%j is fine', async (changes, detail) => {
    const getLookup = async () => makeLookup({ a: ['ümlaut'] }, { ...changes, json: '{"a":"ümla"}'.slice(0, 11) })
    const step = await runOne([steps.attach()], { getLookup })
    expect(step).toMatchObject({ step: 'attach', target: 'owners', verdict: 'ok', detail })
  })

  test('a stale copy stands in with a warning, and the message says so', async () => {
    const stale = { cache: 'stale', ageMs: 3_600_000, problem: 'GET http://internal/owners: 503' } as const
    const result = await run([steps.attach(), steps.send('telegram')], { getLookup: async () => makeLookup({}, stale) })
    expect(result.steps[0]).toMatchObject({
      verdict: 'warning',
      detail: 'GET http://internal/owners: 503; a copy from 1h ago stands in → owners.json',
      facts: { cache: 'stale', problem: 'GET http://internal/owners: 503' },
    })
    expect(result.notification?.message.notes).toEqual(['owners is a copy from 1h ago'])
  })

  test('if_missing stands in for a lookup that fails, retries left or not', async () => {
    for (const exhausted of [false, true]) {
      expect(await runOne([steps.attach('owners', ['devs', 'BOSS@y.example'])], { exhausted })).toMatchObject({
        verdict: 'warning',
        detail: 'GET http://internal/owners: 503, so if_missing: tim@y.example, jolin@y.example, boss@y.example',
        recipients: ['tim@y.example', 'jolin@y.example', 'boss@y.example'],
        retry: null,
      })
    }
  })

  test('what is attached is seen by templates and actions, the last one of a name', async () => {
    let round = 0
    const seen: string[][] = []
    await run([steps.attach(), steps.attach(), steps.run(), steps.set({ title: '{{ lookups.owners.n }}' })], {
      getLookup: async () => makeLookup({ n: ++round }),
      runAction: async (_, draft) => {
        seen.push(
          draft.attached.map((one) => `${one.filename} ${one.sizeBytes} ${new TextDecoder().decode(one.content)}`),
        )
        throw new TypeError('stop here')
      },
    })
    expect(seen).toEqual([['owners.json 7 {"n":2}']])
  })
})

describe('extract', () => {
  test('gives variables to what follows', async () => {
    const result = await run([
      steps.extract({ project: { from: { type: 'subject' }, pattern: 'Project (\\d+)' } }),
      steps.set({ title: 'p{{ project }}' }),
      steps.send('ops'),
    ])
    expect(result.steps[0]).toMatchObject({
      verdict: 'ok',
      detail: 'project = "1"',
      facts: { variables: { project: '1' } },
    })
    expect(result.notification?.message.title).toBe('p1')
  })

  test('that finds nothing warns, and keeps what it found', async () => {
    const step = await runOne([
      steps.extract({
        project: { from: { type: 'subject' }, pattern: 'Project (\\d+)' },
        host: { from: { type: 'header', name: 'x-host' }, pattern: '.+' },
      }),
    ])
    expect(step).toMatchObject({
      verdict: 'warning',
      detail: 'project = "1", nothing found for host',
      facts: { misses: ['host'] },
    })
  })
})

describe('recipients', () => {
  test.each([
    [
      'a group and an address',
      ['devs', 'Boss@Y.example'],
      false,
      ['tim@y.example', 'jolin@y.example', 'boss@y.example'],
    ],
    ['each once', ['tim@y.example', 'devs', ' TIM@y.example '], false, ['tim@y.example', 'jolin@y.example']],
    ['a template', ['{{ who }}@y.example', ''], false, ['tim@y.example']],
    ['a template that comes to nothing', ['{{ nobody }}'], false, []],
    ['and their manager, once', ['devs'], true, ['tim@y.example', 'jolin@y.example', 'boss@y.example']],
    ['a stranger has no manager', ['x@y.example'], true, ['x@y.example']],
    ['an empty group', ['nobody'], false, []],
  ])('a list: %s', async (_, entries, also, after) => {
    const step = await runOne([steps.recipients(entries, also)], { variables: { who: 'tim' } })
    expect(step).toMatchObject({ verdict: 'ok', recipients: after, facts: { after } })
    expect(step.detail).toBe(`recipients: ${after.join(', ') || 'nobody'}`)
  })

  test('a lookup: whom it names under the key', async () => {
    expect(
      await runOne([steps.owners(' {{ key }} ', null, true)], { ...found, variables: { key: 'shop' } }),
    ).toMatchObject({
      target: 'owners',
      verdict: 'ok',
      detail: 'owners["shop"] → tim@y.example, jolin@y.example, boss@y.example',
      facts: { key: 'shop', before: ['tim@y.example', 'jolin@y.example'] },
    })
  })

  test.each([
    ['names nobody', 'empty'],
    ['has no such key', 'nowhere'],
    ['has no such key but JavaScript has', 'constructor'],
  ])('a lookup that %s: if_missing, else the recipients stay, and the message says so', async (_, key) => {
    const problem = `owners has nothing under "${key}"`
    expect(await runOne([steps.owners(key, ['boss@y.example'])], found)).toMatchObject({
      verdict: 'warning',
      detail: `${problem}, so if_missing: boss@y.example`,
      recipients: ['boss@y.example'],
    })
    const result = await run([steps.owners(key), steps.send('telegram')], found)
    expect(result.steps[0]).toMatchObject({
      verdict: 'warning',
      detail: `${problem}, so the recipients stay: tim@y.example, jolin@y.example`,
    })
    expect(result.notification).toMatchObject({ flagged: problem, message: { notes: [problem] } })
  })

  test('a lookup that fails: if_missing, else tried again, else the recipients stay', async () => {
    const problem = 'GET http://internal/owners: 503'
    expect(await runOne([steps.owners('shop', ['devs'])])).toMatchObject({ verdict: 'warning', retry: null })
    expect(await runOne([steps.owners('shop')])).toMatchObject({ verdict: 'failed', retry: problem })
    expect(await runOne([steps.owners('shop')], { exhausted: true })).toMatchObject({
      verdict: 'warning',
      detail: `${problem}, so the recipients stay: tim@y.example, jolin@y.example`,
      retry: null,
    })
  })
})

describe('set', () => {
  test('renders over all that is known so far', async () => {
    const result = await run(
      [
        steps.set({
          title: '{{ mail.subject }} by {{ mail.from_name }} for {{ recipients | join: "+" }}',
          text: '{{ host }}/{{ mail.headers["x-sentry-project"] }}',
          severity: ' High ',
          event: 'e-{{ route }}',
          labels: { host: '{{ host }}' },
        }),
        steps.send('ops'),
      ],
      { variables: { host: 'h1' } },
    )
    expect(result.notification).toMatchObject({
      severity: 'critical',
      event: 'e-errors',
      labels: { host: 'h1' },
      message: {
        title: '[Sentry] Project 1 Error by Sentry for tim@y.example+jolin@y.example',
        text: 'h1/project-1',
        labels: { host: 'h1' },
      },
    })
    expect(result.steps[0]).toMatchObject({ verdict: 'ok', facts: { event: 'e-errors', labels: { host: 'h1' } } })
  })

  test('an empty title does not replace the one there is, an empty text does', async () => {
    const result = await run([steps.set({ title: '{{ nothing }}', text: '{{ nothing }}' }), steps.send('ops')])
    expect(result.notification?.message).toMatchObject({ title: '[Sentry] Project 1 Error', text: '' })
  })

  test('an unknown severity warns, and changes nothing', async () => {
    const result = await run([steps.set({ severity: 'loud' }), steps.send('ops')], { route: { severity: 'info' } })
    expect(result.steps[0]).toMatchObject({
      verdict: 'warning',
      detail: expect.stringContaining('"loud" is no severity'),
    })
    expect(result.notification?.severity).toBe('info')
  })

  test('a template that fails is passed over, and the message says so', async () => {
    const title = '{% for i in (1..100000000) %}x{% endfor %}'
    const result = await run([steps.set({ title }), steps.send('ops')])
    expect(result.steps[0]).toMatchObject({ step: 'set', verdict: 'failed' })
    expect(result.notification?.flagged).toContain('step set failed')
    expect(result.notification?.deliveries).toHaveLength(1)
  })
})

describe('send', () => {
  const everybody = ['tim@y.example', 'boss@y.example', 'x@y.example']
  /** `channel recipient address verdict (reason)`. */
  async function plan(channels: string | string[], to: string[]) {
    const result = await run([steps.send(channels, { to })], {
      config: makeConfig({ otherwise: { send: [], reject: null } }),
    })
    return result.deliveries.map(({ channel, recipient, address, verdict, reason }) =>
      [channel ?? '-', recipient ?? '-', address ?? '-', verdict, reason === null ? '' : `(${reason})`]
        .join(' ')
        .trim(),
    )
  }

  test.each<[string, string | string[], string[], string[]]>([
    [
      'people by their address on the channel',
      'telegram',
      everybody,
      [
        'telegram tim@y.example 111 planned',
        '- boss@y.example - unreachable (no address on telegram)',
        '- x@y.example - unreachable (no address on telegram)',
      ],
    ],
    [
      'the first channel of the list that reaches them',
      ['telegram', 'email'],
      ['tim@y.example', 'x@y.example', 'no-mail'],
      [
        'telegram tim@y.example 111 planned',
        'email x@y.example x@y.example planned (no address on telegram)',
        '- no-mail - unreachable (no address on telegram, email)',
      ],
    ],
    ['a channel with its own destination, once for all', 'ops', everybody, ['ops - - planned']],
    ['such a channel though it has addresses too', 'desk', everybody, ['desk - - planned']],
    [
      'such a channel for those the first does not reach',
      ['telegram', 'ops'],
      everybody,
      ['telegram tim@y.example 111 planned', 'ops - - planned (no address on telegram)'],
    ],
    ['such a channel though there is nobody', ['telegram', 'ops'], ['nobody'], ['ops - - planned']],
    ['the inbox, which needs no address', 'inbox', ['Any Thing'], ['inbox any thing any thing planned']],
    [
      'two people at one address once',
      'telegram',
      ['tim@y.example', 'twin@y.example'],
      [
        'telegram tim@y.example 111 planned',
        'telegram twin@y.example 111 duplicate (somebody else with the same address gets it)',
      ],
    ],
    [
      'names that JavaScript knows',
      ['telegram', 'email'],
      ['constructor', '__proto__'],
      [
        '- constructor - unreachable (no address on telegram, email)',
        '- __proto__ - unreachable (no address on telegram, email)',
      ],
    ],
  ])('reaches %s', async (_, channels, to, expected) => {
    expect(await plan(channels, to)).toEqual(expected)
  })

  test('says in the trace who gets it and whom it does not reach', async () => {
    expect(await runOne([steps.send(['telegram', 'email'])])).toMatchObject({
      target: 'telegram, email',
      verdict: 'ok',
      detail: 'telegram tim@y.example, telegram jolin@y.example',
      facts: { channels: ['telegram', 'email'], recipients: ['tim@y.example', 'jolin@y.example'] },
    })
    expect(await runOne([steps.send('telegram', { to: ['tim@y.example', 'boss@y.example'] })])).toMatchObject({
      verdict: 'warning',
      detail: 'telegram tim@y.example; boss@y.example has no address on telegram',
    })
  })

  describe('on a channel with a template', () => {
    /** The channels `ops` and `desk` say it in their own way. */
    function withTemplates(ops: Channel['template'], desk: Channel['template'] = null): Config {
      const config = makeConfig()
      const { ops: first, desk: second } = config.channels
      if (!first || !second) throw new Error('the fixture has no ops or no desk')
      return makeConfig({
        channels: { ...config.channels, ops: { ...first, template: ops }, desk: { ...second, template: desk } },
      })
    }
    const set = steps.set({ title: 'Disk full', text: 'on "db1"' })
    const said = async (list: Step[], config: Config, route: Partial<Route> = {}) => {
      const result = await run([set, ...list], { config, route })
      const deliveries = result.notification?.deliveries ?? []
      return { result, texts: deliveries.map(({ channel, message }) => [channel, message.title, message.text]) }
    }

    test('says it by the template, and the other channels as it is', async () => {
      const config = withTemplates({ title: ' {{ severity }}: {{ title }} ', text: '{{ text }} ({{ route }})' })
      const { texts } = await said([steps.send('ops'), steps.send('desk')], config, { name: 'disks' })
      expect(texts).toEqual([
        ['ops', 'warning: Disk full', 'on "db1" (disks)'],
        ['desk', 'Disk full', 'on "db1"'],
      ])
    })

    test('leaves what the template does not name, and a title that comes to nothing', async () => {
      const titled = await said([steps.send('ops')], withTemplates({ title: '!', text: null }))
      expect(titled.texts).toEqual([['ops', '!', 'on "db1"']])
      const emptied = await said([steps.send('ops')], withTemplates({ title: '{{ nothing }}', text: '' }))
      expect(emptied.texts).toEqual([['ops', 'Disk full', '']])
    })

    test('goes by the template of the send where there is one', async () => {
      const config = withTemplates({ title: 'channel', text: 'channel' })
      const { texts } = await said([steps.send('ops', { template: 'send: {{ text }}' })], config)
      expect(texts).toEqual([['ops', 'Disk full', 'send: on "db1"']])
    })

    test('escalates by the template of the channel it escalates to', async () => {
      const config = withTemplates(null, { title: null, text: 'still: {{ text }}' })
      const escalations = [{ afterMs: 60_000, channels: ['desk'], to: null }]
      const { texts } = await said([steps.send('ops', { escalations })], config)
      expect(texts).toEqual([
        ['ops', 'Disk full', 'on "db1"'],
        ['desk', 'Disk full', 'still: on "db1"'],
      ])
    })

    test('escalates to otherwise.send by its template, where nobody else is reached', async () => {
      const config = withTemplates({ title: null, text: 'rescued: {{ text }}' })
      const escalations = [{ afterMs: 60_000, channels: ['telegram'], to: ['boss@y.example'] }]
      const { texts } = await said([steps.send('desk', { escalations })], config)
      expect(texts).toEqual([
        ['desk', 'Disk full', 'on "db1"'],
        ['ops', 'Disk full', 'rescued: on "db1"'],
      ])
      const own = await said([steps.send('desk', { escalations, template: 'send: {{ text }}' })], config)
      expect(own.texts.map(([, , text]) => text)).toEqual(['send: on "db1"', 'send: on "db1"'])
    })

    test('is not concerned by the template of a channel to which nothing goes', async () => {
      const { result, texts } = await said([steps.send(['desk', 'ops'])], withTemplates(tooMuch), { onError: 'hold' })
      expect(texts).toEqual([['desk', 'Disk full', 'on "db1"']])
      expect(result.notification).toMatchObject({ flagged: null, deliveries: [{ dead: null, message: { notes: [] } }] })
    })

    test('tells otherwise.send by its template of whom nobody reached', async () => {
      const text = '{{ route }} for {{ mail.subject }}{{ host }}: {{ text }}'
      const config = withTemplates({ title: '{{ title | upcase }}', text })
      const { result, texts } = await said([steps.send('telegram', { to: ['boss@y.example'] })], config)
      expect(texts).toEqual([['ops', 'DISK FULL', `errors for ${mail.subject}: on "db1"`]])
      expect(result.notification?.message).toMatchObject({ title: 'Disk full', text: 'on "db1"' })
      expect(result.notification?.deliveries[0]?.message.notes).toEqual(['boss@y.example has no address on telegram'])
    })

    test.each(['send', 'hold'] as const)('tells it all the same when that fails (on_error: %s)', async (onError) => {
      const list = [steps.send('telegram', { to: ['boss@y.example'] })]
      const { result, texts } = await said(list, withTemplates(tooMuch), { onError })
      expect(texts).toEqual([['ops', 'Disk full', 'on "db1"']])
      const problem = expect.stringMatching(/the template of the channel ops failed: /)
      expect(result.notification).toMatchObject({
        flagged: problem,
        deliveries: [
          {
            dead: onError === 'hold' ? problem : null,
            message: { notes: ['boss@y.example has no address on telegram', problem] },
          },
        ],
      })
      expect(result.deliveries.at(-1)).toMatchObject({ channel: 'ops', reason: problem })
    })

    test('loses nothing when the template fails, and says so', async () => {
      const config = withTemplates({ title: null, text: '{% for i in (1..100000000) %}x{% endfor %}' })
      const { result, texts } = await said([steps.send('ops')], config)
      expect(texts).toEqual([['ops', 'Disk full', 'on "db1"']])
      expect(result.notification?.flagged).toMatch(/^the template of the channel ops failed: /)
      expect(result.notification?.deliveries[0]?.message.notes).toEqual([result.notification?.flagged])
      const held = await said([steps.send('ops')], config, { onError: 'hold' })
      expect(held.result.notification?.deliveries[0]?.dead).toMatch(/the template of the channel ops failed/)
    })
  })

  test('keeps the retries of its route', async () => {
    const result = await run([steps.send('ops')], { route: { retryMs: [1, 2, 3] } })
    expect(result.notification?.deliveries[0]?.retryMs).toEqual([1, 2, 3])
  })
})
