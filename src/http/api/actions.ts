import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ulid } from 'ulid'
import { ApiError } from '../../domain/errors.js'
import type { ApiParts } from '../api.js'
import { checkActionName, isModuleFilename, moduleBytesMax } from '../module-file.js'
import { Action, GuestTrial, ModuleVersion } from '../schema/action.js'
import { readActor } from './actor.js'
import { answer, createRoutes, errorAnswer, jsonBody, operation, pageOf, rawBody } from './operation.js'
import { nameParam } from './query.js'
import { readMailBody, splitList } from './raw-mail.js'

const uploadQuery = z.object({
  filename: z.string().max(200).optional().describe('The plain name of a .wasm, .ts or .js file: errors name it.'),
})
const rollbackBody = z.object({
  sha256: z
    .string()
    .regex(/^[0-9a-f]{6,64}$/i, 'six to 64 hex digits')
    .optional()
    .describe('Of the version, or the start of it; without it, the one before the active one.'),
})
const tryQuery = z.object({
  from: z.string().max(320).default('').describe('MAIL FROM.'),
  to: z.string().max(2_000).default('').describe('Recipients, with commas between them.'),
  attach: z.string().max(2_000).default('').describe('Names of lookups, as a route would attach them.'),
})

const listActions = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'actions', 'Lists actions and conditions by name'),
  responses: answer(pageOf(Action), 'Those of the config, and those that are uploaded'),
})
const readAction = createRoute({
  method: 'get',
  path: '/{name}',
  ...operation('viewer', 'actions', 'Shows one action or condition', { request: { params: nameParam } }),
  responses: answer(Action, 'The action'),
})
const uploadAction = createRoute({
  method: 'put',
  path: '/{name}',
  ...operation('admin', 'actions', 'Uploads a version and makes it the active one', {
    description: 'It is checked, and refused when a route of the running config could not use it; the old one goes on.',
    request: {
      params: nameParam,
      query: uploadQuery,
      body: rawBody(
        'application/wasm',
        'The module, at most 8 MB; or its source, as text/typescript or text/javascript',
      ),
    },
  }),
  responses: answer(Action, 'The action'),
})
const listVersions = createRoute({
  method: 'get',
  path: '/{name}/versions',
  ...operation('viewer', 'actions', 'Lists its uploaded versions, newest first', { request: { params: nameParam } }),
  responses: answer(pageOf(ModuleVersion), 'The versions'),
})
const rollbackAction = createRoute({
  method: 'post',
  path: '/{name}/rollback',
  ...operation('admin', 'actions', 'Makes an earlier version the active one', {
    request: { params: nameParam, body: jsonBody(rollbackBody) },
  }),
  responses: answer(Action, 'The action'),
})
const deleteAction = createRoute({
  method: 'delete',
  path: '/{name}',
  ...operation('admin', 'actions', 'Deletes what was uploaded; an entry of the config stays', {
    request: { params: nameParam },
  }),
  responses: answer(z.object({ deleted: z.number().int() }), 'How many versions there were'),
})
const tryAction = createRoute({
  method: 'post',
  path: '/{name}/try',
  ...operation('operator', 'actions', 'Runs it on a mail as a route would, and sends nothing', {
    request: { params: nameParam, query: tryQuery, body: rawBody('message/rfc822', 'The mail') },
  }),
  responses: { ...answer(GuestTrial, 'What it gave'), ...errorAnswer(502, 'A lookup has no data.') },
})

/** Actions and conditions: those of the config, and those that are uploaded here. */
export function actionRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listActions, async (c) => c.json({ items: await calls.listActions(), next_cursor: null }, 200))
  routes.openapi(readAction, async (c) => c.json(await calls.readAction(c.req.valid('param').name), 200))
  routes.put('/:name', limitModule())
  routes.openapi(uploadAction, async (c) => {
    const name = checkActionName(c.req.valid('param').name)
    const bytes = new Uint8Array(await c.req.arrayBuffer())
    if (bytes.byteLength === 0) throw new ApiError(400, 'bad_request', 'the body is the module, and it is empty')
    const filename = chooseFilename(c, name, c.req.valid('query').filename, bytes)
    return c.json(await calls.uploadAction(name, { filename, bytes }, readActor(c)), 200)
  })
  routes.openapi(listVersions, async (c) =>
    c.json({ items: await calls.listActionVersions(c.req.valid('param').name), next_cursor: null }, 200),
  )
  routes.openapi(rollbackAction, async (c) => {
    const { sha256 } = c.req.valid('json')
    return c.json(await calls.rollbackAction(c.req.valid('param').name, sha256 ?? null, readActor(c)), 200)
  })
  routes.openapi(deleteAction, async (c) =>
    c.json({ deleted: await calls.deleteAction(c.req.valid('param').name, readActor(c)) }, 200),
  )
  routes.openapi(tryAction, async (c) => {
    const { from, to, attach } = c.req.valid('query')
    const raw = await readMailBody(c)
    const envelope = { from, to: splitList(to), client: '127.0.0.1', helo: 'api', tls: false, user: null }
    const mail = { id: ulid(), receivedAt: Date.now(), envelope, raw }
    return c.json(await calls.tryAction(c.req.valid('param').name, mail, splitList(attach)), 200)
  })
  return routes
}

function limitModule() {
  return bodyLimit({
    maxSize: moduleBytesMax,
    onError: () => {
      throw new ApiError(413, 'too_large', 'a module may have 8 MB')
    },
  })
}

const typeEndings: Record<string, string> = {
  'application/wasm': '.wasm',
  'application/typescript': '.ts',
  'text/typescript': '.ts',
  'text/x-typescript': '.ts',
  'application/javascript': '.js',
  'text/javascript': '.js',
}

/** Errors of a script name its file, so the name is kept; without one, the content type says what it is, or the bytes. */
function chooseFilename(c: Context, name: string, filename: string | undefined, bytes: Uint8Array): string {
  if (filename !== undefined) {
    if (isModuleFilename(filename)) return filename
    throw new ApiError(400, 'bad_filename', 'filename is the plain name of a .wasm, .ts or .js file')
  }
  const type = c.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const ending = typeEndings[type] ?? (isWasm(bytes) ? '.wasm' : null)
  if (ending) return `${name}${ending}`
  const hint = 'add ?filename=name.ts, or the content type application/wasm, text/typescript or text/javascript'
  throw new ApiError(400, 'unknown_type', 'is this a .wasm, .ts or .js file?', hint)
}

/** WebAssembly Core Specification 2.0, section 5.5.16: every module starts with these bytes. */
function isWasm(bytes: Uint8Array): boolean {
  return [0x00, 0x61, 0x73, 0x6d].every((byte, index) => bytes[index] === byte)
}
