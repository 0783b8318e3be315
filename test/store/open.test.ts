import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { StoreError } from '#src/domain/errors.js'
import { openSqlite } from '#src/store/sqlite/binding.js'
import { migrations } from '#src/store/sqlite/migrations.js'
import { notificationSchema } from '#src/store/sqlite/notification-schema.js'
import { openDatabase } from '#src/store/sqlite/open-database.js'
import { openSqliteStore } from '#src/store/sqlite/sqlite-store.js'
import {
  claimDelivery,
  claimMail,
  deliveryClaim,
  mailClaim,
  makeDelivery,
  makeFolder,
  makeRaw,
  makeRouting,
  noon,
  openStore,
  saveRouted,
} from './store-fixture.js'

const storeModule = fileURLToPath(import.meta.resolve('#src/store/sqlite/sqlite-store.js'))

describe('the database file', () => {
  test('is power-safe: every connection of ours runs in WAL mode with synchronous=FULL', () => {
    const database = openDatabase(join(makeFolder(), 'a.sqlite3'))
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(database.pragma('synchronous', { simple: true })).toBe(2)
    database.close()
  })

  test('and what SQLite writes beside it can be read by the owner alone', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    await store.saveMails([makeRaw('m1')])
    const modes = readdirSync(folder)
      .filter((name) => name.startsWith('mailtrigger.sqlite3'))
      .map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)])
    expect(modes).toEqual([
      ['mailtrigger.sqlite3', '600'],
      ['mailtrigger.sqlite3-shm', '600'],
      ['mailtrigger.sqlite3-wal', '600'],
    ])
  })

  test('is brought up to date step by step', async () => {
    const folder = makeFolder()
    const old = openSqlite(join(folder, 'mailtrigger.sqlite3'))
    old.exec(migrations[0] ?? '')
    old.pragma('user_version = 1')
    old.close()
    const store = openStore(folder)
    await saveRouted(store, 'm1', [makeDelivery()])
    expect((await store.readMail('m1'))?.delivery_list).toHaveLength(1)
  })

  test('gives the notifications of an older version the state their deliveries have', async () => {
    const folder = makeFolder()
    const old = openSqlite(join(folder, 'mailtrigger.sqlite3'))
    const before = migrations.indexOf(notificationSchema)
    for (const step of migrations.slice(0, before)) old.exec(step)
    old.pragma(`user_version = ${before}`)
    const statuses = { n1: ['sent', 'sent'], n2: ['queued', 'sent'], n3: ['dead', 'processing'], n4: [] }
    for (const [id, all] of Object.entries(statuses)) {
      old
        .prepare(
          `INSERT INTO notifications (id, mail_id, run_id, generation, route, severity, fingerprint, labels, message, created_at)
           VALUES (?, 'm1', ?, 0, ?, 'error', 'f', '{}', '{"title":"T"}', 5)`,
        )
        .run(id, id === 'n1' ? 'r1' : null, id)
      for (const [index, status] of all.entries()) {
        old
          .prepare(
            `INSERT INTO deliveries (id, notification_id, route, channel, status, retry_ms, dedupe_key, created_at, updated_at)
             VALUES (?, ?, 'a', 'ops', ?, '[]', ?, 5, 5)`,
          )
          .run(`${id}-${index}`, id, status, `${id}-${index}`)
      }
    }
    old.close()
    const store = openStore(folder)
    const { items } = await store.listNotifications({ limit: 9 })
    expect(items.map(({ id, status, source }) => `${id} ${status} ${source}`)).toEqual([
      'n4 suppressed mail',
      'n3 dead mail',
      'n2 queued mail',
      'n1 sent run',
    ])
    expect(await store.resolveNotifications(['n4'], 'x', noon)).toMatchObject({ fates: [] })
    expect((await store.readNotification('n1'))?.delivery_list).toMatchObject([
      { purpose: 'alert' },
      { purpose: 'alert' },
    ])
  })

  test('answers what is asked often by an index', () => {
    const database = openDatabase(join(makeFolder(), 'a.sqlite3'))
    const plans = {
      notification_states_open: `SELECT id FROM notification_states WHERE fingerprint = ? AND opens = 1
        AND status NOT IN ('resolved', 'suppressed') ORDER BY id DESC LIMIT 1`,
      holds_due: 'SELECT * FROM holds WHERE released_at IS NULL AND until <= ? ORDER BY until LIMIT 1',
      hold_recoveries_recorded: 'SELECT 1 FROM hold_recoveries WHERE recorded_at < ? ORDER BY recorded_at LIMIT 8',
      dedupe_keys_over: `SELECT key FROM dedupe_keys WHERE suppressed = 0 AND until IS NOT NULL AND until <= ? LIMIT 8`,
      dedupe_keys_notification: 'SELECT 1 FROM dedupe_keys WHERE notification_id = ? AND until IS NULL',
      digest_groups_due: 'SELECT * FROM digest_groups WHERE due_at <= ? ORDER BY due_at, route, key LIMIT 5',
      digest_items_group: 'SELECT 1 FROM digest_items WHERE route = ? AND key = ? ORDER BY notification_id LIMIT 500',
      notification_states_unacknowledged: `SELECT id FROM notification_states WHERE offers_ack = 1 AND status = 'sent'
        ORDER BY id DESC LIMIT 5`,
      notification_states_status: 'SELECT id FROM notification_states WHERE status = ? ORDER BY id DESC LIMIT 5',
      notification_states_digest: 'SELECT id FROM notification_states WHERE digest_id = ?',
      deliveries_notification: `SELECT 1 FROM deliveries WHERE notification_id = ? AND purpose = 'alert' AND status = ?`,
    }
    for (const [index, statement] of Object.entries(plans)) {
      const plan = database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${statement}`)
      const parameters = statement.match(/\?/g)?.map(() => 1) ?? []
      const [line] = plan.all(...parameters)
      expect(line?.detail, statement).toMatch(new RegExp(`(SEARCH|SCAN).*USING.*INDEX ${index}\\b`))
    }
    database.close()
  })

  test('of a newer version is refused, and the folder is free again', () => {
    const folder = makeFolder()
    const newer = openSqlite(join(folder, 'mailtrigger.sqlite3'))
    newer.pragma(`user_version = ${migrations.length + 1}`)
    newer.close()
    expect(() => openStore(folder)).toThrow(/newer version/)
    const mended = openSqlite(join(folder, 'mailtrigger.sqlite3'))
    mended.pragma('user_version = 0')
    mended.close()
    expect(() => openStore(folder)).not.toThrow()
  })

  test('that is none is refused in words', () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'mailtrigger.sqlite3'), 'this is no database, '.repeat(100))
    expect(() => openStore(folder)).toThrow(/cannot open .*not a database/)
  })

  test('where no folder can be made is refused in words', () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'file'), '')
    expect(() => openStore(join(folder, 'file'))).toThrow(StoreError)
    expect(() => openStore(join(folder, 'file', 'data'))).toThrow(/cannot make the data folder/)
  })

  test.skipIf(process.getuid?.() === 0)('in a folder that cannot be written is refused in words', () => {
    const folder = makeFolder()
    chmodSync(folder, 0o500)
    expect(() => openStore(folder)).toThrow(/cannot lock/)
    chmodSync(folder, 0o700)
  })
})

describe('one process at a time', () => {
  test('a second handle of the same process is refused, until the first is closed', async () => {
    const folder = makeFolder()
    const first = openStore(folder)
    expect(() => openSqliteStore(folder, () => noon)).toThrow(/another mailtrigger is using this data folder/)
    await first.close()
    expect(() => openStore(folder)).not.toThrow()
  })

  test('a second process is refused, and kill -9 of the first frees the folder', async () => {
    const folder = makeFolder()
    const script = `import { openSqliteStore } from ${JSON.stringify(storeModule)}
      const store = openSqliteStore(${JSON.stringify(folder)}, Date.now)
      await store.saveMails([{ id: 'm1', receivedAt: 1, envelope: { to: [] }, raw: new Uint8Array(3) }])
      console.log('open')
      setInterval(() => undefined, 1_000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    expect(() => openSqliteStore(folder, () => noon)).toThrow(/another mailtrigger/)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const store = openStore(folder)
    expect((await store.claimMails(mailClaim)).map((mail) => mail.id)).toEqual(['m1'])
  })
})

