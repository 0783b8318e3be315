import { describe, expect, test } from 'vitest'
import { findDoor, writeSnippets } from '#src/http/console/first-mail-snippets.js'
import { readRange, sumByName, sumPoints, timeRanges, toMarks } from '#src/http/console/series-marks.js'
import { latencyBoundsMs, statMeasures } from '#src/store/stats-store.js'

const noon = Date.parse('2026-01-31T12:00:00Z')
const minuteMs = 60_000
const hourMs = 60 * minuteMs

function point(at: number, name: string | null, sent: number, bucket: number) {
  const zeros = Object.fromEntries(statMeasures.map((measure) => [measure, 0])) as Record<
    (typeof statMeasures)[number],
    number
  >
  const latency = new Array<number>(latencyBoundsMs.length + 1).fill(0)
  latency[bucket] = sent
  return { at: new Date(at).toISOString(), name, counts: { ...zeros, sent }, latency, p50_ms: null, p95_ms: null }
}

describe('a series, as marks of a plot', () => {
  test('is summed up, with percentiles of it all, and stays what it was', () => {
    const points = [
      point(noon, null, 2, 0),
      point(noon + minuteMs, null, 18, 3),
      point(noon + 5 * minuteMs, null, 1, 5),
    ]
    expect(toMarks(points).map(({ at, counts }) => [at - noon, counts.sent])).toEqual([
      [0, 2],
      [minuteMs, 18],
      [5 * minuteMs, 1],
    ])
    expect(sumPoints(points)).toMatchObject({ counts: { sent: 21, received: 0 }, p50_ms: 1_000, p95_ms: 1_000 })
    expect(sumPoints([])).toBeNull()
    expect(points[0]?.counts.sent).toBe(2)
  })

  test('is summed up by name', () => {
    const sums = sumByName([point(noon, 'a', 1, 0), point(noon, 'b', 2, 1), point(noon + minuteMs, 'a', 3, 5)])
    expect([...sums].map(([name, { counts, latency }]) => [name, counts.sent, latency.slice(0, 6)])).toEqual([
      ['a', 4, [1, 0, 0, 0, 0, 3]],
      ['b', 2, [0, 2, 0, 0, 0, 0]],
    ])
  })

  test('has at most 48 marks in any range, whole ones, of a width that hours can be put together to', () => {
    for (const name of Object.keys(timeRanges) as (keyof typeof timeRanges)[]) {
      const { from, to, stepMs } = readRange(name, noon + 12_345)
      expect(from % stepMs).toBe(0)
      expect(stepMs % minuteMs).toBe(0)
      expect(stepMs < hourMs ? hourMs % stepMs : stepMs % hourMs).toBe(0)
      expect(Math.ceil((to - from) / stepMs)).toBeLessThanOrEqual(48)
      expect(to - from).toBeLessThanOrEqual(timeRanges[name].spanMs)
    }
  })
})

describe('the door, as it stands in commands to copy', () => {
  test.each([
    [{ host: '127.0.0.1', port: 2525 }, 'mail.example.com', null, '127.0.0.1', 'alerts@example.com'],
    [
      { host: '0.0.0.0', port: 25 },
      'mail.example.com',
      ['*@mailtrigger.app'],
      'mail.example.com',
      'alerts@mailtrigger.app',
    ],
    [{ host: '::', port: 25 }, '[::1]', ['$(reboot)@*', 'ops@example.org'], '::1', 'ops@example.org'],
    [undefined, 'mail.example.com', [], 'mail.example.com', 'alerts@example.com'],
  ])('%j seen from %s, accepting %j', (listen, reader, recipients, host, to) => {
    expect(findDoor(listen, reader, recipients)).toMatchObject({ host, to })
  })

  test('has its port in every snippet, and IPv6 in brackets where a port follows', () => {
    const snippets = writeSnippets({ host: '::1', port: 2525, to: 'ops@example.org' })
    for (const { text } of snippets) expect(text).toContain('2525')
    expect(snippets[0]?.text).toContain('--server [::1]:2525')
    expect(new Set(snippets.map(({ name }) => name)).size).toBe(snippets.length)
  })
})
