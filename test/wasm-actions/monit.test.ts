import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findOutages, isOverdue, type MonitEvent, readMonitEvent } from '../../wasm-actions/lib/monit.js'

const minuteMs = 60_000

function mailFrom(subject: string, text: string, times: { date: string; received?: string }) {
  const { date, received = date } = times
  return {
    id: '01K0000000000000000000000A',
    message_id: '<1795235805.5149724e@db-07>',
    date,
    received_at: received,
    subject,
    from: 'monit@db-07.mailtrigger.app',
    to: ['devops@mailtrigger.app'],
    text,
  }
}

function monitText(lines: Record<string, string>): string {
  const fields = Object.entries(lines).map(([name, value]) => `\t${`${name}:`.padEnd(12)} ${value}`)
  return ['Something Service cron ', '', ...fields, '', 'Your faithful employee,', 'Monit', ''].join('\r\n')
}

const stopText = monitText({
  Date: 'Sat, 21 Nov 2026 22:36:45',
  Action: 'restart',
  Host: 'DB-07',
  Description: 'process is not running',
})

describe('a mail from Monit', () => {
  const date = '2026-11-21T14:36:46.000Z'
  const at = Date.parse('2026-11-21T14:36:45Z')

  it('is a stop of a service on a host, at the time in its text, read by the zone of its header', () => {
    expect(readMonitEvent(mailFrom('monit alert --  Does not exist cron', stopText, { date }))).toEqual({
      id: '<1795235805.5149724e@db-07>',
      host: 'db-07',
      service: 'cron',
      kind: 'stop',
      at,
      written: 'Sat, 21 Nov 2026 22:36:45',
      description: 'process is not running',
    })
  })

  it.each([
    ['monit alert --  Exists cron', stopText, 'start'],
    ['monit alert -- Does not exist php8.2-fpm', stopText, 'stop'],
    ['monit alert --  Action done cron', monitText({ Host: 'db-07', Description: 'stop action done' }), 'stop'],
    ['monit alert --  Action done cron', monitText({ Host: 'db-07', Description: 'start action done' }), 'start'],
    ['monit alert --  Action done cron', monitText({ Host: 'db-07', Description: 'restart action done' }), 'start'],
    ['[db-07] cron Does not exist at Sat, 21 Nov 2026 22:36:45', 'Monit restart cron at … on db-07:\ngone.\n', 'stop'],
    ['db-07 cron Exists at Sat, 21 Nov 2026 22:36:45', 'Monit alert cron at … on db-07:\nprocess runs.\n', 'start'],
    [
      '[db-07] cron Action done at Sat, 21 Nov 2026 22:36:45',
      'Monit alert cron on db-07:\nstop action done.\n',
      'stop',
    ],
  ])('%s', (subject, text, kind) => {
    expect(readMonitEvent(mailFrom(subject, text, { date }))).toMatchObject({ kind, host: 'db-07' })
  })

  it.each([
    ['monit alert --  Action done cron', monitText({ Host: 'db-07', Description: 'unmonitor action done' })],
    ['monit alert --  Action done cron', monitText({ Host: 'db-07', Description: 'monitor action done' })],
    ['monit alert --  Resource limit matched db-07', stopText],
    ['monit alert --  Timeout cron', stopText],
    ['monit alert --  Monit instance changed db-07', stopText],
    ['Re: monit alert --  Does not exist cron', stopText],
    ['monit alert --  Does not exist', stopText],
    ['', ''],
  ])('tells neither a stop nor a start: %s', (subject, text) => {
    expect(readMonitEvent(mailFrom(subject, text, { date }))).toBeNull()
  })

  it.each<[string, string, { date: string; received?: string }, string]>([
    ['UTC', 'Sat, 21 Nov 2026 14:36:45', { date }, '2026-11-21T14:36:45.000Z'],
    ['Asia/Taipei', 'Sat, 21 Nov 2026 22:36:45', { date }, '2026-11-21T14:36:45.000Z'],
    ['Asia/Kathmandu, 5:45', 'Sat, 21 Nov 2026 20:21:45', { date }, '2026-11-21T14:36:45.000Z'],
    ['America/St_Johns, -3:30', 'Sat, 21 Nov 2026 11:06:45', { date }, '2026-11-21T14:36:45.000Z'],
    ['a zone in the text', 'Sat, 21 Nov 2026 22:36:45 +0800', { date }, '2026-11-21T14:36:45.000Z'],
    ['the day before here', 'Sun, 22 Nov 2026 00:10:00', { date: '2026-11-21T16:10:00Z' }, '2026-11-21T16:10:00.000Z'],
    [
      'a mail that waited for an hour after it was written',
      'Sat, 21 Nov 2026 22:36:45',
      { date, received: '2026-11-21T15:40:00Z' },
      '2026-11-21T14:36:45.000Z',
    ],
    ['no date', 'soon', { date }, '2026-11-21T14:36:46.000Z'],
    ['a clock at its beginning', 'Thu, 01 Jan 1970 00:00:12', { date }, '2026-11-21T14:36:46.000Z'],
    [
      'a clock that is a day ahead',
      'Sun, 22 Nov 2026 14:36:45',
      { date: '2026-11-22T14:36:45Z', received: '2026-11-21T14:36:46Z' },
      '2026-11-21T14:36:46.000Z',
    ],
    [
      'a clock that is days behind',
      'Sat, 14 Nov 2026 14:36:45',
      { date: '2026-11-14T14:36:45Z', received: '2026-11-21T14:36:46Z' },
      '2026-11-21T14:36:46.000Z',
    ],
  ])('happened at the right time: %s', (_name, written, times, expected) => {
    const text = monitText({ Date: written, Host: 'db-07' })
    const event = readMonitEvent(mailFrom('monit alert --  Does not exist cron', text, times))
    expect(new Date(event?.at ?? 0).toISOString()).toBe(expected)
  })

  it.each([
    ['<1795235805.51@db-07>', 'monit@mailtrigger.app', 'db-07'],
    ['<relay-1@mx.mailtrigger.app>', 'monit@db-08.mailtrigger.app', 'mx'],
    [null, 'monit@db-08.mailtrigger.app', 'db-08'],
    [null, 'monit', null],
  ])('whose text names no host comes from the one of its Message-ID or sender', (messageId, from, host) => {
    const mail = { ...mailFrom('monit alert --  Exists cron', '', { date }), message_id: messageId, from }
    expect(readMonitEvent(mail)?.host ?? null).toBe(host)
  })

  it('never breaks the job, whatever it says', () => {
    const words = fc.constantFrom(
      'monit alert -- ',
      'Does not exist',
      'Exists',
      'Action done',
      ' ',
      '\n',
      'Date:',
      'at',
    )
    const texts = fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }).map((parts) => parts.join(' '))
    fc.assert(
      fc.property(texts, texts, (subject, text) => {
        const event = readMonitEvent(mailFrom(subject, text, { date }))
        if (event) expect(Number.isFinite(event.at) && event.service !== '' && event.host !== '').toBe(true)
      }),
    )
  })
})

