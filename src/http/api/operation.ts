import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { ApiError } from '../../domain/errors.js'
import { type Identity, mayActAs, type Role } from '../../domain/identity.js'
import { ErrorAnswer } from '../schema/error.js'

/** What every handler behind the sign-in may rely on. */
export interface ApiEnv {
  Variables: { identity: Identity }
}

/**
 * One operation of the API: the schemas that check a request and its answer are those of the OpenAPI document.
 *
 * ```ts
 * const addSilence = createRoute({
 *   method: 'post',
 *   path: '/{name}',
 *   ...operation('operator', 'silences', 'Adds a silence', {
 *     request: { params: named, query: z.object(pageQuery), body: jsonBody(newSilence) },
 *   }),
 *   responses: answer(Silence, 'The silence', 201),
 * })
 *
 * export function silenceRoutes({ calls }: Pick<ApiParts, 'calls'>) {
 *   const routes = createRoutes()
 *   routes.openapi(addSilence, async (c) => {
 *     const { name } = c.req.valid('param')
 *     return c.json(await calls.addSilence(name, c.req.valid('json'), readActor(c)), 201)
 *   })
 *   return routes
 * }
 * ```
 *
 * The status stands in `c.json(value, status)` always: it is what ties the value to its schema. Answers that are not
 * JSON are declared by `binaryAnswer`. Schemas of answers are in `src/http/schema/`, one file a noun; `z` comes from
 * `@hono/zod-openapi`, because only that one has `.openapi('Name')`. Fixed paths are added before `/{id}`.
 */
export function createRoutes(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return
      const issue = result.error.issues[0]
      const place = issue?.path.join('.') || 'request'
      throw new ApiError(400, 'bad_request', `${place}: ${issue?.message ?? 'is invalid'}`)
    },
  })
}

const signIns: Record<string, string[]>[] = [{ bearer: [] }, { session: [] }]

export interface OperationParts {
  description?: string
  request?: {
    params?: z.ZodObject
    query?: z.ZodObject
    body?: { content: Record<string, { schema: z.ZodType | RawSchema }>; required: boolean; description?: string }
  }
}

/** A JSON Schema for the document alone: nothing is checked by it. */
export interface RawSchema {
  type: 'string' | 'object' | 'array'
  format?: string
  description?: string
  properties?: Record<string, RawSchema>
  items?: RawSchema
}

/** Who may do it, where it stands in the document, and what it is. What it reads belongs into `more`. */
export function operation<const More extends OperationParts>(role: Role, tag: string, summary: string, more?: More) {
  // What is only described is read by the handler.
  const readsJson = more?.request?.body?.content['application/json']?.schema instanceof z.ZodType
  return {
    ...(more ?? ({} as More)),
    tags: [tag],
    summary,
    security: signIns,
    'x-role': role,
    middleware: allow(role, readsJson),
  }
}

/** A JSON body. Without any, it counts as `{}`: what is needed says so, and what has a default has it. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } }
}

/** A body that the handler reads itself, by `c.req.arrayBuffer()` or `c.req.formData()`; bytes, unless `schema` says more. */
export function rawBody(type: string, description: string, schema: RawSchema = bytes) {
  return { required: true, description, content: { [type]: { schema } } }
}

/** The answers of an operation: its success, and the errors that every operation shares. */
export function answer<Schema extends z.ZodType, const Status extends 200 | 201 | 202 = 200>(
  schema: Schema,
  description: string,
  status: Status = 200 as Status,
) {
  const success = { content: { 'application/json': { schema } }, description }
  return { ...errorAnswers, ...({ [status]: success } as Record<Status, typeof success>) }
}

/** An answer that is not JSON: a file, or a stream. */
export function binaryAnswer(type: string, description: string) {
  return { ...errorAnswers, 200: { content: { [type]: { schema: bytes } }, description } }
}

/** A page of a listing. `next_cursor` is null on the last. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().describe('Give it as `cursor` to read on; null on the last page.'),
  })
}

const bytes: RawSchema = { type: 'string', format: 'binary' }

/** An error beside those that every operation may answer. */
export function errorAnswer<const Status extends number>(status: Status, description: string) {
  const failure = { content: errorContent, description }
  return { [status]: failure } as Record<Status, typeof failure>
}

const errorDescriptions = {
  400: 'The request is not understood.',
  401: 'Nobody is signed in, or the token is unknown.',
  403: 'The role does not allow it.',
  404: 'It is not there.',
  409: 'As things stand it cannot be done.',
  413: 'The body is too large.',
  415: 'The body is of a type that is not read here.',
  422: 'It is understood, and is wrong: an invalid config or module.',
  429: 'Too many calls; `Retry-After` says how long to wait.',
  500: 'The server failed; its log says why.',
  503: 'The server is too busy, or stopping.',
} as const

const errorContent = { 'application/json': { schema: ErrorAnswer } }
const errorAnswers = Object.fromEntries(
  Object.entries(errorDescriptions).map(([status, description]) => [status, { content: errorContent, description }]),
) as Record<keyof typeof errorDescriptions, { content: typeof errorContent; description: string }>

function allow(role: Role, readsJson: boolean): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const identity = c.get('identity')
    if (!mayActAs(identity, role)) {
      const hint = `it needs the role ${role}, and ${identity.name} has ${identity.role}`
      throw new ApiError(403, 'forbidden', 'this is more than you may do', hint)
    }
    if (readsJson) await readAsJson(c)
    await next()
  }
}

/** What clients say who do not say what they send. */
const untold = new Set(['', 'text/plain', 'application/x-www-form-urlencoded'])

/**
 * Takes the body for JSON when the client does not say that it is something else: `curl -d` calls everything a form. The
 * validators behind it go by the content type, and want a body.
 */
async function readAsJson(c: Context): Promise<void> {
  const type = c.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!untold.has(type) && !/^application\/([a-z.-]+\+)?json$/.test(type)) {
    throw new ApiError(415, 'unknown_type', 'the body is JSON here', 'send it with content-type: application/json')
  }
  const text = await c.req.text()
  const body = text.trim() === '' ? '{}' : text
  try {
    JSON.parse(body)
  } catch {
    throw new ApiError(400, 'bad_json', 'the body is not JSON')
  }
  const headers = new Headers(c.req.raw.headers)
  headers.set('content-type', 'application/json')
  c.req.raw = new Request(c.req.raw.url, { method: c.req.method, headers, body })
  c.req.bodyCache = {}
}
