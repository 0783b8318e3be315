import { describe, expect, it } from 'vitest'
import type { SenderLimits } from '#src/domain/smtp-settings.js'
import { createLoginLimits } from '#src/receive/login-limits.js'
import { createSenderCounts, describeWait } from '#src/receive/sender-limits.js'

const noon = Date.UTC(2025, 5, 6, 12)
const midnight = Date.UTC(2025, 5, 7)
const free: SenderLimits = { connectionsMax: null, mails: null, mailsPerDayMax: null }

function openCounts(known: { key: string; count: number }[] = []) {
  const clock = { now: noon }
  const spent: [string, number][] = []
  const problems: Error[] = []
  const onQuotaSpent = async (key: string, max: number): Promise<void> => {
    spent.push([key, max])
    const problem = problems.pop()
    if (problem) throw problem
  }
  const counts = createSenderCounts({ known, onQuotaSpent, now: () => clock.now })
  return { counts, clock, spent, problems }
}

describe('a daily quota', () => {
  const sender = { key: 'user/jenkins', limits: { ...free, mailsPerDayMax: 3 } }

  it('counts what is stored and what has begun, over all connections', () => {
    const { counts, spent } = openCounts([{ key: 'user/jenkins', count: 1 }])
    expect(counts.admit(sender)).toBeNull()
    expect(counts.admit(sender)).toBeNull()
    expect(counts.admit(sender)).toMatchObject({ smtpCode: 451, reason: 'daily_quota' })
    expect(spent).toEqual([])
    counts.release(sender)
    expect(counts.admit(sender)).toBeNull()
    for (let n = 0; n < 2; n++) {
      counts.stored(sender, noon)
      counts.release(sender)
    }
    expect(counts.admit(sender)?.message).toBe('4.7.1 the daily quota of user jenkins is spent (3), come again in 12 h')
    expect(spent).toEqual([['user/jenkins', 3]])
  })

  it('begins anew at midnight UTC, and what was begun before counts for its own day', () => {
    const { counts, clock, spent } = openCounts([{ key: 'user/jenkins', count: 2 }])
    expect(counts.admit(sender)).toBeNull()
    clock.now = midnight
    const other = { ...sender, key: 'user/other' }
    expect(counts.admit(other)).toBeNull()
    counts.stored(sender, midnight - 1)
    counts.release(sender)
    for (let n = 0; n < 3; n++) {
      expect(counts.admit(sender)).toBeNull()
      counts.stored(sender, midnight)
      counts.release(sender)
    }
    expect(counts.admit(sender)).toMatchObject({ reason: 'daily_quota' })
    expect(spent).toEqual([['user/jenkins', 3]])
  })

  it('that is lower than what was sent already is told once', () => {
    const { counts, spent } = openCounts([{ key: 'user/jenkins', count: 50 }])
    for (let n = 0; n < 5; n++) expect(counts.admit(sender)).toMatchObject({ reason: 'daily_quota' })
    expect(spent).toEqual([['user/jenkins', 3]])
  })

  it('is told again when it could not be told', async () => {
    const { counts, spent, problems } = openCounts([{ key: 'user/jenkins', count: 3 }])
    problems.push(new Error('the store is away'))
    counts.admit(sender)
    await new Promise((resolve) => setImmediate(resolve))
    for (let n = 0; n < 3; n++) counts.admit(sender)
    expect(spent).toHaveLength(2)
  })

  it('is not touched by what the rate refuses', () => {
    const { counts } = openCounts()
    const limited = { key: 'user/a', limits: { ...free, mails: { count: 1, perMs: 60_000 }, mailsPerDayMax: 2 } }
    expect(counts.admit(limited)).toBeNull()
    counts.release(limited)
    for (let n = 0; n < 9; n++) {
      expect(counts.admit(limited)?.message).toBe('4.7.1 too many mails from user a, come again in 60 s')
    }
    expect(counts.admit({ ...limited, limits: { ...limited.limits, mails: null } })).toBeNull()
  })
})

describe('failed logins', () => {
  it('slow the name a client gives, then the client, and nobody else', () => {
    let now = noon
    const logins = createLoginLimits(() => now)
    for (let n = 0; n < 5; n++) {
      expect(logins.waitFor('192.0.2.1', 'jenkins')).toBe(0)
      logins.failed('192.0.2.1', 'jenkins')
    }
    expect(logins.waitFor('192.0.2.1', 'jenkins')).toBe(600_000)
    expect(logins.waitFor('192.0.2.1', 'monit')).toBe(0)
    expect(logins.waitFor('192.0.2.1', null)).toBe(0)
    expect(logins.waitFor('192.0.2.2', 'jenkins')).toBe(0)
    for (let n = 0; n < 15; n++) logins.failed('192.0.2.1', `guess${n}`)
    expect(logins.waitFor('192.0.2.1', 'monit')).toBe(600_000)
    expect(logins.waitFor('192.0.2.1', null)).toBe(600_000)
    now += 600_000
    expect(logins.waitFor('192.0.2.1', 'jenkins')).toBe(0)
  })

  it('of a name are forgotten when it logs in, those of its client are not', () => {
    const logins = createLoginLimits(() => noon)
    for (let n = 0; n < 20; n++) {
      logins.failed('2001:db8::1', 'jenkins')
      if (n % 4 === 3) logins.succeeded('2001:db8::2', 'jenkins')
    }
    expect(logins.waitFor('2001:db8::3', 'jenkins')).toBe(600_000)
    expect(logins.waitFor('2001:db8::3', 'monit')).toBe(600_000)
    expect(logins.waitFor('2001:db8:0:1::3', 'jenkins')).toBe(0)
  })
})

describe('a wait in words', () => {
  it.each([
    [1, '1 s'],
    [119_000, '119 s'],
    [119_001, '2 min'],
    [61_000, '61 s'],
    [600_000, '10 min'],
    [601_000, '11 min'],
    [43_200_000, '12 h'],
    [43_200_001, '13 h'],
  ])('%d ms: %s', (waitMs, words) => {
    expect(describeWait(waitMs)).toBe(words)
  })
})
