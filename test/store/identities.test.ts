import { describe, expect, test } from 'vitest'
import type { ApiToken, ConsoleSession, ConsoleUser } from '#src/domain/credentials.js'
import { makeFolder, noon, openStore } from './store-fixture.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

function makeToken(id: string, changes: Partial<ApiToken> = {}): ApiToken {
  const plain = { name: id, role: 'viewer' as const, digest: `digest of ${id}`, createdBy: 'cli:root', createdAt: noon }
  return { id, ...plain, expiresAt: null, lastUsedAt: null, revokedAt: null, ...changes }
}

function makeUser(name: string, changes: Partial<ConsoleUser> = {}): ConsoleUser {
  return { name, role: 'admin', passwordHash: 'scrypt$…', createdAt: noon, changedAt: noon, ...changes }
}

function makeSession(id: string, changes: Partial<ConsoleSession> = {}): ConsoleSession {
  return {
    id,
    digest: `digest of ${id}`,
    holder: { type: 'user', user: 'Tim "T"' },
    createdAt: noon,
    lastSeenAt: noon,
    expiresAt: noon + dayMs,
    client: '192.0.2.7',
    userAgent: 'x',
    ...changes,
  }
}

test('tokens, users, sessions and codes come back as they were, also after a restart', async () => {
  const folder = makeFolder()
  const store = openStore(folder)
  await store.saveToken(makeToken('a'))
  await store.createUser(makeUser('Tim "T"'))
  await store.saveSession(makeSession('s'), 10)
  await store.saveSignInCode({ digest: 'c', createdBy: 'test', expiresAt: noon + 1 }, 10)
  await store.close()
  const again = openStore(folder)
  expect(await again.readToken('digest of a')).toEqual(makeToken('a'))
  expect(await again.readUser('Tim "T"')).toEqual(makeUser('Tim "T"'))
  expect(await again.readSession('digest of s', noon)).toEqual({ ...makeSession('s'), name: 'Tim "T"', role: 'admin' })
  expect(await again.isSignInCode('c', noon)).toBe(true)
})

describe('a token', () => {
  test('has a name that no other has while it counts', async () => {
    const store = openStore()
    expect(await store.saveToken(makeToken('a', { name: 'n', expiresAt: noon + 1 }))).toBe(true)
    expect(await store.saveToken(makeToken('b', { name: 'n' }))).toBe(false)
    expect(await store.saveToken(makeToken('c', { name: 'n', createdAt: noon + 1 }))).toBe(true)
    expect(await store.revokeToken('c', noon + 2)).toBe(true)
    expect(await store.revokeToken('c', noon + 2)).toBe(false)
    expect(await store.saveToken(makeToken('d', { name: 'n', createdAt: noon + 3 }))).toBe(true)
    expect((await store.listTokens()).map(({ id }) => id)).toEqual(['d', 'c', 'a'])
  })

  test('takes its sessions along', async () => {
    const store = openStore()
    await store.saveToken(makeToken('a', { expiresAt: noon + hourMs }))
    await store.saveSession(makeSession('s', { holder: { type: 'token', tokenId: 'a' } }), 10)
    expect(await store.readSession('digest of s', noon)).toMatchObject({ name: 'a', role: 'viewer' })
    expect(await store.readSession('digest of s', noon + hourMs)).toBeNull()
    await store.revokeToken('a', noon)
    expect(await store.listSessions(null, noon, 10)).toEqual([])
  })
})