type Step = [kind: 'stop' | 'start', minute: number, service?: string]

function eventsOf(steps: Step[]): MonitEvent[] {
  return steps.map(([kind, minute, service = 'cron'], index) => ({
    id: `<${index}>`,
    host: 'db-07',
    service,
    kind,
    at: minute * minuteMs,
    written: null,
    description: '',
  }))
}

describe('outages', () => {
  it.each<[string, Step[], [stopped: number, restarted: number | null][]]>([
    ['nothing', [], []],
    ['a stop', [['stop', 0]], [[0, null]]],
    [
      'a stop and a start',
      [
        ['stop', 0],
        ['start', 1],
      ],
      [[0, 1]],
    ],
    ['a start alone', [['start', 1]], []],
    [
      'a stop and reminders of it',
      [
        ['stop', 0],
        ['stop', 5],
        ['stop', 10],
      ],
      [[0, null]],
    ],
    [
      'mails in the wrong order',
      [
        ['start', 1],
        ['stop', 0],
      ],
      [[0, 1]],
    ],
    [
      'the same second',
      [
        ['start', 5],
        ['stop', 5],
      ],
      [[5, 5]],
    ],
    [
      'two outages',
      [
        ['stop', 0],
        ['start', 1],
        ['stop', 2],
      ],
      [
        [0, 1],
        [2, null],
      ],
    ],
    [
      'another service came back',
      [
        ['stop', 0],
        ['start', 1, 'sshd'],
      ],
      [[0, null]],
    ],
    [
      'a start that comes twice',
      [
        ['stop', 0],
        ['start', 1],
        ['start', 2],
        ['stop', 9],
      ],
      [
        [0, 1],
        [9, null],
      ],
    ],
  ])('%s', (_name, steps, expected) => {
    const found = findOutages(eventsOf(steps)).map(({ stoppedAt, restartedAt }) => [
      stoppedAt / minuteMs,
      restartedAt === null ? null : restartedAt / minuteMs,
    ])
    expect(found).toEqual(expected)
  })

  it('are the same whatever the order of the mails', () => {
    const steps: Step[] = [
      ['stop', 0],
      ['stop', 5],
      ['start', 40],
      ['stop', 41, 'sshd'],
      ['stop', 60],
      ['start', 61],
    ]
    const expected = findOutages(eventsOf(steps))
    const orders = fc.shuffledSubarray(eventsOf(steps), { minLength: steps.length })
    fc.assert(
      fc.property(orders, (events) => {
        expect(findOutages(events)).toEqual(expected)
      }),
    )
  })

  it.each([
    [0, null, 29, false],
    [0, null, 30, true],
    [0, 1, 100, false],
    [0, 30, 100, false],
    [0, 30.1, 100, true],
  ])('stopped at %s, restarted at %s, now %s: overdue is %s', (stopped, restarted, now, expected) => {
    const [outage] = findOutages(
      eventsOf([['stop', stopped], ...(restarted === null ? [] : [['start', restarted] as Step])]),
    )
    expect(outage && isOverdue(outage, now * minuteMs, 30 * minuteMs)).toBe(expected)
  })
})
