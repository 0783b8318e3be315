import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import { type SinkReply, startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { openSandbox } from './sandbox-fixture.js'

const databaseBytesMax = 1024 * 1024
let box: ReturnType<typeof openSandbox>
let server: WebhookSink
beforeAll(async () => {
  box = openSandbox({ databaseBytesMax })
  server = await startWebhookSink()
})
afterAll(async () => {
  await box.stop()
  await server.stop()
})

const tryAll = (...calls: string[]): string =>
  `for (const call of [${calls.map((call) => `() => ${call}`).join(', ')}]) {
    try { console.log(JSON.stringify(call())) } catch (error) { console.log('! ' + error.message) }
  }`
const linesOf = ({ logs }: { logs: { message: string }[] }): string[] => logs.map(({ message }) => message)

async function failureOf(work: Promise<unknown>): Promise<SandboxError> {
  const error = await work.then(
    () => new Error('it went well'),
    (failed: unknown) => failed,
  )
  if (error instanceof SandboxError) return error
  throw error
}

describe('the database', () => {
  it('keeps what a run wrote, for the next', async () => {
    const body = `mailtrigger.db.exec('CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT)')
      const done = mailtrigger.db.exec('INSERT INTO t (b) VALUES (?), (:two)'.replace(':two', '?'), ['x', null])
      console.log(JSON.stringify(done))
      console.log(JSON.stringify(mailtrigger.db.exec('UPDATE t SET b = $b RETURNING a', { b: true })))
      console.log(JSON.stringify(mailtrigger.db.query('SELECT * FROM t')))`
    const first = await box.runBody('keeps', body)
    expect(linesOf(first)).toEqual([
      '{"changes":2,"last_insert_rowid":2}',
      '{"changes":2,"last_insert_rowid":2}',
      '[{"a":1,"b":"1"},{"a":2,"b":"1"}]',
    ])
    expect(first.report.rows_changed).toBe(4)
    await box.sandbox.clearReport(box.databasePath('keeps'), first.report.run_id)
    const second = await box.runBody('keeps', body)
    expect(linesOf(second)[2]).toContain('"a":4')
  })

  it('says what it does not do', async () => {
    const result = await box.runBody(
      'limits',
      tryAll(
        "mailtrigger.db.exec('CREATE TABLE t (a)')",
        "mailtrigger.db.query('INSERT INTO t VALUES (1)')",
        "mailtrigger.db.query('SELECT 1; SELECT 2')",
        "mailtrigger.db.query('SELECT x\\'00ff\\' AS b')",
        "mailtrigger.db.query('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n')",
        "mailtrigger.db.query('SELECT hex(zeroblob(600000)) AS big')",
        "mailtrigger.db.query('SELECT ?', [{}])",
        'mailtrigger.db.query(1)',
        "mailtrigger.db.query('SELECT load_extension(?)', ['/tmp/x.so'])",
        "mailtrigger.db.query('SELECT readfile(?)', ['/etc/passwd'])",
        "mailtrigger.db.exec('CREATE TABLE _MailTrigger_outbox (a)')",
        "mailtrigger.db.query('SELECT count(*) AS n FROM t')",
      ),
    )
    const lines = linesOf(result)
    expect(lines[0]).toContain('changes')
    expect(lines.slice(1, 11).every((line) => line.startsWith('! '))).toBe(true)
    expect(lines[4]).toContain('use LIMIT')
    expect(lines[5]).toContain('use LIMIT')
    expect(lines[10]).toContain('reserved')
    expect(lines[11]).toBe('[{"n":0}]')
  })

  it('cannot outgrow its cap, and what went too far is rolled back', async () => {
    await box.runBody(
      'full',
      "mailtrigger.db.exec('CREATE TABLE t (a)'); mailtrigger.db.exec('INSERT INTO t VALUES (1)')",
      {
        runId: 'a',
      },
    )
    await box.sandbox.clearReport(box.databasePath('full'), 'a')
    const error = await failureOf(
      box.runBody('full', "for (;;) mailtrigger.db.exec('INSERT INTO t VALUES (hex(randomblob(9000)))')"),
    )
    expect(error.message).toContain('the database is full')
    expect((await box.sandbox.query(box.databasePath('full'), 'SELECT * FROM t', 10)).rows).toEqual([[1]])
  })

  test.each(['INSERT OR ROLLBACK INTO t VALUES (1)', 'UPDATE OR ROLLBACK t SET a = 1'])(
    'a statement that ends the transaction ends the run: %s',
    async (statement) => {
      const error = await failureOf(
        box.runBody(
          'rollback',
          `mailtrigger.db.exec('CREATE TABLE t (a UNIQUE)')
          mailtrigger.db.exec('INSERT INTO t VALUES (1), (2)')
          try { mailtrigger.db.exec('${statement}') } catch {}
          try { mailtrigger.db.exec('CREATE TABLE left_behind (a)') } catch {}`,
        ),
      )
      expect(error.message).toContain('a run is one transaction')
      expect(
        (await box.sandbox.query(box.databasePath('rollback'), 'SELECT name FROM sqlite_schema', 10)).rows,
      ).toEqual([])
    },
  )

  test.each([
    [
      'an endless query',
      "mailtrigger.db.query('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n')",
    ],
    ['an endless loop', 'for (;;) {}'],
  ])('%s is killed at the deadline, and nothing of the run stays', async (_, call) => {
    const body = `mailtrigger.db.exec('CREATE TABLE t (a)'); mailtrigger.notify({ title: 'x' }); console.log('here'); ${call}`
    const error = await failureOf(box.runBody('endless', body, { timeoutMs: 4_000 }))
    expect(error.kind).toBe('timeout')
    expect(linesOf(error)).toEqual(['here'])
    expect(await box.sandbox.readReport(box.databasePath('endless'))).toBeNull()
    expect((await box.sandbox.query(box.databasePath('endless'), 'SELECT name FROM sqlite_schema', 10)).rows).toEqual(
      [],
    )
  })

  it('is rolled back when the guest throws, and the error names its line', async () => {
    const error = await failureOf(
      box.runBody('throws', "mailtrigger.db.exec('CREATE TABLE t (a)')\nthrow new Error('no owner')"),
    )
    expect(error.kind).toBe('trap')
    expect(error.message).toMatch(/no owner \(throws\.ts:4:\d+\)/)
    expect((await box.sandbox.query(box.databasePath('throws'), 'SELECT name FROM sqlite_schema', 10)).rows).toEqual([])
  })

  test.each([
    ['is no SQLite file', Buffer.from('this is no database at all, '.repeat(50)), 'no SQLite database'],
    ['is torn', null, 'corrupt'],
  ])('that %s is refused, with words for it', async (_, bytes, words) => {
    const path = box.databasePath(`broken-${words.length}`)
    writeFileSync(path, bytes ?? (await tornDatabase()))
    expect((await failureOf(box.sandbox.check(path))).message).toContain(words)
    const run = await failureOf(
      box.runBody(`broken-${words.length}`, "mailtrigger.db.query('SELECT * FROM t')", { database: path }),
    )
    expect(run.message).toMatch(/no SQLite database|corrupt|malformed/)
  })

  it('that is larger than allowed is refused', async () => {
    const large = openSandbox()
    try {
      await large.runBody(
        'big',
        "mailtrigger.db.exec('CREATE TABLE t (a)'); mailtrigger.db.exec('INSERT INTO t VALUES (zeroblob(2000000))')",
      )
      expect((await failureOf(box.sandbox.check(large.databasePath('big')))).message).toContain('at most 1048576')
    } finally {
      await large.stop()
    }
  })

  async function tornDatabase(): Promise<Buffer> {
    const { report } = await box.runBody(
      'torn',
      `mailtrigger.db.exec('CREATE TABLE t (a)')
      for (let i = 0; i < 50; i++) mailtrigger.db.exec('INSERT INTO t VALUES (hex(randomblob(2000)))')`,
    )
    await box.sandbox.clearReport(box.databasePath('torn'), report.run_id)
    const copy = box.databasePath('torn-copy')
    await box.sandbox.copy(box.databasePath('torn'), copy)
    const bytes = readFileSync(copy)
    bytes.fill(0x5a, 4_096, bytes.length - 8_192)
    return bytes
  }
})

describe('questions from outside', () => {
  it('read only, and end', async () => {
    const { report } = await box.runBody(
      'asked',
      "mailtrigger.db.exec('CREATE TABLE t (a, b)'); mailtrigger.db.exec('INSERT INTO t VALUES (1, x\\'ff\\'), (2, NULL)')",
    )
    await box.sandbox.clearReport(box.databasePath('asked'), report.run_id)
    const ask = (sql: string, rowsMax = 10) => box.sandbox.query(box.databasePath('asked'), sql, rowsMax)
    expect(await ask('SELECT a, b FROM t', 1)).toEqual({ columns: ['a', 'b'], rows: [[1, "x'ff'"]], truncated: true })
    for (const sql of [
      'DELETE FROM t',
      'WITH x AS (SELECT 1) DELETE FROM t RETURNING a',
      'ATTACH ? AS x',
      'PRAGMA query_only = OFF',
    ]) {
      expect((await failureOf(ask(sql))).kind).toBe('rejected')
    }
    const late = await failureOf(
      ask('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n'),
    )
    expect(late).toMatchObject({ kind: 'timeout', message: 'no result within 2000 ms' })
    expect((await ask('SELECT count(*) FROM t')).rows).toEqual([[2]])
  })
})

describe('what was raised', () => {
  it('is checked, bounded, and stays in the database until it is taken over', async () => {
    const result = await box.runBody(
      'raises',
      `${tryAll(
        "mailtrigger.notify({ to: 'devops+db', title: 'a', severity: 'high', fingerprint: 'f', channel: 'ops' })",
        'mailtrigger.notify({})',
        "mailtrigger.notify({ title: 'a', severity: 'loud' })",
        "mailtrigger.notify({ title: 'a', channel: 'nowhere' })",
        "mailtrigger.notify({ title: 'a', to: ['not an address'] })",
      )}
      for (let i = 0; i < 19; i++) mailtrigger.notify({ title: 'n' + i })
      ${tryAll("mailtrigger.notify({ title: 'one more' })")}`,
      { runId: 'r1' },
    )
    const lines = linesOf(result)
    expect(lines.slice(1).every((line) => line.startsWith('! notify: ') || line.includes('at most 20'))).toBe(true)
    expect(result.report.notifications).toHaveLength(20)
    expect(result.report.notifications[0]).toEqual({
      to: ['devops+db'],
      title: 'a',
      text: '',
      severity: 'critical',
      fingerprint: 'f',
      channel: 'ops',
    })
    expect(await box.sandbox.readReport(box.databasePath('raises'))).toEqual(result.report)

    const next = await box.runBody('raises', "throw new Error('not run')", { runId: 'r2' })
    expect(next).toMatchObject({ type: 'leftover', report: { run_id: 'r1' } })
    await box.sandbox.clearReport(box.databasePath('raises'), 'r1')
    expect(await box.sandbox.readReport(box.databasePath('raises'))).toBeNull()
    expect(await box.runBody('raises', '', { runId: 'r2' })).toMatchObject({ type: 'finished' })
  })

  it('is forgotten with a database that comes from elsewhere', async () => {
    await box.runBody('foreign', "mailtrigger.notify({ title: 'not ours' })")
    await box.sandbox.check(box.databasePath('foreign'))
    expect(await box.sandbox.readReport(box.databasePath('foreign'))).toBeNull()
  })
})

describe('the network', () => {
  it('is only what allow_hosts names', async () => {
    server.replyWith(
      ({ path }): SinkReply =>
        path === '/moved'
          ? { status: 302, headers: { location: 'http://localhost/' } }
          : path === '/large'
            ? { status: 200, body: 'x'.repeat(1_100_000) }
            : { status: 404, headers: { 'x-a': 'b' }, body: 'nothing' },
    )
    const result = await box.runBody(
      'http',
      `const get = (url) => { const { status, headers, body } = mailtrigger.http({ url }); return [status, headers['x-a'], body] }
      ${tryAll(
        `get('${server.url}/x')`,
        `get('${server.url}/moved')`,
        `get('${server.url}/large')`,
        "get('http://localhost/')",
        "get('file:///etc/passwd')",
        "get('http://127.0.0.1:1/')",
        "mailtrigger.http({ method: 'TRACE', url: 'http://127.0.0.1/' })",
      )}`,
      { surroundings: { allowHosts: [`127.0.0.1:${server.port}`, '127.0.0.1:1'] } },
    )
    const [found, moved, large, other, file, closed, method] = linesOf(result)
    expect(found).toBe('[404,"b","nothing"]')
    expect(moved).toContain('302')
    expect(large).toContain('more than 1048576 bytes')
    expect(other).toBe('! localhost is not in allow_hosts')
    expect(file).toContain('no http(s) URL')
    expect(closed).toMatch(/^! .*127\.0\.0\.1/)
    expect(method).toContain('method')
  })
})

describe('people', () => {
  it('are found by address, in any case, also with a key', async () => {
    const result = await box.runBody(
      'people',
      tryAll(
        "mailtrigger.people.get('TIM@x.example')",
        "mailtrigger.people.get('tim+DB@x.example')",
        "mailtrigger.people.get('no+tim@x.example')",
      ),
    )
    const tim = '{"address":"tim@x.example","name":"Tim","manager":"boss@x.example","channels":["telegram"]}'
    expect(linesOf(result)).toEqual([tim, tim, 'null'])
  })
})

it('ends with its caller, and leaves no half-written files', async () => {
  const abort = new AbortController()
  const running = failureOf(
    box.runBody('aborted', "mailtrigger.db.exec('CREATE TABLE t (a)'); for (;;) {}", {}, abort.signal),
  )
  abort.abort()
  expect((await running).kind).toBe('closed')
  expect(readdirSync(box.folder).filter((name) => name.endsWith('.part'))).toEqual([])
})