describe('opening again', () => {
  test('finds what was saved', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    await store.saveMails([makeRaw('m1')])
    await store.close()
    const again = openStore(folder)
    expect(Buffer.from((await again.readRawMail('m1'))?.raw ?? [])).toEqual(Buffer.from(makeRaw('m1').raw))
  })

  test('releases the leases of the process before, with the attempts still counted', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    await saveRouted(store, 'm1', [makeDelivery()])
    await store.saveMails([makeRaw('m2')])
    const mail = await claimMail(store)
    const delivery = await claimDelivery(store)
    await store.close()

    const again = openStore(folder)
    const [mailAgain] = await again.claimMails({ ...mailClaim, owner: 'next' })
    const [deliveryAgain] = await again.claimDeliveries({ ...deliveryClaim, owner: 'next' })
    expect(mailAgain).toMatchObject({ id: 'm2', attempts: 2, owner: 'next' })
    expect(deliveryAgain).toMatchObject({ id: delivery.id, attempts: 2, counted: 2 })
    expect(await again.commitRouting(makeRouting(mail))).toBe(false)
  })

  test('a closed store says so, and closing waits for what was asked before', async () => {
    const store = openStore()
    const saved = store.saveMails([makeRaw('m1')])
    await store.close()
    await expect(saved).resolves.toBeUndefined()
    await expect(store.saveMails([makeRaw('m2')])).rejects.toThrow(StoreError)
  })

  test('an open store does not keep a process alive', () => {
    const script = `import { openSqliteStore } from ${JSON.stringify(storeModule)}
      const store = openSqliteStore(${JSON.stringify(makeFolder())}, Date.now)
      await store.nextMailDueAt()`
    expect(() =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 }),
    ).not.toThrow()
  })
})
