import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ulid } from 'ulid'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.js'
import type { ApiParts } from '../api.js'
import { readActor } from './actor.js'
import { readJson, readQuery } from './query.js'

/** What a module may have at most; see the limits of the sandbox. */
const moduleBytesMax = 8 * 1024 * 1024
/** Names stand in paths and on command lines. */
const actionName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const uploadedFilename = /^[\p{L}\p{N}_][\p{L}\p{N}._ -]{0,99}\.(?:wasm|ts|js)$/u

const uploadQuery = z.object({ filename: z.string().max(200).optional() })
const rollbackBody = z.object({
  sha256: z
    .string()
    .regex(/^[0-9a-f]{6,64}$/i, 'six to 64 hex digits')
    .optional(),
})
const tryQuery = z.object({
  from: z.string().max(320).default(''),
  to: z.string().max(2_000).default(''),
  /** Names of lookups, as a route would attach them. */
  attach: z.string().max(2_000).default(''),
})

/** Actions and conditions: those of the config, and those that are uploaded here. */
export function actionRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => c.json({ items: await calls.listActions(), next_cursor: null }))
  routes.get('/:name', async (c) => c.json(await calls.readAction(c.req.param('name'))))
  routes.put('/:name', limitModule(), async (c) => {
    const name = readName(c)
    const bytes = new Uint8Array(await c.req.arrayBuffer())
    if (bytes.byteLength === 0) throw new ApiError(400, 'bad_request', 'the body is the module, and it is empty')
    return c.json(await calls.uploadAction(name, { filename: readFilename(c, name, bytes), bytes }, readActor(c)))
  })
  routes.get('/:name/versions', async (c) =>
    c.json({ items: await calls.listActionVersions(c.req.param('name')), next_cursor: null }),
  )
  routes.post('/:name/rollback', async (c) => {
    const { sha256 } = await readJson(c, rollbackBody)
    return c.json(await calls.rollbackAction(c.req.param('name'), sha256 ?? null, readActor(c)))
  })
  routes.delete('/:name', async (c) => c.json({ deleted: await calls.deleteAction(c.req.param('name'), readActor(c)) }))
  routes.post('/:name/try', async (c) => {
    const { from, to, attach } = readQuery(c, tryQuery)
    const raw = new Uint8Array(await c.req.arrayBuffer())
    if (raw.byteLength === 0) throw new ApiError(400, 'bad_request', 'the body is the raw mail, and it is empty')
    const envelope = { from, to: splitList(to), client: '127.0.0.1', helo: 'api', tls: false, user: null }
    const mail = { id: ulid(), receivedAt: Date.now(), envelope, raw }
    return c.json(await calls.tryAction(c.req.param('name'), mail, splitList(attach)))
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

function readName(c: Context): string {
  const name = c.req.param('name') ?? ''
  if (actionName.test(name)) return name
  const message = `${JSON.stringify(name.slice(0, 80))} cannot be the name of an uploaded action`
  throw new ApiError(400, 'bad_name', message, 'letters, digits, dots, dashes and underscores, at most 64 of them')
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
function readFilename(c: Context, name: string, bytes: Uint8Array): string {
  const { filename } = readQuery(c, uploadQuery)
  if (filename !== undefined) {
    if (uploadedFilename.test(filename)) return filename
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

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
}
