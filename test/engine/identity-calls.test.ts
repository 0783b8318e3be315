import { describe, expect, it } from 'vitest'
import { offerIdentityCalls } from '#src/engine/identity-calls.js'
import { digestSecret } from '#src/engine/new-secret.js'
import { createPasswords } from '#src/engine/password.js'
import { makeEngine } from './engine-fixture.js'

const place = { client: '192.0.2.7', userAgent: 'x'.repeat(1_000) }
const minuteMs = 60_000

async function makeCalls() {
  const made = await makeEngine()
  return { ...made, calls: offerIdentityCalls(made.engine) }
}

describe('a password', () => {
  it('matches itself however it was typed, and no other', async () => {
    const { hash, matches } = createPasswords()
    const kept = await hash('Zoë and 5 ﬁsh')
    expect(kept).toMatch(/^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
    expect(await hash('Zoë and 5 ﬁsh')).not.toBe(kept)
    expect(await matches('Zoe\u0308 and 5 fish', kept)).toBe(true)
    expect(await matches('zoë and 5 fish', kept)).toBe(false)
  })

  it.each([
    ['nobody’s', null],
    ['of another kind', 'bcrypt$32768$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAA'],
    ['that would take all memory', `scrypt$${2 ** 30}$8$1$AAAAAAAAAAAAAAAAAAAAAA$${'A'.repeat(43)}`],
    ['cut off', 'scrypt$32768$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAA'],
    ['empty', ''],
  ])('never matches a hash that is %s', async (_, hash) => {
    expect(await createPasswords().matches('', hash)).toBe(false)
  })

  it('is not checked when too many are', async () => {
    const { matches } = createPasswords({ N: 2 ** 10, r: 8, p: 1 })
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => matches('a', null)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(18)
    const refused = outcomes.find((outcome) => outcome.status === 'rejected')
    expect(refused?.reason).toMatchObject({ status: 503, code: 'busy' })
    expect(await matches('a', null)).toBe(false)
  })
})

describe('a session', () => {
  it('slides for as long as it is used, and ends at its end whatever is done', async () => {
    const { calls, clock, config, store } = await makeCalls()
    const { idleMs, maxMs } = config.server.http.session
    const started = await calls.signInAsOwner('owner', place)
    const read = () => calls.readSession(digestSecret(started.secret), 'owner')
    const begunAt = clock.now
    for (; clock.now + idleMs - 1 < begunAt + maxMs; clock.now += idleMs - 1) {
      expect(await read()).not.toBeNull()
      // A later write waits for the earlier one.
      await store.saveHeartbeat(clock.now)
    }
    expect(await read()).toMatchObject({ name: 'owner', role: 'admin' })
    clock.now = begunAt + maxMs
    expect(await read()).toBeNull()
    const idle = await calls.signInAsOwner('owner', place)
    clock.now += idleMs
    expect(await calls.readSession(digestSecret(idle.secret), 'owner')).toBeNull()
    expect(await calls.listSessions(idle.holder)).toEqual([])
  })

  it('is written at most once a minute', async () => {
    const { calls, clock, store } = await makeCalls()
    const { secret, holder } = await calls.signInAsOwner('owner', place)
    const seenAt = async () => (await store.listSessions(holder, clock.now, 1))[0]?.lastSeenAt
    const begunAt = clock.now
    clock.now += minuteMs - 1
    await calls.readSession(digestSecret(secret), 'owner')
    expect(await seenAt()).toBe(begunAt)
    clock.now += 1
    await calls.readSession(digestSecret(secret), 'owner')
    // A later write waits for the earlier one.
    await store.saveHeartbeat(clock.now)
    expect(await seenAt()).toBe(begunAt + minuteMs)
    expect((await calls.listSessions(holder))[0]?.user_agent).toHaveLength(200)
  })
})

it('a token is noted as used at most once a minute', async () => {
  const { calls, clock, store } = await makeCalls()
  const { token } = await calls.createToken({ name: 'n', role: 'viewer', expiresInMs: null }, 'test')
  const usedAt = async () => {
    await calls.identifyToken(digestSecret(token))
    await store.saveHeartbeat(clock.now)
    return (await calls.listTokens())[0]?.last_used_at
  }
  const first = await usedAt()
  clock.now += minuteMs - 1
  expect(await usedAt()).toBe(first)
  clock.now += 1
  expect(await usedAt()).toBe(new Date(clock.now).toISOString())
})

it('a code counts for an hour', async () => {
  const { calls, clock } = await makeCalls()
  const { code } = await calls.createSignInCode('test')
  clock.now += 60 * minuteMs - 1
  expect(await calls.isSignInCode(code)).toBe(true)
  clock.now += 1
  expect(await calls.isSignInCode(code)).toBe(false)
  expect(await calls.signInByCode(code, 'owner', place)).toBeNull()
})

it('a flood of refusals is recorded in part, and how many were left out', async () => {
  const { calls, clock, store } = await makeCalls()
  for (let tries = 0; tries < 70; tries++) expect(await calls.signInByToken(`d${tries}`, place)).toBeNull()
  clock.now += 60 * minuteMs
  await calls.signInByToken('d', place)
  const { items } = await store.listAudit({ action: 'session.refuse', limit: 100 })
  expect(items).toHaveLength(61)
  expect(items[0]?.detail).toEqual({ by: 'token', known: false, client: '192.0.2.7', left_out: 10 })
})
