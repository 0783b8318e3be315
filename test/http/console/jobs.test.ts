import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { until } from '../../stand-ins/until.js'
import { type ConsoleReader, readConsole, readText } from './console-fixture.js'

let program: Program
let pages: ConsoleReader
let viewer: ConsoleReader
let folder: string

const oddTable = `it's "odd" 磁碟`
const hostile = `<script>alert("x")</script>`
const secret = 'a-secret-of-the-config'
const counting = `export function run({ job }) {
  mailtrigger.db.exec('CREATE TABLE IF NOT EXISTS runs (at TEXT)')
  mailtrigger.db.exec('INSERT INTO runs VALUES (?)', ['now'])
  console.log('${hostile} ran for ' + (job.config.who || 'nobody'))
  mailtrigger.notify({ title: 'disk "1" is full', text: 'really', severity: 'error' })
}`
const file = (bytes: string | Uint8Array<ArrayBuffer>, name: string): File => new File([bytes], name)

/** A database with its first contents, as somebody would upload it. */
function makeDatabase(rows: number): Uint8Array<ArrayBuffer> {
  const path = join(folder, `${rows}.sqlite3`)
  const database = new Database(path)
  database.exec(`CREATE TABLE "${oddTable.replaceAll('"', '""')}" (id INTEGER, name TEXT, empty TEXT)`)
  const insert = database.prepare(`INSERT INTO "${oddTable.replaceAll('"', '""')}" VALUES (?, ?, NULL)`)
  database.transaction(() => {
    for (let id = 1; id <= rows; id++) insert.run(id, `row ${id} ${hostile}`)
  })()
  database.close()
  return new Uint8Array(readFileSync(path))
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-jobs-page-'))
  program = await startProgram('version: 1\nchannels: { inbox: { kind: inbox } }\n', { API_KEY: secret })
  pages = readConsole(program)
  const { token } = await program.app.calls.createToken({ name: 'looker', role: 'viewer', expiresInMs: null }, 'test')
  viewer = readConsole(program, token)
})
afterAll(async () => {
  await program.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** What the pattern finds first, as a browser reads it. */
const hrefOf = ({ html }: { html: string }, pattern: RegExp): string =>
  pattern.exec(html)?.[1]?.replaceAll('&amp;', '&').replaceAll('&#39;', "'") ?? ''

describe('jobs', () => {
  it('says what would be here when nothing is', async () => {
    expect((await pages.show('/jobs')).text).toContain('There is no job yet')
    expect((await pages.show('/jobs/nobody')).status).toBe(404)
    expect((await pages.show('/runs/nothing')).status).toBe(404)
  })

  it('tells in the words of the compiler what is wrong, keeps what was entered, and makes nothing', async () => {
    const fields = {
      module: file('export const run = (\n  !! }', 'broken.ts'),
      name: 'broken',
      schedule: '5 4 * * *',
      config: '{"key":"hidden"}',
    }
    const { status, text, html } = await pages.send('/jobs', fields)
    expect(status).toBe(400)
    expect(text).toContain('broken.ts:2:')
    expect(text).toContain('> 2 | !! }')
    expect(html).toContain('value="5 4 * * *"')
    expect(html).not.toContain('hidden"}')
    for (const [changed, words] of [
      [{ module: file(counting, 'ok.ts'), schedule: 'never' }, 'no cron schedule'],
      [{ module: file(counting, 'ok.ts'), name: `it's "odd"` }, 'lower-case letters, digits and hyphens'],
      [{ module: file('x', 'ok.txt') }, 'no .wasm, .ts or .js file'],
      [{ module: file(counting, 'ok.ts'), config: '[' }, 'config is a JSON object'],
      [{ module: file(counting, 'ok.ts'), config: '', send: 'nowhere' }, 'there is no channel "nowhere"'],
    ] as const) {
      expect((await pages.send('/jobs', { ...fields, ...changed })).text).toContain(words)
    }
    expect(await program.app.calls.listJobs()).toEqual([])
  })

  it('takes a job with its database by form, runs it, and shows what it logged and raised', async () => {
    const made = await pages.send('/jobs', {
      module: file(counting, 'count "them".ts'),
      database: file(makeDatabase(450), 'first.sqlite3'),
      name: 'count',
      schedule: '0 8 * * 1-5',
      timezone: 'Asia/Taipei',
      send: 'inbox',
      timeout: '20s',
      allow_hosts: '',
      on_failure: '',
      config: '{"who":"somebody"}',
    })
    expect(made.text).toContain('It runs at 08:00, Monday to Friday (Asia/Taipei)')
    expect(made.text).toContain('It has not run yet')
    const ran = await pages.send('/jobs/count/run', {})
    const id = hrefOf(ran, /<code>(01[0-9A-Z]{24})<\/code>/)
    await until(async () => (await program.app.calls.readRun(id)).outcome !== 'running', 'the run ended')
    const run = await pages.show(`/runs/${id}`)
    expect(run.text).toContain('success')
    expect(run.text).toContain(`${hostile} ran for somebody`)
    expect(run.html).not.toContain('<script>alert')
    expect(run.html).not.toContain('hx-trigger')
    const href = hrefOf(run, /href="(\/notifications\/[^"]+)"/)
    expect(run.text).toContain('disk "1" is full')
    expect(href).not.toBe('')
    await until(async () => !(await program.app.calls.readJob('count')).running, 'it rests again')
    const list = await pages.show('/jobs')
    expect(list.text).toMatch(/count at 08:00, Monday to Friday \(Asia\/Taipei\) 0 8 \* \* 1-5 enabled/)
    const page = await pages.show('/jobs/count')
    expect(page.text).toContain('One run: 1 went well')
    expect(page.text).toContain('a person')
  })

  it('shows its tables, the second page of rows, and answers a question that only reads', async () => {
    const tables = await pages.show('/jobs/count/database')
    expect(tables.text).toMatch(/it's "odd" 磁碟 450/)
    expect(tables.text).not.toContain('_mailtrigger_outbox')
    const first = await pages.show(hrefOf(tables, /href="(\/jobs\/count\/database\?table=it[^"]+)#rows"/))
    expect(first.text).toContain('Rows 1 to 200')
    expect(first.text).toContain(`row 200 ${hostile}`)
    expect(first.text).toContain('NULL')
    expect(first.html).not.toContain('<script>alert')
    expect(first.html.length).toBeLessThan(60_000)
    const next = hrefOf(first, /href="([^"]+)" rel="next"/)
    const second = await pages.show(next)
    expect(second.text).toContain('Rows 201 to 400')
    const ask = (sql: string) => pages.show(`/jobs/count/database?sql=${encodeURIComponent(sql)}`)
    expect((await ask('SELECT count(*) AS n, 1 < 2 FROM runs')).text).toMatch(/One row Answer n 1 < 2 1 1/)
    expect((await ask('DELETE FROM runs')).text).toMatch(/only|SELECT|read/)
    expect((await ask('SELECT x FROM nowhere')).text).toContain('no such table: nowhere')
    expect((await ask('SELECT count(*) AS n FROM runs')).text).toContain('One row Answer n 1')
    expect((await pages.show('/jobs/count/database?table=none')).text).toContain('no such table: none')
  })

  it('stops a question that takes for ever', async () => {
    const sql = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'
    expect((await pages.show(`/jobs/count/database?sql=${encodeURIComponent(sql)}`)).text).toContain(
      'no result within 2000 ms',
    )
  })

  it('replaces the database, and says what is none', async () => {
    const replace = (bytes: string | Uint8Array<ArrayBuffer>) =>
      pages.send('/jobs/count/database', { database: file(bytes, 'x.sqlite3') }, '/jobs/count/database')
    expect((await replace('this is none')).text).toContain('no SQLite database')
    expect((await replace(makeDatabase(3))).text).toContain('The database is replaced.')
    expect((await pages.show('/jobs/count/database')).text).toMatch(/磁碟 3/)
  })

  it('changes its settings, which show no value of its config', async () => {
    const changed = await pages.send('/jobs/count/settings', {
      module: file('', ''),
      schedule: '*/15 * * * *',
      timezone: '',
      send: '',
      timeout: '30s',
      allow_hosts: 'api.corp.test',
      on_failure: 'inbox',
      config: '{"token":"never-shown"}',
    })
    expect(changed.text).toContain('The settings are changed')
    expect(changed.text).toContain('every 15 minutes')
    expect(changed.text).toContain('api.corp.test')
    expect(changed.text).toContain('config: token •••')
    expect(changed.html).not.toContain('never-shown')
    const wrong = await pages.send('/jobs/count/settings', { module: file('!!', 'worse.ts'), schedule: '0 0 * * *' })
    expect(wrong.text).toContain('worse.ts:1:')
    expect((await program.app.calls.readJob('count')).schedule).toBe('*/15 * * * *')
  })

  it('adds and removes rules of who hears of its runs', async () => {
    const added = await pages.send('/jobs/count/rules', { event: 'on_success', channel: 'inbox' })
    expect(added.text).toContain('a run went well inbox this job')
    const id = hrefOf(added, /name="id" value="([^"]+)"/)
    expect((await pages.send('/jobs/count/rules/remove', { id })).text).toContain('Nobody else')
  })

  it('rests and goes on', async () => {
    expect((await pages.send('/jobs/count/disable', {})).text).toContain('disabled')
    expect((await pages.show('/jobs')).text).toContain('Enable')
    expect((await pages.send('/jobs/count/enable', {})).text).toContain('The schedule of “count” goes on')
  })

  it('follows a run that is under way, with what it logs', async () => {
    writeFileSync(join(program.folder, 'slow.ts'), `export function run() { console.log('it begins'); for (;;) {} }`)
    writeFileSync(
      join(program.folder, 'failing.ts'),
      `export function run({ job }) {\n  console.error('with ' + job.config.key)\n  throw new Error('no owner')\n}`,
    )
    program.writeRoutes(`version: 1
channels: { inbox: { kind: inbox } }
jobs:
  slow: { module: slow.ts, schedule: "0 0 1 1 *", timeout: 3s }
  failing: { module: failing.ts, schedule: "0 0 1 1 *", config: { key: "\${API_KEY}" }, notify: { on_failure: inbox } }
`)
    await program.app.reload()
    const started = await pages.send('/jobs/slow/run', {})
    expect(started.text).toContain('“slow” runs now.')
    expect(started.html).toContain('hx-trigger="every 1s"')
    const id = hrefOf(started, /<code>(01[0-9A-Z]{24})<\/code>/)
    await until(async () => (await pages.show(`/runs/${id}`)).text.includes('info it begins'), 'its log is shown')
    expect((await pages.show('/jobs')).text).toContain('running')
    expect((await pages.send('/jobs/slow/run', {})).text).toContain('is running already')
    await until(async () => (await program.app.calls.readRun(id)).outcome === 'failure', 'the run ended')
    const ended = await pages.show(`/runs/${id}`)
    expect(ended.text).toContain('no result within 3000 ms')
    expect(ended.text).toContain('info it begins')
  })

  it('shows the error of a run with its place, who was told, and no secret', async () => {
    const ran = await pages.send('/jobs/failing/run', {})
    const id = hrefOf(ran, /<code>(01[0-9A-Z]{24})<\/code>/)
    await until(async () => (await program.app.calls.readRun(id)).outcome === 'failure', 'the run ended')
    const { text, html } = await pages.show(`/runs/${id}`)
    expect(text).toContain('no owner (failing.ts:3:')
    expect(text).toContain('error with •••')
    expect(text).toContain('job failing failed')
    const settings = await pages.show('/jobs/failing/settings')
    expect(settings.text).toContain('config: key •••')
    expect(`${html}${settings.html}`).not.toContain(secret)
    expect(settings.text).toContain('It stands under “jobs” in the config')
  })

  it('has a second page of runs', async () => {
    // As many runs as would take the better part of a minute.
    const database = new Database(join(program.folder, 'data/mailtrigger.sqlite3'))
    const insert = database.prepare(
      `INSERT INTO runs (id, job, trigger, scheduled_at, started_at, finished_at, outcome, error, logs, notifications, rows_changed)
       VALUES (?, 'failing', 'schedule', ?, ?, ?, ?, NULL, '[]', 0, 0)`,
    )
    for (let run = 0; run < 30; run++) {
      insert.run(`00000000000000000000000${100 + run}`, run, run, run, run % 2 === 0 ? 'success' : 'interrupted')
    }
    database.close()
    const first = await pages.show('/jobs/failing')
    expect(first.text).toContain('The last 31 runs: 15 went well, 1 failed, 15 interrupted')
    expect(first.html.length).toBeLessThan(60_000)
    const second = await pages.show(hrefOf(first, /href="(\/jobs\/failing\?cursor=[^"]+)" rel="next"/))
    expect(second.html.match(/class="row-link"/g)).toHaveLength(6)
  })

  it('lets a viewer look, and neither change anything nor read a database', async () => {
    expect((await viewer.show('/jobs')).text).toContain('Uploading takes the role admin')
    const database = await viewer.show('/jobs/count/database')
    expect(database.text).toContain('takes the role operator')
    expect(database.text).not.toContain('磁碟')
    for (const [path, fields] of [
      ['/jobs', { module: file(counting, 'x.ts'), schedule: '* * * * *' }],
      ['/jobs/count/run', {}],
      ['/jobs/count/disable', {}],
      ['/jobs/count/delete', {}],
      ['/jobs/count/settings', { module: file(counting, 'x.ts') }],
      ['/jobs/count/database', { database: file('x', 'x.db') }],
      ['/jobs/count/rules', { event: 'on_success', channel: 'inbox' }],
    ] as const) {
      expect((await viewer.send(path, fields, '/jobs')).text, path).toContain('this takes the role')
    }
  })

  it('deletes what was uploaded, and nothing of the config', async () => {
    expect((await pages.send('/jobs/failing/delete', {}, '/jobs/failing')).text).toContain('stands in the config')
    expect((await pages.send('/jobs/count/delete', {})).text).toContain('The job “count” is deleted')
    expect(readText((await pages.show('/jobs')).html)).not.toContain('count at')
  })
})