describe('users', () => {
  test('keep an admin among them', async () => {
    const store = openStore()
    await store.createUser(makeUser('a'))
    await store.createUser(makeUser('b', { role: 'viewer' }))
    expect(await store.createUser(makeUser('a'))).toBe(false)
    expect(await store.createUser(makeUser('c'), { onlyIfFirst: true })).toBe(false)
    expect(await store.saveUserRole('a', 'operator', noon)).toBe('last_admin')
    expect(await store.saveUserRole('a', 'admin', noon)).toBe('saved')
    expect(await store.deleteUser('a')).toBe('last_admin')
    expect(await store.deleteUser('nobody')).toBe('missing')
    expect(await store.saveUserRole('b', 'admin', noon + 1)).toBe('saved')
    expect(await store.deleteUser('a')).toBe('deleted')
    expect(await store.listUsers()).toEqual([makeUser('b', { changedAt: noon + 1 })])
  })

  test('lose their sessions with their password, and with themselves', async () => {
    const store = openStore()
    await store.createUser(makeUser('Tim "T"'))
    await store.createUser(makeUser('b'))
    for (const id of ['s1', 's2']) await store.saveSession(makeSession(id), 10)
    const change = { name: 'Tim "T"', passwordHash: 'other', keepSession: 's2', now: noon }
    expect(await store.saveUserPassword(change)).toBe(true)
    expect((await store.listSessions(null, noon, 10)).map(({ id }) => id)).toEqual(['s2'])
    await store.deleteUser('Tim "T"')
    await store.createUser(makeUser('Tim "T"'))
    expect(await store.readSession('digest of s2', noon)).toBeNull()
    expect(await store.saveUserPassword({ ...change, name: 'nobody' })).toBe(false)
  })
})

describe('sessions', () => {
  test('are bounded: those longest not seen end', async () => {
    const store = openStore()
    await store.createUser(makeUser('Tim "T"'))
    for (const id of ['s1', 's2', 's3']) await store.saveSession(makeSession(id), 3)
    await store.saveSessionUse('s1', noon + 1)
    await store.saveSession(makeSession('s4', { lastSeenAt: noon + 2 }), 3)
    expect((await store.listSessions(null, noon, 10)).map(({ id }) => id)).toEqual(['s4', 's3', 's1'])
  })

  test('are told apart by whose they are', async () => {
    const store = openStore()
    await store.createUser(makeUser('Tim "T"'))
    const owner = { type: 'owner' as const, ownerDigest: 'o' }
    await store.saveSession(makeSession('s1'), 10)
    await store.saveSession(makeSession('s2', { holder: owner }), 10)
    expect(await store.listSessions(owner, noon, 10)).toMatchObject([{ id: 's2', name: null, role: 'admin' }])
    expect(await store.endSessionsOf(owner, null)).toBe(1)
    expect(await store.endSession('s2')).toBe(false)
    expect(await store.endSession('s1')).toBe(true)
  })
})

test('a code counts once, and until it is over; the oldest go first', async () => {
  const store = openStore()
  const save = (digest: string, expiresAt: number) => store.saveSignInCode({ digest, createdBy: 'test', expiresAt }, 2)
  await save('a', noon + 1)
  expect(await store.useSignInCode('a', noon + 1)).toBe(false)
  expect(await store.useSignInCode('a', noon)).toBe(true)
  expect(await store.useSignInCode('a', noon)).toBe(false)
  for (const [index, digest] of ['b', 'c', 'd'].entries()) await save(digest, noon + index + 1)
  expect(await store.isSignInCode('b', noon)).toBe(false)
  expect(await store.isSignInCode('c', noon)).toBe(true)
})

test('retention forgets what counts no more, and nothing else', async () => {
  const store = openStore()
  await store.createUser(makeUser('Tim "T"'))
  await store.saveToken(makeToken('kept'))
  await store.saveToken(makeToken('young', { expiresAt: noon - 1 }))
  await store.saveToken(makeToken('expired', { expiresAt: noon - 2 * dayMs }))
  await store.saveToken(makeToken('revoked', { expiresAt: noon + dayMs }))
  await store.revokeToken('revoked', noon - 2 * dayMs)
  await store.saveSession(makeSession('s1'), 10)
  await store.saveSession(makeSession('s2', { lastSeenAt: noon - dayMs }), 10)
  await store.saveSession(makeSession('s3', { expiresAt: noon }), 10)
  await store.saveSignInCode({ digest: 'a', createdBy: 'test', expiresAt: noon }, 10)
  await store.saveSignInCode({ digest: 'b', createdBy: 'test', expiresAt: noon + 1 }, 10)
  const rule = { now: noon, seenBefore: noon - hourMs, tokensBefore: noon - dayMs, limit: 100 }
  expect(await store.forgetIdentities(rule)).toBe(5)
  expect(await store.forgetIdentities(rule)).toBe(0)
  expect((await store.listTokens()).map(({ id }) => id)).toEqual(['young', 'kept'])
  expect((await store.listSessions(null, noon, 10)).map(({ id }) => id)).toEqual(['s1'])
  expect(await store.isSignInCode('b', noon)).toBe(true)
})
