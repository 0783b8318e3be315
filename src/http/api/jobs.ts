import { createRoute, z } from '@hono/zod-openapi'
import { ApiError } from '../../domain/errors.js'
import type { JobCalls } from '../../domain/job.js'
import { Job, JobRun, QueryResult } from '../schema/job.js'
import { Time } from '../schema/time.js'
import { startRun } from '../start-run.js'
import { readActor } from './actor.js'
import { jobForm, readJobUpload } from './job-upload.js'
import { answer, binaryAnswer, createRoutes, jsonBody, operation, pageOf, rawBody } from './operation.js'
import { nameParam, pageQuery } from './query.js'

const runParam = nameParam.extend({ id: z.string().min(1).max(64) })
const nextQuery = z.object({ count: z.coerce.number().int().min(1).max(100).default(10) })
/** Proxies and clients give up on answers that take minutes; a run may take fifteen. */
const runQuery = z.object({
  wait: z.coerce
    .number()
    .min(0)
    .max(240)
    .default(60)
    // Coerced, null would be 0; in a query there is none.
    .openapi({ type: 'number', description: 'Seconds to wait for its end.' }),
})
const queryBody = z.object({
  sql: z.string().trim().min(1).max(100_000).describe('One SELECT; it has two seconds.'),
  rows: z.number().int().min(1).max(10_000).default(1_000).describe('How many at most.'),
})

const listJobs = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'jobs', 'Lists the jobs by name'),
  responses: answer(pageOf(Job), 'The jobs'),
})
const readJob = createRoute({
  method: 'get',
  path: '/{name}',
  ...operation('viewer', 'jobs', 'Shows one job', { request: { params: nameParam } }),
  responses: answer(Job, 'The job'),
})
const uploadJob = createRoute({
  method: 'put',
  path: '/{name}',
  ...operation('admin', 'jobs', 'Makes or changes an uploaded job', {
    description: 'What is left out stays as it is, or takes its default. A list is its field several times, or commas.',
    request: { params: nameParam, body: rawBody('multipart/form-data', 'The job, at most 64 MB', jobForm) },
  }),
  responses: answer(Job, 'The job'),
})
const deleteJob = createRoute({
  method: 'delete',
  path: '/{name}',
  ...operation('admin', 'jobs', 'Deletes an uploaded job with its runs and database', {
    request: { params: nameParam },
  }),
  responses: answer(z.object({ deleted: z.literal(1) }), 'It is gone'),
})
const runJob = createRoute({
  method: 'post',
  path: '/{name}/run',
  ...operation('operator', 'jobs', 'Starts a run now', { request: { params: nameParam, query: runQuery } }),
  responses: { ...answer(JobRun, 'The run, at its end'), ...answer(JobRun, 'The run, still under way', 202) },
})
const enableJob = createRoute({
  method: 'post',
  path: '/{name}/enable',
  ...operation('operator', 'jobs', 'Lets its schedule go on', { request: { params: nameParam } }),
  responses: answer(Job, 'The job'),
})
const disableJob = createRoute({
  method: 'post',
  path: '/{name}/disable',
  ...operation('operator', 'jobs', 'Stops its schedule; a run under way ends as it would', {
    request: { params: nameParam },
  }),
  responses: answer(Job, 'The job'),
})
const nextRuns = createRoute({
  method: 'get',
  path: '/{name}/next',
  ...operation('viewer', 'jobs', 'Lists its next run times', { request: { params: nameParam, query: nextQuery } }),
  responses: answer(pageOf(Time), 'The times'),
})
const listRuns = createRoute({
  method: 'get',
  path: '/{name}/runs',
  ...operation('viewer', 'jobs', 'Lists its runs, newest first', {
    request: { params: nameParam, query: z.object(pageQuery) },
  }),
  responses: answer(pageOf(JobRun), 'A page of runs'),
})
const readRun = createRoute({
  method: 'get',
  path: '/{name}/runs/{id}',
  ...operation('viewer', 'jobs', 'Shows one run with its logs', { request: { params: runParam } }),
  responses: answer(JobRun, 'The run'),
})
const readDatabase = createRoute({
  method: 'get',
  path: '/{name}/database',
  ...operation('operator', 'jobs', 'Downloads its database: a job may keep in there what not everybody is to read', {
    request: { params: nameParam },
  }),
  responses: binaryAnswer('application/vnd.sqlite3', 'A consistent copy, also while a run is under way'),
})
const replaceDatabase = createRoute({
  method: 'put',
  path: '/{name}/database',
  ...operation('admin', 'jobs', 'Replaces its database, and keeps a backup of the one before', {
    request: { params: nameParam, body: rawBody('application/vnd.sqlite3', 'The SQLite file, at most 50 MB') },
  }),
  responses: answer(Job, 'The job'),
})
const queryDatabase = createRoute({
  method: 'post',
  path: '/{name}/query',
  ...operation('operator', 'jobs', 'Asks its database, read-only', {
    request: { params: nameParam, body: jsonBody(queryBody) },
  }),
  responses: answer(QueryResult, 'The rows'),
})

