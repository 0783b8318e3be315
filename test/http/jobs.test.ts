import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiError } from '#src/domain/errors.js'
import type { JobCalls, JobLine, JobRun, JobUpload } from '#src/domain/job.js'
import type { ApiParts } from '#src/http/api.js'
import { createEventLog } from '#src/http/event-log.js'
import { type HttpListener, startHttp } from '#src/http/start-http.js'
import { createLogger } from '#src/log/logger.js'
import { accessParts } from './access-parts.js'

const line: JobLine = {
  name: 'watch',
  origin: 'uploaded',
  enabled: true,
  schedule: '*/30 * * * *',
  timezone: 'Asia/Taipei',
  next_runs: ['2026-11-21T16:30:00.000Z'],
  running: false,
  last_run: null,
  last_success_at: null,
  missed: 0,
  database_bytes: 4_096,
}
const run: JobRun = {
  id: 'run-1',
  job: 'watch',
  trigger: 'manual',
  scheduled_at: '2026-11-21T16:00:00.000Z',
  started_at: '2026-11-21T16:00:00.000Z',
  finished_at: '2026-11-21T16:00:01.000Z',
  outcome: 'success',
  error: null,
  logs: [],
  duration_ms: 1_000,
  notifications: 0,
  rows_changed: 0,
  sha256: null,
}

/** What the API asked of the jobs, in order. */
let asked: unknown[] = []
let runAnswer: Promise<JobRun> = Promise.resolve(run)
const note = <Answer>(name: string, answer: Answer) => {
  return async (...args: unknown[]): Promise<Answer> => {
    asked.push([name, ...args])
    if (args[0] === 'nobody') throw new ApiError(404, 'not_found', 'there is no job "nobody"')
    return answer
  }
}
const calls: JobCalls = {
  listJobs: note('listJobs', [line]),
  readJob: note('readJob', { ...line, last_run: { ...run, outcome: 'running' as const } }),
  runJob: (name, actor) => note('runJob', null)(name, actor).then(() => runAnswer),
  listRuns: note('listRuns', { items: [run], next_cursor: null }),
  readRun: note('readRun', run),
  setJobEnabled: note('setJobEnabled', undefined),
  nextRuns: note('nextRuns', ['2026-11-21T16:30:00.000Z']),
  exportDatabase: note('exportDatabase', new Uint8Array([1, 2, 3])),
  replaceDatabase: note('replaceDatabase', undefined),
  queryDatabase: note('queryDatabase', { columns: ['n'], rows: [[1]], truncated: false }),
  uploadJob: note('uploadJob', line),
  deleteJob: note('deleteJob', undefined),
}

let http: HttpListener
beforeAll(async () => {
  const parts: ApiParts = {
    calls: calls as unknown as ApiParts['calls'],
    events: createEventLog(Date.now),
    ...accessParts,
    saveMail: async () => undefined,
    newId: () => 'mail-1',
    mailLimits: () => ({ sizeBytesMax: 1_000, recipientsMax: 1 }),
    diskRoom: () => ({ freeBytes: null, freeBytesMin: 0, isNearlyFull: false }),
    status: () => Promise.reject(new Error('nobody asks')),
    reload: async () => ({ hash: '', routes: 0 }),
    isReady: () => true,
    log: createLogger({ level: 'silent', terminal: false, color: false }),
  }
  http = await startHttp({ host: '127.0.0.1', port: 0 }, parts)
})
afterAll(() => http.stop())

