import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import { guest, writeWat } from '../wasm/guests.js'
import { openSandbox } from './sandbox-fixture.js'

let box: ReturnType<typeof openSandbox>
beforeAll(() => {
  box = openSandbox({ databaseBytesMax: 1024 * 1024 })
})
afterAll(() => box.stop())

async function failureOf(work: Promise<unknown>): Promise<SandboxError> {
  const error = await work.then(
    () => new Error('it went well'),
    (failed: unknown) => failed,
  )
  if (error instanceof SandboxError) return error
  throw error
}

const run = (body: string) => guest(`(func (export "run") (result i32) ${body})`)
const wasi = (name: string, type: string, body: string) =>
  run(body).replace('(module', `(module (import "wasi_snapshot_preview1" "${name}" (func $wasi ${type}))`)

describe('a statement that would leave the database or the transaction is refused, by query and by exec', () => {
  const outside = () => join(box.folder, 'outside')
  const statements = (): string[] => [
    `ATTACH '${outside()}' AS x`,
    `/* SELECT */ aTtAcH DATABASE '${outside()}' AS x`,
    `\uFEFF;;-- SELECT\nATTACH '${outside()}' AS x`,
    `SELECT 1; ATTACH '${outside()}' AS x`,
    `EXPLAIN ATTACH '${outside()}' AS x`,
    `WITH a AS (SELECT 1) ATTACH '${outside()}' AS x`,
    `CREATE TRIGGER r AFTER INSERT ON t BEGIN ATTACH '${outside()}' AS x; END`,
    `VACUUM INTO '${outside()}'`,
    `--\nvacuum main into '${outside()}'`,
    'PRAGMA writable_schema = ON',
    'EXPLAIN PRAGMA writable_schema = ON',
    'EXPLAIN QUERY PLAN PRAGMA trusted_schema = ON',
    'PRAGMA max_page_count = 1000000000',
    '/**/PRAGMA/**/journal_mode = DELETE',
    'BEGIN',
    'COMMIT',
    ';COMMIT',
    'END TRANSACTION',
    'ROLLBACK',
    'SAVEPOINT a',
    'RELEASE a',
    'DETACH main',
    "SELECT load_extension('/tmp/x.so')",
    "SELECT writefile('/tmp/x', 'x')",
    "SELECT edit('x')",
    "SELECT fts3_tokenizer('x', x'0000000000000000')",
    "CREATE VIRTUAL TABLE v USING csv(filename='/etc/passwd')",
    "CREATE VIRTUAL TABLE v USING zipfile('/tmp/x.zip')",
    "UPDATE sqlite_schema SET sql = 'x'",
    'DELETE FROM sqlite_schema',
  ]

  it('and nothing is written outside, and the run goes on', async () => {
    const body = `mailtrigger.db.exec('CREATE TABLE t (a)')
      for (const sql of ${JSON.stringify(statements())}) for (const call of ['query', 'exec']) {
        try { mailtrigger.db[call](sql); console.log('done: ' + call + ' ' + sql) } catch {}
      }
      mailtrigger.db.exec('INSERT INTO t VALUES (7)')`
    const result = await box.runBody('statements', body)
    expect(result.logs.map(({ message }) => message)).toEqual([])
    expect(readdirSync(box.folder)).not.toContain('outside')
    const { rows } = await box.sandbox.query(box.databasePath('statements'), 'SELECT * FROM t', 10)
    expect(rows).toEqual([[7]])
  })

  it('and where the database lies is nobody’s business', async () => {
    const result = await box.runBody(
      'places',
      `for (const sql of ['SELECT * FROM pragma_database_list', 'SELECT sqlite_source_id() AS a']) {
        try { console.log(JSON.stringify(mailtrigger.db.query(sql))) } catch (error) { console.log(error.message) }
      }`,
    )
    expect(JSON.stringify(result.logs)).not.toContain(box.folder)
  })
})

