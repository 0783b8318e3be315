import { describe, expect, test } from 'vitest'
import { composeMessage } from '#src/deliver/follow-up-message.js'
import type { DeliveryPurpose } from '#src/domain/delivery.js'
import { makeMessage, noon } from '../store/store-fixture.js'
import { makeClaimed } from './claimed.js'

const minute = 60_000
const attachments = [{ filename: 'log.txt', contentType: 'text/plain', sizeBytes: 5 }]
const links = [{ label: 'Host', url: 'https://monit.example/db1' }]
const message = makeMessage({ attachments, links, notes: ['owners are from a copy'] })
const tim = { by: 'telegram:Tim', at: noon + 31 * minute, note: 'on it' }

function compose(purpose: DeliveryPurpose, changes: Parameters<typeof makeClaimed>[0] = {}, now = noon + 15 * minute) {
  return composeMessage(makeClaimed({ message, purpose, ...changes }), now)
}

test('an alert is what the route made of it', () => {
  expect(compose('alert')).toBe(message)
})

describe('a repeat says the how-manieth it is', () => {
  test.each([
    [1, '2nd'],
    [2, '3rd'],
    [3, '4th'],
    [10, '11th'],
    [11, '12th'],
    [12, '13th'],
    [20, '21st'],
    [100, '101st'],
    [110, '111th'],
  ])('%i', (repeatNumber, nth) => {
    const note = `sent again (${nth} time): nobody has acknowledged it yet`
    expect(compose('repeat', { repeatNumber })).toEqual({ ...message, notes: [...message.notes, note] })
  })
})

describe('an escalation says how long nobody answered', () => {
  test.each([
    [15 * minute, '15m'],
    [15 * minute + 2_400, '15m'],
    [90 * minute, '1h 30m'],
    [30_000, '30s'],
    [0, '0 ms'],
    [-5_000, '0 ms'],
  ])('after %i ms', (afterMs, words) => {
    const note = `nobody acknowledged it within ${words}`
    expect(compose('escalation', {}, noon + afterMs).notes).toEqual([...message.notes, note])
  })
})

describe('a resolve', () => {
  test('says what is over, by what, and after how long; attachments and notes were the alert’s', () => {
    const resolved = { at: noon + 12 * minute, by: 'a later mail' }
    expect(compose('resolve', { notification: { resolved } })).toEqual({
      ...message,
      title: 'Resolved: Disk full',
      text: 'Resolved after 12m, by a later mail.',
      severity: 'resolved',
      attachments: [],
      notes: [],
    })
  })

  test('says who had it in hand', () => {
    const resolved = { at: noon + 40 * minute, by: 'cli:root' }
    expect(compose('resolve', { notification: { resolved, acknowledged: tim } }).text).toBe(
      'Resolved after 40m, by root.\nIt was acknowledged by Tim at 12:31 UTC: on it.',
    )
  })

  test('says only that it is over when nothing else is known', () => {
    expect(compose('resolve').text).toBe('Resolved.')
  })
})

describe('an update shows who acknowledged', () => {
  const noteOf = (acknowledged: { by: string; at: number; note: string | null }) =>
    compose('update', { notification: { acknowledged } }).notes.at(-1)

  test.each([
    [tim, 'acknowledged by Tim at 12:31 UTC: on it'],
    [{ ...tim, note: null }, 'acknowledged by Tim at 12:31 UTC'],
    [{ ...tim, note: ' \n' }, 'acknowledged by Tim at 12:31 UTC'],
    [{ ...tim, note: 'two\nlines  "quoted"' }, 'acknowledged by Tim at 12:31 UTC: two lines "quoted"'],
    [{ ...tim, at: noon + 24 * 60 * minute }, 'acknowledged by Tim on 2025-06-07 at 12:00 UTC: on it'],
    [{ ...tim, by: 'link:tim@y.example' }, 'acknowledged by tim@y.example at 12:31 UTC: on it'],
    [{ ...tim, by: 'api' }, 'acknowledged by api at 12:31 UTC: on it'],
    [{ ...tim, by: 'telegram:' }, 'acknowledged by telegram: at 12:31 UTC: on it'],
    [{ ...tim, note: '💥'.repeat(400) }, `acknowledged by Tim at 12:31 UTC: ${'💥'.repeat(300)}…`],
  ])('%#', (acknowledged, note) => {
    expect(noteOf(acknowledged)).toBe(note)
  })

  test('and nothing when nobody did', () => {
    expect(compose('update')).toBe(message)
  })
})