export function jobRoutes({ calls }: { calls: JobCalls }) {
  const routes = createRoutes()
  routes.openapi(listJobs, async (c) => c.json({ items: await calls.listJobs(), next_cursor: null }, 200))
  routes.openapi(readJob, async (c) => c.json(await calls.readJob(c.req.valid('param').name), 200))
  routes.openapi(uploadJob, async (c) => {
    const upload = await readJobUpload(c, c.req.valid('param').name)
    return c.json(await calls.uploadJob(upload, readActor(c)), 200)
  })
  routes.openapi(deleteJob, async (c) => {
    await calls.deleteJob(c.req.valid('param').name, readActor(c))
    return c.json({ deleted: 1 as const }, 200)
  })
  routes.openapi(runJob, async (c) => {
    const waitMs = c.req.valid('query').wait * 1_000
    const run = await startRun(calls, { name: c.req.valid('param').name, actor: readActor(c) }, waitMs)
    return run.outcome === 'running' ? c.json(run, 202) : c.json(run, 200)
  })
  for (const [route, enabled] of [
    [enableJob, true],
    [disableJob, false],
  ] as const) {
    routes.openapi(route, async (c) => {
      const { name } = c.req.valid('param')
      await calls.setJobEnabled(name, enabled, readActor(c))
      return c.json(await calls.readJob(name), 200)
    })
  }
  routes.openapi(nextRuns, async (c) => {
    const { count } = c.req.valid('query')
    return c.json({ items: await calls.nextRuns(c.req.valid('param').name, count), next_cursor: null }, 200)
  })
  routes.openapi(listRuns, async (c) =>
    c.json(await calls.listRuns(c.req.valid('param').name, c.req.valid('query')), 200),
  )
  routes.openapi(readRun, async (c) => {
    const { name, id } = c.req.valid('param')
    const run = await calls.readRun(id)
    if (run.job !== name) throw new ApiError(404, 'not_found', `job "${name}" has no run ${run.id}`)
    return c.json(run, 200)
  })
  addDatabaseRoutes(routes, calls)
  return routes
}

function addDatabaseRoutes(routes: ReturnType<typeof createRoutes>, calls: JobCalls): void {
  routes.openapi(readDatabase, async (c) => {
    const { name } = c.req.valid('param')
    return c.body(new Uint8Array(await calls.exportDatabase(name)), 200, {
      'content-type': 'application/vnd.sqlite3',
      // RFC 6266 section 4.3, RFC 8187: a name may hold quotes and letters that a header may not.
      'content-disposition': `attachment; filename*=UTF-8''${encodeExtended(name)}.sqlite3`,
      'x-content-type-options': 'nosniff',
    })
  })
  routes.openapi(replaceDatabase, async (c) => {
    const { name } = c.req.valid('param')
    const bytes = new Uint8Array(await c.req.arrayBuffer())
    if (bytes.byteLength === 0) throw new ApiError(400, 'bad_request', 'the body is the SQLite file, and it is empty')
    await calls.replaceDatabase(name, bytes, readActor(c))
    return c.json(await calls.readJob(name), 200)
  })
  routes.openapi(queryDatabase, async (c) => {
    const { sql, rows } = c.req.valid('json')
    return c.json(await calls.queryDatabase(c.req.valid('param').name, sql, rows), 200)
  })
}

function encodeExtended(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
}
