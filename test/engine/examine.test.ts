import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { examineDatabase } from '#src/engine/database-check.js'
import { examineChannels, examineClock, examineLoad, examineQueue } from '#src/engine/examine-gateway.js'
import {
  closeFolder,
  examineCertificate,
  examineDisk,
  examineFolder,
  examineNames,
} from '#src/engine/examine-machine.js'
import { ensureCertificate } from '#src/receive/certificate.js'
import { openSqliteStore } from '#src/store/sqlite/sqlite-store.js'
import { statMeasures } from '#src/store/stats-store.js'
import { openSettings } from '../receive/open-settings.js'

const noon = Date.parse('2026-01-31T12:00:00Z')
const minuteMs = 60_000

describe('the clock', () => {
  test.each([
    [null, 'ok', 'nothing to hold it against'],
    [noon - minuteMs, 'ok', 'agrees'],
    [noon + 30_000, 'ok', 'agrees'],
    [noon + 3_600_000, 'bad', '1h after that'],
    [noon - 3_600_000, 'bad', 'last there 1h ago'],
  ])('with a heartbeat of %s is %s', (heartbeat, state, words) => {
    expect(examineClock(heartbeat, noon)).toMatchObject({ state, text: expect.stringContaining(words) })
  })
})

test('what waits for long is told', () => {
  expect(examineQueue({ oldest_waiting_at: null }, noon).state).toBe('ok')
  expect(examineQueue({ oldest_waiting_at: new Date(noon - minuteMs).toISOString() }, noon).state).toBe('ok')
  expect(examineQueue({ oldest_waiting_at: new Date(noon - 20 * minuteMs).toISOString() }, noon).text).toContain('20m')
})

test('a refused config is bad, and one with warnings worth a look', () => {
  const load = { id: '1', at: '2026-01-31T12:00:00.000Z', actor: 'watch', hash: null, routes: null, issues: [] }
  expect(examineLoad(load, 0).state).toBe('bad')
  expect(examineLoad({ ...load, hash: 'abc' }, 2)).toMatchObject({
    state: 'warn',
    hint: 'mailtrigger check shows them',
  })
  expect(examineLoad(undefined, 0).state).toBe('ok')
})

describe('channels', () => {
  const zeros = Object.fromEntries(statMeasures.map((measure) => [measure, 0])) as Record<
    (typeof statMeasures)[number],
    number
  >
  const channels = [
    { name: 'a', problem: null },
    { name: 'b', problem: null },
  ]
  const did = (name: string, counts: Partial<typeof zeros>) => ({ name, counts: { ...zeros, ...counts } })
  test.each([
    ['nothing happened', [], [], 'ok'],
    ['some failed', [], [did('a', { sent: 1, attempts_failed: 9 })], 'ok'],
    ['all failed', [], [did('a', { attempts_failed: 1 }), did('b', { sent: 1 })], 'bad'],
    ['one is paused', [{ channel: 'a', until: null, reason: 'x' }], [did('a', { attempts_failed: 1 })], 'warn'],
  ])('when %s', (_, pauses, points, state) => {
    expect(examineChannels(channels, pauses, points).state).toBe(state)
  })
  test('one that cannot be used is bad', () => {
    const broken = [{ name: 'a', problem: 'its secret cannot be opened' }]
    expect(examineChannels(broken, [], [])).toMatchObject({ state: 'bad', text: 'a cannot be used' })
  })
})

describe('on the machine', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailtrigger-doctor-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('files that others may read are found, and closed', async () => {
    expect((await examineFolder(folder)).state).toBe('ok')
    writeFileSync(join(folder, 'token'), 'secret', { mode: 0o644 })
    chmodSync(folder, 0o755)
    const found = await examineFolder(folder)
    expect(found).toMatchObject({ state: 'bad', fixable: true })
    expect(found.text).toMatch(/the folder itself, token/)
    expect(await closeFolder(folder)).toBe(2)
    expect((await examineFolder(folder)).state).toBe('ok')
    expect(await closeFolder(folder)).toBe(0)
    expect((await examineFolder(join(folder, 'nowhere'))).state).toBe('warn')
  })

  test('the disk has room, and says how much', async () => {
    const full = { dataFolder: folder, freeBytesMin: Number.MAX_SAFE_INTEGER }
    expect((await examineDisk({ ...full, freeBytesMin: 0 })).text).toMatch(
      /^\d.* of \d.* are free under the data folder$/,
    )
    expect(await examineDisk(full)).toMatchObject({
      state: 'bad',
      text: expect.stringContaining('no mail is taken in'),
    })
  })

  test('a certificate that ends soon, or is over, or is none', async () => {
    const server = { dataFolder: folder, smtp: openSettings }
    expect((await examineCertificate(server, noon)).text).toContain('cannot be read: ENOENT')
    await ensureCertificate(folder, null, 'mail.example.com', () => noon)
    const dayMs = 86_400_000
    expect((await examineCertificate(server, noon)).state).toBe('ok')
    expect((await examineCertificate(server, noon + 345 * dayMs)).state).toBe('warn')
    expect(await examineCertificate(server, noon + 400 * dayMs)).toMatchObject({ state: 'bad' })
    writeFileSync(join(folder, 'smtp-cert.pem'), 'nonsense')
    expect((await examineCertificate(server, noon)).state).toBe('bad')
  })

  test('names are looked up, addresses are not', async () => {
    expect((await examineNames(['http://127.0.0.1:1/', 'http://[::1]/', 'no url'])).text).toContain('names no host')
    expect((await examineNames(['http://localhost:1/'])).state).toBe('ok')
    expect(await examineNames(['http://nowhere.invalid/secret', 'http://localhost/'])).toMatchObject({
      state: 'warn',
      text: 'cannot be looked up: nowhere.invalid',
    })
  })

  test('a database is whole, damaged, or not there', async () => {
    const signal = AbortSignal.timeout(20_000)
    expect((await examineDatabase(folder, signal)).text).toContain('there is none yet')
    const store = openSqliteStore(folder, () => noon)
    for (let n = 0; n < 500; n++) await store.saveHeartbeat(n)
    await store.close()
    expect(await examineDatabase(folder, signal)).toMatchObject({ state: 'ok', text: 'is whole' })
    writeFileSync(join(folder, 'mailtrigger.sqlite3'), Buffer.alloc(50_000, 'x'))
    const damaged = await examineDatabase(folder, signal)
    expect(damaged).toMatchObject({ state: 'bad' })
    expect(damaged.text).toMatch(/is damaged: .*not a database/)
  })
})