describe('a job that', () => {
  const hostile: [name: string, wat: string, kind: string, words: RegExp][] = [
    [
      'loops in its start function',
      guest('(func $s (loop $l (br $l))) (start $s) (func (export "run") (result i32) (i32.const 0))'),
      'timeout',
      /2000 ms/,
    ],
    ['exits', wasi('proc_exit', '(param i32)', '(call $wasi (i32.const 0)) (i32.const 0)'), 'trap', /exit\(0\)/],
    [
      'recurses without end',
      guest(
        '(func $f (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0)))) (func (export "run") (result i32) (call $f (i32.const 0)))',
      ),
      'trap',
      /stack overflow/,
    ],
    [
      'takes all host memory',
      run('(loop $l (drop (call $alloc (i64.const 1000000))) (br $l)) (i32.const 0)'),
      'trap',
      /host memory/,
    ],
    ['reads out of bounds', run('(i32.load (i32.const -8))'), 'trap', /out of bounds/],
  ]
  for (const [name, wat, kind, words] of hostile) {
    it(`${name} fails with ${kind}, and leaves its database as it was`, async () => {
      const path = await writeWat(box.folder, name.replace(/\W+/g, '-'), wat)
      const database = box.databasePath('hostile')
      const error = await failureOf(box.runModule(path, { database, timeoutMs: kind === 'timeout' ? 2_000 : 20_000 }))
      expect(error.message).toMatch(words)
      expect(error.kind).toBe(kind)
      expect(await box.sandbox.readReport(database)).toBeNull()
    })
  }

  it('calls a host function with an address that is none changes nothing', async () => {
    const wat = run('(drop (call $db (i64.const 0x7fff000000000000))) (i32.const 0)').replace(
      '(module',
      '(module (import "mailtrigger" "db_exec" (func $db (param i64) (result i64)))',
    )
    const database = box.databasePath('nowhere')
    const result = await box.runModule(await writeWat(box.folder, 'nowhere', wat), { database })
    expect(result.report).toMatchObject({ notifications: [], rows_changed: 0 })
  })

  it('fills its memory fails, and what it wrote and raised is gone', async () => {
    const error = await failureOf(
      box.runBody(
        'bomb',
        `mailtrigger.db.exec('CREATE TABLE t (a)'); mailtrigger.notify({ title: 'x' })
        const all = []; for (;;) all.push(new Array(100000).fill(1.5))`,
      ),
    )
    expect(error.kind).toBe('trap')
    const database = box.databasePath('bomb')
    expect(await box.sandbox.readReport(database)).toBeNull()
    expect((await box.sandbox.query(database, 'SELECT name FROM sqlite_schema', 10)).rows).toEqual([])
  })

  it('floods the log is heard up to the limit', async () => {
    const { logs } = await box.runBody('flood', "for (let n = 0; n < 20000; n++) console.log('x'.repeat(1000))")
    expect(logs.reduce((sum, { message }) => sum + message.length, 0)).toBeLessThanOrEqual(70_000)
    expect(logs.at(-1)).toMatchObject({ level: 'warn', message: expect.stringContaining('too much') })
  })

  it('says the wrong things to the host hears why, and goes on', async () => {
    const { logs, report } = await box.runBody(
      'wrong',
      `const calls = [
        () => mailtrigger.notify({ title: 'a', to: Array.from({ length: 100000 }, (_, n) => 'a' + n + '@x.example') }),
        () => mailtrigger.notify({ title: 'x'.repeat(1000000) }),
        () => mailtrigger.notify({ title: 'a', to: 'tim@x.example\\r\\nBcc: all@x.example' }),
        () => mailtrigger.mail.get('../../etc/passwd'),
        () => mailtrigger.mail.get({ length: 5 }),
        () => mailtrigger.mail.search({ from: '*'.repeat(10000), limit: -1 }),
        () => mailtrigger.people.get('__proto__'),
        () => mailtrigger.db.query('SELECT 1', { __proto__: null, constructor: 1 }),
      ]
      for (const call of calls) try { const got = call(); if (got !== null) console.log('got ' + JSON.stringify(got)) } catch {}
      console.log('done')`,
    )
    expect(logs.at(-1)?.message).toBe('done')
    expect(
      logs
        .slice(0, -1)
        .map(({ message }) => message)
        .filter((line) => !line.startsWith('got [{"1":1')),
    ).toEqual([])
    expect(report.notifications).toEqual([])
  })
})
