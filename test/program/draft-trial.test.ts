import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NearMiss } from '#src/route/near-miss.js'
import { runCli } from '../cli/run-cli.js'
import { type Program, startProgram } from './start-program.js'

const name = 'CPU/Memory "hot" & #1?'
const routes = (subject: string) => `  - name: ${JSON.stringify(name)}
    # Says who is told.
    when:
      subject: { starts_with: ${JSON.stringify(subject)} }
      rcpt: devops@mailtrigger.app
    steps:
      - set: { title: "{{ mail.subject }}" }
      - send: ops
`
const config = (subject: string) => `version: 1
channels:
  ops: { kind: inbox }
  hook: { kind: webhook, url: "http://127.0.0.1:9/", headers: { authorization: "\${HOOK_TOKEN}" } }
lookups:
  owners: { inline: { a: b } }
routes:
${routes(subject)}  - name: never
    when: { from: nobody@nowhere.test, to: x@y.test }
    steps: [ { send: hook } ]
`
const secret = 'hook-token-4711'

describe('what people see of their routes, and what a draft of them would do', () => {
  let program: Program
  let token = ''
  let ids: string[] = []

  beforeAll(async () => {
    program = await startProgram(config('[CPU]'), { HOOK_TOKEN: secret, OTHER_SECRET: 'never-to-be-shown' })
    token = program.app.token
    ids = []
    for (const subject of ['[CPU] 99%', 'Fwd: [CPU] 98%', '[DISK] full']) {
      const id = await program.send({ subject })
      await program.settled(id)
      ids.push(id)
    }
  })
  afterAll(() => program.stop())

  async function call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; value: never; text: string }> {
    const answer = await fetch(`${program.app.http.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json') === true
    return { status: answer.status, value: (isJson ? JSON.parse(text) : null) as never, text }
  }

  it('an unrouted mail says which route it nearly took', async () => {
    const { value } = await call('GET', `/mails/${ids[1]}/near-misses`)
    const [miss] = (value as { items: NearMiss[] }).items
    expect(miss).toMatchObject({ route: name, position: 'routes.yaml:8', held: 1 })
    expect(miss?.failed[0]).toMatchObject({
      hint: 'the text begins with "Fwd: ": it matches once that is taken off',
      suggestion: 'subject: { contains: "[CPU]" }',
    })
    expect((await call('GET', '/mails/nope/near-misses')).status).toBe(404)
    const explained = await call('POST', '/routes/explain', { message: ids[1] })
    expect(explained.value).toMatchObject({ trace: { outcome: 'unrouted' }, near_misses: [{ route: name }] })
  })

  it('the routes are listed in order, with their hits, and one is shown as its file writes it', async () => {
    const { value } = await call('GET', '/routes')
    expect(value).toMatchObject({
      items: [
        {
          name,
          position: 'routes.yaml:8',
          conditions: ['all of', '  subject starts_with "[CPU]"', '  rcpt is devops@mailtrigger.app'],
          steps: ['set title', 'send ops'],
          sends_to: ['ops'],
          hits_24h: 1,
          hits_7d: 1,
          last_mails: [ids[0]],
          never_matched_since: null,
        },
        { name: 'never', hits_24h: 0, last_matched_at: null, never_matched_since: expect.any(String) },
      ],
    })
    const one = await call('GET', `/routes/${encodeURIComponent(name)}`)
    const written = routes('[CPU]')
      .split('\n')
      .map((line) => line.slice(4))
      .join('\n')
    expect(one.value).toMatchObject({ name, yaml: written.replace(/^/, '').trimStart() })
    expect((await call('GET', '/routes/none')).status).toBe(404)
  })

  it('counts over time are those of the mails, also as a table', async () => {
    const { value } = await call('GET', '/stats/series?step=day&from=48h')
    const series = value as { points: { counts: Record<string, number> }[] }
    const sum = (measure: string) => series.points.reduce((total, { counts }) => total + (counts[measure] ?? 0), 0)
    expect([sum('received'), sum('routed'), sum('unrouted'), sum('sent')]).toEqual([3, 1, 2, 1])
    const byRoute = await call('GET', '/stats/series?step=hour&by=route')
    expect(byRoute.value).toMatchObject({ points: [{ name, counts: { routed: 1, sent: 1 } }] })
    expect((await call('GET', '/stats/series.csv?step=hour&by=route')).text).toMatch(
      /^at,name,received.*\r\n[^,]+,"CPU\/Memory ""hot"" & #1\?",0,0,1,/,
    )
    expect((await call('GET', '/stats/series?step=minute&from=90d')).status).toBe(400)
  })

  it('a draft says which mails it would change, and has no effect', async () => {
    const before = countRows(program)
    const { value, text, status } = await call('POST', '/routes/try', { text: config('[DISK]'), newest: 10 })
    expect(status, text).toBe(200)
    const answer = value as { items: { id: string; changed: boolean; before: object; after: object }[] }
    expect(answer).toMatchObject({ ok: true, partial: false, not_tried: 0 })
    expect(Object.fromEntries(answer.items.map(({ id, changed }) => [id, changed]))).toEqual({
      [ids[0] as string]: true,
      [ids[1] as string]: false,
      [ids[2] as string]: true,
    })
    expect(answer.items.find(({ id }) => id === ids[2])).toMatchObject({
      before: { outcome: 'unrouted', routes: [] },
      after: { outcome: 'routed', routes: [name], deliveries: ['ops devops@mailtrigger.app'] },
    })
    expect(countRows(program)).toEqual(before)
    expect((await call('GET', '/routes')).value).toMatchObject({ items: [{ hits_24h: 1 }, {}] })
  })

  it('a mail can be sent along', async () => {
    const raw = 'From: a@b.test\nTo: devops@mailtrigger.app\nSubject: [CPU] hot\n\ntext'
    const { value } = await call('POST', '/routes/try', { text: config('[CPU]'), raw })
    expect(value).toMatchObject({
      items: [{ id: null, subject: '[CPU] hot', changed: false, after: { routes: [name] } }],
    })
  })

  it('a draft that is wrong is told of with the lines', async () => {
    const text = config('x').replace('send: ops', 'send: opps')
    const { value } = await call('POST', '/routes/try', { text, newest: 1 })
    const frame = expect.stringContaining('send: opps')
    expect(value).toMatchObject({
      ok: false,
      issues: [{ position: { line: 15 }, hint: expect.stringContaining('ops'), frame }],
    })
  })

  const steals: [what: string, change: (text: string) => string, code: string][] = [
    [
      'a variable of the server',
      (text) => text.replace('set: { title: "', 'set: { title: "${OTHER_SECRET} '),
      'missing-variable',
    ],
    [
      'a file of the server',
      (text) => text.replace('set: { title: "', 'set: { title: "${file:/etc/hostname} '),
      'missing-file',
    ],
    ['a lookup file', (text) => text.replace('{ inline: { a: b } }', '{ file: /etc/hostname }'), 'draft-lookup'],
    [
      'a lookup elsewhere',
      (text) => text.replace('{ inline: { a: b } }', '{ url: "http://127.0.0.1:9/" }'),
      'draft-lookup',
    ],
    ['a module', (text) => `${text}actions:\n  steal: { module: /opt/steal.ts }\n`, 'draft-module'],
  ]
  it.each(steals)('a draft cannot reach %s', async (_, change, code) => {
    const { value, text } = await call('POST', '/routes/try', { text: change(config('[CPU]')), newest: 1 })
    expect(value).toMatchObject({ ok: false, issues: expect.arrayContaining([expect.objectContaining({ code })]) })
    expect(text).not.toContain('never-to-be-shown')
  })

  const titles = ['${HOOK_TOKEN}', "{{ '${HOOK_TOKEN}' | split: '' | join: ' ' }}", '{{ "${HOOK_TOKEN}" | upcase }}']
  it.each(titles)('shows no secret, though a draft puts one into a title: %s', async (title) => {
    const draft = config('[CPU]').replace('title: "{{ mail.subject }}"', `title: ${JSON.stringify(title)}`)
    const { text, status } = await call('POST', '/routes/try', { text: draft, ids: [ids[0]] })
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ ok: true })
    expect(text.toLowerCase()).not.toMatch(/4 ?7 ?1 ?1/)
    expect(text).not.toContain(secret)
  })

  it('a mail becomes a route test that passes beside the config', async () => {
    const { text } = await call('GET', `/mails/${ids[0]}/route-test`)
    writeFileSync(join(program.folder, 'made.test.yaml'), text)
    const result = await runCli(['test', 'made.test.yaml'], { cwd: program.folder, env: { HOOK_TOKEN: secret } })
    expect(result.out + result.err).toContain('1 passed, 0 failed')
    expect((await call('GET', '/mails/nope/route-test')).status).toBe(404)
  })

  it('a route whose file was changed since has no text', async () => {
    const broken = join(program.folder, 'routes.yaml')
    writeFileSync(broken, 'version: 1\nroutes: nonsense\n')
    expect((await call('GET', '/routes/never')).value).toMatchObject({ yaml: null })
  })

  it('hits outlive a restart', async () => {
    program.writeRoutes(config('[CPU]'))
    await program.restart()
    token = program.app.token
    expect((await call('GET', '/routes')).value).toMatchObject({ items: [{ hits_7d: 1, last_mails: [ids[0]] }, {}] })
  })
})

/** Every table but those of the search's own innards. */
function countRows(program: Program): Record<string, number> {
  const database = new Database(join(program.folder, 'data', 'mailtrigger.sqlite3'), { readonly: true })
  const tables = database
    .prepare<[], { name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'mail_words%'`,
    )
    .all()
  const rows = tables.map(({ name: table }) => {
    return [
      table,
      database.prepare<[], { count: number }>(`SELECT count(*) AS count FROM "${table}"`).get()?.count ?? 0,
    ]
  })
  const counts = database.prepare<[], { count: number }>('SELECT sum(count) AS count FROM stat_buckets').get()
  database.close()
  return { ...Object.fromEntries(rows), counted: counts?.count ?? 0 }
}