async function call(method: string, path: string, body?: RequestInit['body']) {
  asked = []
  const headers = { authorization: 'Bearer token' }
  const answer = await fetch(`${http.url}/api/v1/jobs${path}`, { method, headers, body: body ?? null })
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  return { status: answer.status, headers: answer.headers, bytes, json: /^[{[]/.test(text) ? JSON.parse(text) : null }
}

describe('jobs over HTTP', () => {
  it.each<[string, string, unknown, unknown]>([
    ['GET', '', ['listJobs'], { items: [{ name: 'watch' }], next_cursor: null }],
    ['GET', '/watch', ['readJob', 'watch'], { name: 'watch' }],
    ['GET', '/a%20job%20%22q%22', ['readJob', 'a job "q"'], { name: 'watch' }],
    ['GET', '/watch/next?count=2', ['nextRuns', 'watch', 2], { items: ['2026-11-21T16:30:00.000Z'] }],
    [
      'GET',
      '/watch/runs?limit=3&cursor=x',
      ['listRuns', 'watch', { limit: 3, cursor: 'x' }],
      { items: [{ id: 'run-1' }] },
    ],
    ['GET', '/watch/runs/run-1', ['readRun', 'run-1'], { id: 'run-1' }],
    ['POST', '/watch/run', ['runJob', 'watch', 'api'], { outcome: 'success' }],
    ['POST', '/watch/enable', ['setJobEnabled', 'watch', true, 'api'], { name: 'watch' }],
    ['POST', '/watch/disable', ['setJobEnabled', 'watch', false, 'api'], { name: 'watch' }],
    ['DELETE', '/watch', ['deleteJob', 'watch', 'api'], { deleted: 1 }],
  ])('%s %s', async (method, path, expectedCall, expected) => {
    const answer = await call(method, path)
    expect(answer).toMatchObject({ status: 200, json: expected })
    expect(asked[0]).toEqual(expectedCall)
  })

  it.each([
    ['GET', '/nobody'],
    ['POST', '/nobody/run'],
    ['DELETE', '/nobody'],
    ['GET', '/nobody/database'],
    ['GET', '/other/runs/run-1'],
  ])('%s %s is 404', async (method, path) => {
    expect(await call(method, path)).toMatchObject({ status: 404, json: { error: { code: 'not_found' } } })
  })

  it('takes module, database and the rest in one form', async () => {
    const form = new FormData()
    form.set('module', new Blob(['\0asm']), 'watch.wasm')
    form.set('database', new Blob(['SQLite format 3']), 'first.sqlite3')
    form.set('schedule', '*/30 * * * *')
    form.set('timezone', 'Asia/Taipei')
    form.append('send', 'telegram')
    form.append('send', 'ops, email')
    form.set('config', '{"minutes":30}')
    form.set('allow_hosts', '')
    form.set('timeout', '2m')
    form.set('on_failure', 'ops')
    form.set('on_success', '')
    expect(await call('PUT', '/watch', form)).toMatchObject({ status: 200, json: { name: 'watch' } })
    const upload: JobUpload = {
      name: 'watch',
      module: { filename: 'watch.wasm', bytes: new TextEncoder().encode('\0asm') },
      database: new TextEncoder().encode('SQLite format 3'),
      schedule: '*/30 * * * *',
      timezone: 'Asia/Taipei',
      send: ['telegram', 'ops', 'email'],
      config: { minutes: 30 },
      allowHosts: [],
      timeoutMs: 120_000,
      onFailure: ['ops'],
      onSuccess: [],
      onCompletion: null,
    }
    expect(asked).toEqual([['uploadJob', upload, 'api']])
  })

  it('leaves out of an upload what stays as it is', async () => {
    const form = new FormData()
    form.set('schedule', '0 * * * *')
    await call('PUT', '/watch', form)
    const upload = (asked[0] as unknown[])[1]
    const { name, schedule, ...rest } = upload as JobUpload
    expect({ name, schedule }).toEqual({ name: 'watch', schedule: '0 * * * *' })
    expect(Object.values(rest)).toEqual(Array.from({ length: 10 }, () => null))
  })

  it.each<[string, (form: FormData) => void, RegExp]>([
    ['a field nobody knows', (form) => form.set('modul', 'x'), /unknown field "modul"/],
    ['a module without a filename', (form) => form.set('module', 'text'), /module is a file/],
    ['config that is no object', (form) => form.set('config', '[1]'), /config is a JSON object/],
    ['config that is no JSON', (form) => form.set('config', '{'), /config is a JSON object/],
    ['a timeout that is none', (form) => form.set('timeout', 'soon'), /timeout is a duration/],
    ['an empty schedule', (form) => form.set('schedule', ' '), /schedule is a short text/],
  ])('refuses %s', async (_, fill, message) => {
    const form = new FormData()
    fill(form)
    const answer = await call('PUT', '/watch', form)
    expect(answer.status).toBe(400)
    expect(answer.json.error.message).toMatch(message)
    expect(asked).toEqual([])
  })

  it('refuses a form that is cut off, and a body that is no form', async () => {
    expect((await call('PUT', '/watch', 'no form')).status).toBe(400)
    const headers = { authorization: 'Bearer token', 'content-type': 'multipart/form-data; boundary=b' }
    const body = '--b\r\ncontent-disposition: form-data; name="schedule"\r\n\r\n*/30'
    const answer = await fetch(`${http.url}/api/v1/jobs/watch`, { method: 'PUT', headers, body })
    expect(answer.status).toBe(400)
    expect(asked).toEqual([])
  })

  it('downloads and replaces the database', async () => {
    const { bytes, headers } = await call('GET', "/a%20%22b'/database")
    expect([...bytes]).toEqual([1, 2, 3])
    expect(headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''a%20%22b%27.sqlite3")
    expect((await call('PUT', '/watch/database', new Uint8Array([4, 5]))).status).toBe(200)
    expect(asked[0]).toEqual(['replaceDatabase', 'watch', new Uint8Array([4, 5]), 'api'])
    expect((await call('PUT', '/watch/database')).status).toBe(400)
  })

  it('asks the database', async () => {
    const answer = await call('POST', '/watch/query', JSON.stringify({ sql: 'SELECT 1 AS n', rows: 5 }))
    expect(answer).toMatchObject({ status: 200, json: { columns: ['n'], rows: [[1]] } })
    expect(asked[0]).toEqual(['queryDatabase', 'watch', 'SELECT 1 AS n', 5])
    expect((await call('POST', '/watch/query', '{"sql":" "}')).status).toBe(400)
    expect((await call('POST', '/watch/query', '{"sql":"SELECT 1","rows":1000000}')).status).toBe(400)
  })

  it('answers 202 for a run that takes longer than the caller waits', async () => {
    let finish: (value: JobRun) => void = () => undefined
    runAnswer = new Promise((resolve) => {
      finish = resolve
    })
    expect(await call('POST', '/watch/run?wait=0')).toMatchObject({ status: 202, json: { outcome: 'running' } })
    finish(run)
    runAnswer = Promise.resolve(run)
  })

  it('takes a database of 50 MB, and nothing much larger', async () => {
    expect((await call('PUT', '/watch/database', new Uint8Array(50_000_000))).status).toBe(200)
    expect((await call('PUT', '/watch/database', new Uint8Array(65_000_000))).status).toBe(413)
  })
})
