import { describe, expect, test } from 'vitest'
import { findObstacle, type Surroundings } from '#src/deliver/gates.js'
import type { Calendar } from '#src/domain/calendar.js'
import type { Person } from '#src/domain/config.js'
import { deliveryPurposes } from '#src/domain/delivery.js'
import type { Silence } from '#src/domain/silence.js'
import { noon } from '../store/store-fixture.js'
import { makeClaimed } from './claimed.js'
import { delivered, makeChannel } from './loop-fixture.js'

const hour = 3_600_000
const send = async () => delivered
const plain = makeChannel('ops', send)
const editing = { ...plain, kind: { ...plain.kind, update: send } }

const hours = (name: string, fromHour: number, toHour: number): Calendar => ({
  name,
  spans: [{ timezone: 'UTC', days: null, between: { fromMinute: fromHour * 60, toMinute: toHour * 60 }, except: [] }],
})
const tim: Person = {
  address: 'tim@y.example',
  name: 'Tim',
  manager: null,
  channels: {},
  quietHours: { calendar: 'siesta', except: ['critical'] },
}
const quiet: Surroundings = {
  hours: {
    people: { [tim.address]: tim },
    calendars: { siesta: hours('siesta', 11, 14), office: hours('office', 15, 18) },
  },
  silences: [],
  isProbe: false,
}
const none: Surroundings = { hours: { people: {}, calendars: {} }, silences: [], isProbe: false }
const silence = (matchers: Partial<Silence['matchers']>): Silence => ({
  id: 's1',
  matchers: { routes: [], channels: [], labels: {}, ...matchers },
  startsAt: noon - hour,
  endsAt: noon + hour,
  comment: 'moving racks',
  createdBy: 'cli:root',
  createdAt: noon - hour,
})
const silenced = (matchers: Partial<Silence['matchers']>): Surroundings => ({
  ...none,
  silences: [silence({ routes: ['other'] }), silence(matchers)],
})
const find = (
  changes: Parameters<typeof makeClaimed>[0] = {},
  surroundings: Surroundings = none,
  now = noon,
  channel = plain,
) => findObstacle(makeClaimed(changes), channel, surroundings, now)

test('nothing stands in the way of most', () => {
  for (const purpose of deliveryPurposes) expect(find({ purpose }, none, noon, editing)).toBeNull()
})

describe('hours', () => {
  const waiting = { status: 'queued', goesOn: false }

  test.each(['alert', 'repeat', 'escalation', 'resolve'] as const)('%s waits for the end of quiet hours', (purpose) => {
    const reason = expect.stringContaining('siesta')
    expect(find({ purpose }, quiet)).toEqual({ ...waiting, dueAt: noon + 2 * hour, reason })
  })

  test.each(['alert', 'resolve'] as const)('%s of a severity that may wake people does not', (purpose) => {
    expect(find({ purpose, notification: { severity: 'critical' } }, quiet)).toBeNull()
  })

  test('a change of what was sent makes no sound and never waits', () => {
    expect(find({ purpose: 'update', during: 'office' }, quiet, noon, editing)).toBeNull()
  })

  test('both have to agree', () => {
    expect(find({ during: 'office' }, quiet)).toMatchObject({ ...waiting, dueAt: noon + 3 * hour })
    expect(find({ during: 'office', recipient: null }, quiet, noon + 3 * hour)).toBeNull()
  })

  test('nobody is put off to a moment that is as good as now', () => {
    expect(find({}, quiet, noon + 2 * hour - 1)).toMatchObject({ dueAt: noon + 2 * hour + 999 })
  })
})

describe('silences', () => {
  const cancelled = {
    status: 'cancelled',
    dueAt: null,
    reason: 'silenced until 2025-06-06 13:00 UTC: moving racks',
    goesOn: true,
  }

  test.each([{ routes: ['dis*'] }, { channels: ['ops'] }, { labels: { host: 'db*' } }])(
    'end a repeat and an escalation, and what repeats goes on: %o',
    (matchers) => {
      expect(find({ purpose: 'repeat' }, silenced(matchers))).toEqual(cancelled)
      expect(find({ purpose: 'escalation' }, silenced(matchers))).toEqual(cancelled)
    },
  )

  test.each(['alert', 'resolve', 'update'] as const)(
    'do not touch an %s: the store asked when it was born',
    (purpose) => {
      expect(find({ purpose }, silenced({ routes: ['disks'] }), noon, editing)).toBeNull()
    },
  )

  test.each([
    ['another channel', { channels: ['mail'] }, noon],
    ['over', { routes: ['disks'] }, noon + hour],
    ['to come', { routes: ['disks'] }, noon - 2 * hour],
  ])('that are of no concern: %s', (_, matchers, now) => {
    expect(find({ purpose: 'repeat' }, silenced(matchers), now)).toBeNull()
  })
})

describe('what nobody wants any more', () => {
  const acknowledged = { by: 'telegram:Tim', at: noon, note: null }
  const resolved = { by: 'cli:root', at: noon }

  test.each(['repeat', 'escalation'] as const)('is a %s that a lost lease brings back', (purpose) => {
    const cancelled = { status: 'cancelled', dueAt: null, goesOn: false }
    expect(find({ purpose, notification: { acknowledged } })).toEqual({
      ...cancelled,
      reason: 'acknowledged by telegram:Tim',
    })
    expect(find({ purpose, notification: { resolved } })).toEqual({ ...cancelled, reason: 'resolved by cli:root' })
  })

  test('is not an alert: it went past all of this when it was planned', () => {
    expect(find({ notification: { acknowledged, resolved } })).toBeNull()
  })

  test('is a change on a channel that cannot change what it sent', () => {
    expect(find({ purpose: 'update' })).toEqual({
      status: 'cancelled',
      dueAt: null,
      reason: 'the channel cannot change what it sent',
      goesOn: false,
    })
  })
})

describe('the end of the window', () => {
  const after = noon + hour + 1
  const dead = { status: 'dead', dueAt: null, goesOn: true }

  test.each([
    ['was tried before', { attempts: 2 }, none, 'not sent within 1h'],
    ['failed before', { attempts: 2, lastError: 'busy' }, none, 'not sent within 1h: busy'],
    ['waits for a channel that does not answer', {}, { ...none, isProbe: true }, 'not sent within 1h'],
  ])('ends what %s', (_, changes, surroundings, reason) => {
    expect(find(changes, surroundings, after)).toEqual({ ...dead, reason })
    expect(find(changes, surroundings, after - 1)).toBeNull()
  })

  test('does not end what waited by plan: it is tried once', () => {
    expect(find({}, none, after)).toBeNull()
    expect(find({}, none, noon + 1_000 * hour)).toBeNull()
  })

  test('comes before hours: what is over does not wait', () => {
    expect(find({ attempts: 2 }, quiet, after)).toMatchObject(dead)
  })
})

test('attempts that came to no end are counted beyond the ladder, and end', () => {
  expect(find({ counted: 5, attempts: 5 })).toBeNull()
  expect(find({ counted: 6, attempts: 6 })).toEqual({
    status: 'dead',
    dueAt: null,
    reason: 'given up after 5 attempts, of which the last came to no end',
    goesOn: true,
  })
})
