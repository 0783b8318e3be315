import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { notificationStatuses } from '#src/domain/delivery.js'
import { severities } from '#src/domain/message.js'
import { ackPageStyle, printAckPage } from '#src/http/open/ack-page.js'
import { describeView } from '#src/http/open/describe-view.js'
import { makeView } from './ack-view.js'

const now = Date.parse('2026-11-20T12:04:00.000Z')
const acked = { acked_by: 'telegram:Tim', acked_at: '2026-11-20T12:03:50.000Z', ack_note: 'mine' }

describe('what the page says', () => {
  const cases: [
    name: string,
    changes: Parameters<typeof makeView>[0],
    status: number,
    headline: string,
    words: string,
  ][] = [
    ['of an alert', {}, 200, 'Acknowledge this alert?', 'This stops its repeats'],
    ['of one that could not be sent', { status: 'dead' }, 200, 'Acknowledge this alert?', 'This stops'],
    [
      'of one that somebody has',
      { status: 'acknowledged', ...acked },
      410,
      'This alert is acknowledged',
      'By Tim, 2026-11-20 12:03 UTC (just now). They noted: “mine”',
    ],
    [
      'of one that somebody had, and that is over',
      { status: 'resolved', ...acked, ack_note: null },
      410,
      'This alert is acknowledged',
      'By Tim, 2026-11-20 12:03 UTC (just now). It is over by now.',
    ],
    [
      'of one that is over',
      { status: 'resolved', reason: 'resolved by Disks', resolved_at: '2026-11-20T12:02:00.000Z' },
      410,
      'This is over',
      'Resolved by Disks. It ended 2026-11-20 12:02 UTC (2m ago).',
    ],
    [
      'of one that is not sent',
      { status: 'suppressed', reason: 'silenced' },
      410,
      'nothing to acknowledge',
      'Silenced.',
    ],
    ['of one that was cancelled', { status: 'cancelled' }, 410, 'There is nothing to acknowledge', ''],
  ]
  it.each(cases)('%s', (_, changes, status, headline, words) => {
    const said = describeView(makeView(changes), now)
    expect(said.status).toBe(status)
    expect(said.page.headline).toContain(headline)
    expect(said.page.words).toContain(words)
    expect(said.page.offersForm).toBe(status === 200)
    expect(said.page.alert?.at).toBe('2026-11-20 12:00 UTC (4m ago)')
  })

  it('has words for every status', () => {
    for (const status of notificationStatuses) {
      expect(describeView(makeView({ status }), now).page.alert?.state).toMatch(/\w/)
    }
  })

  it('of a link that is too old offers nothing', () => {
    const { status, page } = describeView({ ...makeView(), is_expired: true }, now)
    expect([status, page.offersForm]).toEqual([410, false])
  })
})

const print = (title: string, words: string, route: string): string =>
  String(
    printAckPage({
      headline: words,
      words,
      alert: { title, severity: 'error', route, at: route, state: words },
      offersForm: true,
    }),
  )

it('whatever an alert says, it adds no tag, no attribute and no script', () => {
  const tags = (html: string): string[] => html.match(/<[^>]*>/g) ?? []
  const plain = tags(print('a', 'a', 'a'))
  const text = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.constantFrom('</p><script>x()</script>', '" onload="x', "' autofocus='", '<!--', '</style>', '&lt;', '{{ x }}'),
  )
  fc.assert(
    fc.property(text, text, text, (title, words, route) => {
      expect(tags(print(title, words, route))).toEqual(plain)
    }),
  )
})

it('has a tone for every severity, and loads nothing', () => {
  for (const severity of severities) expect(ackPageStyle).toContain(`.${severity} {`)
  expect(print('a', 'b', 'c')).not.toMatch(/src=|href=|url\(|@import|https?:/)
})
