import { describe, expect, it } from 'vitest'
import type { Message } from '#src/domain/message.js'
import type { DigestItem, DigestTarget, DueDigest } from '#src/domain/notification.js'
import { composeDigest } from '#src/follow/compose-digest.js'

const now = Date.UTC(2026, 10, 20, 9)
const minuteMs = 60_000

const ops: DigestTarget = makeTarget({ channel: 'ops' })
const tim: DigestTarget = makeTarget({ channel: 'mail', recipient: 'tim@x.example', address: 'tim@x.example' })

describe('a digest', () => {
  it('says what was gathered, oldest first, with the worst severity', () => {
    const items = [
      makeItem('a', { title: 'disk full on db1', severity: 'warning' }, now - 3 * minuteMs),
      makeItem('b', { title: 'db1 is\n gone ', severity: 'critical' }, now - 2 * minuteMs),
      makeItem('c', { title: 'old', severity: 'info' }, now - 25 * 60 * minuteMs),
    ]
    const digest = composeDigest(makeDigest({ items }), now - 1, now)
    expect(digest).toMatchObject({
      route: 'Monit',
      severity: 'critical',
      event: 'digest',
      fingerprint: 'digest/Monit/db1',
      message: {
        title: '3 alerts of Monit (db1)',
        text: [
          '08:57 UTC warning: disk full on db1',
          '08:58 UTC critical: db1 is gone',
          '2026-11-19 08:00 UTC info: old',
        ].join('\n'),
      },
    })
  })

  it('goes to each of those the alerts were for, once, each with only their own', () => {
    const items = [
      makeItem('a', { title: 'for both' }, now, [ops, tim]),
      makeItem('b', { title: 'for ops' }, now, [ops, ops]),
      makeItem('c', { title: 'for nobody' }, now, []),
    ]
    const deliveries = composeDigest(makeDigest({ items }), now, now)?.deliveries ?? []
    expect(deliveries.map(({ channel, message }) => [channel, message.title])).toEqual([
      ['ops', '2 alerts of Monit (db1)'],
      ['mail', '1 alert of Monit (db1)'],
    ])
    expect(deliveries[1]?.message.text).toBe('09:00 UTC error: for both')
    expect(deliveries[1]).toMatchObject({
      ...tim,
      purpose: 'alert',
      afterMs: 0,
      offersAck: false,
      repeat: null,
      dead: null,
    })
    expect(new Set(deliveries.map(({ dedupeKey }) => dedupeKey)).size).toBe(2)
  })

  it('passes on the gateways of all it gathered, and that one of them was a bounce', () => {
    const from = (gateways: string[], isBackscatter: boolean) => ({ gateways, isBackscatter, replyTo: 'a@x.example' })
    const items = [
      makeItem('a', { origin: from(['one'], false) }, now, [ops]),
      makeItem('b', { origin: from(['one', 'two'], true) }, now, [tim]),
    ]
    const digest = composeDigest(makeDigest({ items }), now, now)
    expect(digest?.message.origin).toEqual({ gateways: ['one', 'two'], isBackscatter: true, replyTo: null })
    expect(digest?.deliveries.map(({ message }) => message.origin)).toEqual([
      { gateways: ['one'], isBackscatter: false, replyTo: null },
      { gateways: ['one', 'two'], isBackscatter: true, replyTo: null },
    ])
  })

  it('of a whole route is named by the route alone', () => {
    const digest = makeDigest({ key: '', items: [makeItem('a', {}, now)] })
    expect(composeDigest(digest, now, now)?.message.title).toBe('1 alert of Monit')
  })

  it('shows 200 lines, and how many more there are', () => {
    const items = Array.from({ length: 500 }, (_, at) => makeItem(`i${at}`, { title: `alert ${at}` }, now))
    const lines = composeDigest(makeDigest({ items }), now, now)?.message.text.split('\n') ?? []
    expect(lines).toHaveLength(201)
    expect(lines.at(-1)).toBe('and 300 more')
  })

  it('cuts a title that would fill the page, and never in the middle of a letter', () => {
    const items = [makeItem('a', { title: '💥'.repeat(5_000) }, now)]
    const text = composeDigest(makeDigest({ items }), now, now)?.message.text ?? ''
    expect([...text].length).toBeLessThan(230)
    expect(text).toMatch(/💥…$/)
  })
})

describe('an empty digest', () => {
  it('says since when there was nothing, to whom the last one went', () => {
    const digest = composeDigest(makeDigest({ items: [], lastTargets: [ops, tim] }), Date.UTC(2026, 10, 19, 9), now)
    expect(digest).toMatchObject({
      severity: 'info',
      message: { title: 'nothing of Monit (db1)', text: 'nothing since 2026-11-19 09:00 UTC' },
    })
    expect(digest?.deliveries.map(({ channel }) => channel)).toEqual(['ops', 'mail'])
  })

  it('is none when no digest ever went to anybody', () => {
    expect(composeDigest(makeDigest({ items: [] }), now, now)).toBeNull()
  })
})

it('names a route and a key with quotes in them as they are', () => {
  const digest = composeDigest(
    makeDigest({ route: `O'Hara "A"`, key: `"x",'y'`, items: [makeItem('a', {}, now)] }),
    now,
    now,
  )
  expect(digest?.message.title).toBe(`1 alert of O'Hara "A" ("x",'y')`)
})

function makeDigest(changes: Partial<DueDigest>): DueDigest {
  const items = changes.items ?? []
  return { route: 'Monit', key: 'db1', dueAt: now, items, count: items.length, lastTargets: [], ...changes }
}

function makeItem(notificationId: string, message: Partial<Message>, createdAt: number, targets = [ops]): DigestItem {
  return {
    notificationId,
    createdAt,
    targets,
    message: {
      title: 'an alert',
      text: '',
      severity: 'error',
      from: 'monit@x.example',
      labels: {},
      links: [],
      attachments: [],
      notes: [],
      mailId: null,
      receivedAt: createdAt,
      ...message,
    },
  }
}

function makeTarget(changes: Partial<DigestTarget>): DigestTarget {
  return {
    channel: 'ops',
    recipient: null,
    address: null,
    retryMs: [1_000],
    retryWindowMs: 86_400_000,
    during: null,
    ...changes,
  }
}
