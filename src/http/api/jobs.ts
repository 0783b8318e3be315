import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.js'
import type { JobCalls, JobRun, JobUpload } from '../../domain/job.js'
import { parseDuration } from '../../domain/units.js'
import { readActor } from './actor.js'
import { pageQuery, readJson, readQuery } from './query.js'

const listQuery = z.object(pageQuery)
const nextQuery = z.object({ count: z.coerce.number().int().min(1).max(100).default(10) })
/** Proxies and clients give up on answers that take minutes; a run may take fifteen. */
const runQuery = z.object({ wait: z.coerce.number().min(0).max(240).default(60) })
const queryBody = z.object({
  sql: z.string().trim().min(1).max(100_000),
  rows: z.number().int().min(1).max(10_000).default(1_000),
})
const names = z.array(z.string().min(1).max(320)).max(100)
const configMap = z.record(z.string().max(200), z.unknown())

export function jobRoutes({ calls }: { calls: JobCalls }): Hono {
  const routes = new Hono()
  const nameOf = (c: Context): string => c.req.param('name') ?? ''

  routes.get('/', async (c) => c.json({ items: await calls.listJobs(), next_cursor: null }))
  routes.get('/:name', async (c) => c.json(await calls.readJob(nameOf(c))))
  routes.put('/:name', async (c) => c.json(await calls.uploadJob(await readUpload(c, nameOf(c)), readActor(c))))
  routes.delete('/:name', async (c) => {
    await calls.deleteJob(nameOf(c), readActor(c))
    return c.json({ deleted: 1 })
  })
  routes.post('/:name/run', async (c) => {
    const waitMs = readQuery(c, runQuery).wait * 1_000
    const run = await startRun(calls, { name: nameOf(c), actor: readActor(c) }, waitMs)
    return c.json(run, run.outcome === 'running' ? 202 : 200)
  })
  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    routes.post(`/:name/${verb}`, async (c) => {
      await calls.setJobEnabled(nameOf(c), enabled, readActor(c))
      return c.json(await calls.readJob(nameOf(c)))
    })
  }
  routes.get('/:name/next', async (c) => {
    const { count } = readQuery(c, nextQuery)
    return c.json({ items: await calls.nextRuns(nameOf(c), count), next_cursor: null })
  })
  routes.get('/:name/runs', async (c) => c.json(await calls.listRuns(nameOf(c), readQuery(c, listQuery))))
  routes.get('/:name/runs/:id', async (c) => {
    const run = await calls.readRun(c.req.param('id'))
    if (run.job !== nameOf(c)) throw new ApiError(404, 'not_found', `job "${nameOf(c)}" has no run ${run.id}`)
    return c.json(run)
  })
  routes.get('/:name/database', async (c) =>
    c.body(new Uint8Array(await calls.exportDatabase(nameOf(c))), 200, {
      'content-type': 'application/vnd.sqlite3',
      // RFC 6266 section 4.3, RFC 8187: a name may hold quotes and letters that a header may not.
      'content-disposition': `attachment; filename*=UTF-8''${encodeExtended(nameOf(c))}.sqlite3`,
      'x-content-type-options': 'nosniff',
    }),
  )
  routes.put('/:name/database', async (c) => {
    const bytes = new Uint8Array(await c.req.arrayBuffer())
    if (bytes.byteLength === 0) throw new ApiError(400, 'bad_request', 'the body is the SQLite file, and it is empty')
    await calls.replaceDatabase(nameOf(c), bytes, readActor(c))
    return c.json(await calls.readJob(nameOf(c)))
  })
  routes.post('/:name/query', async (c) => {
    const { sql, rows } = await readJson(c, queryBody)
    return c.json(await calls.queryDatabase(nameOf(c), sql, rows))
  })
  return routes
}

function encodeExtended(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
}

/** The run when it ends in time; else the run as it stands, to be asked for by its id. */
async function startRun(
  calls: JobCalls,
  { name, actor }: { name: string; actor: string },
  waitMs: number,
): Promise<JobRun> {
  const finished = calls.runJob(name, actor)
  // Nobody may be left to hear how it ends; its record says it.
  finished.catch(() => undefined)
  const over = new AbortController()
  try {
    const run = await Promise.race([finished, sleep(waitMs, null, { signal: over.signal })])
    if (run) return run
    const { last_run: last } = await calls.readJob(name)
    return last?.outcome === 'running' ? last : await finished
  } finally {
    over.abort()
  }
}

const uploadFields: readonly string[] = [
  'module',
  'database',
  'schedule',
  'timezone',
  'send',
  'config',
  'allow_hosts',
  'timeout',
  'on_failure',
  'on_success',
  'on_completion',
]

async function readUpload(c: Context, name: string): Promise<JobUpload> {
  const form = await c.req.formData().catch(() => {
    throw new ApiError(400, 'bad_request', 'the body is a form (multipart/form-data) and cannot be read as one')
  })
  for (const key of form.keys()) {
    if (uploadFields.includes(key)) continue
    throw new ApiError(400, 'bad_request', `unknown field "${key}"`, uploadFields.join(', '))
  }
  const module = await readPart(form, 'module')
  return {
    name,
    module,
    database: (await readPart(form, 'database'))?.bytes ?? null,
    schedule: readText(form, 'schedule'),
    timezone: readText(form, 'timezone'),
    send: readList(form, 'send'),
    config: readConfig(form),
    allowHosts: readList(form, 'allow_hosts'),
    timeoutMs: readTimeout(form),
    onFailure: readList(form, 'on_failure'),
    onSuccess: readList(form, 'on_success'),
    onCompletion: readList(form, 'on_completion'),
  }
}

function readTimeout(form: FormData): number | null {
  const text = readText(form, 'timeout')
  const timeoutMs = text === null ? null : parseDuration(text)
  if (text !== null && timeoutMs === null) throw new ApiError(400, 'bad_request', 'timeout is a duration like 60s')
  return timeoutMs
}

async function readPart(form: FormData, field: string): Promise<{ filename: string; bytes: Uint8Array } | null> {
  const part = form.get(field)
  if (part === null) return null
  if (typeof part === 'string') throw new ApiError(400, 'bad_request', `${field} is a file: it needs a filename`)
  return { filename: part.name, bytes: new Uint8Array(await part.arrayBuffer()) }
}

function readText(form: FormData, field: string): string | null {
  const value = form.get(field)
  if (value === null) return null
  if (typeof value !== 'string' || value.trim() === '' || value.length > 1_000) {
    throw new ApiError(400, 'bad_request', `${field} is a short text`)
  }
  return value.trim()
}

/** A list is the field several times, or once with commas; once and empty is the empty list. */
function readList(form: FormData, field: string): string[] | null {
  if (!form.has(field)) return null
  const texts = form.getAll(field).filter((value) => typeof value === 'string')
  const list = names.safeParse(
    texts
      .join(',')
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  )
  if (!list.success) throw new ApiError(400, 'bad_request', `${field} is a list of at most 100 names`)
  return list.data
}

function readConfig(form: FormData): Record<string, unknown> | null {
  const text = form.get('config')
  if (text === null) return null
  try {
    return configMap.parse(JSON.parse(typeof text === 'string' ? text : ''))
  } catch {
    throw new ApiError(400, 'bad_request', 'config is a JSON object')
  }
}
