import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { ApiError } from '../../domain/errors.js'
import type { JobUpload } from '../../domain/job.js'
import { parseDuration } from '../../domain/units.js'
import type { RawSchema } from './operation.js'

const names = z.array(z.string().min(1).max(320)).max(100)
const configMap = z.record(z.string().max(200), z.unknown())

const texts = { type: 'array', items: { type: 'string' } } as const

/** The fields, as the document describes them. */
export const jobForm: RawSchema = {
  type: 'object',
  properties: {
    module: { type: 'string', format: 'binary', description: 'The file: .wasm, .ts or .js. At most 8 MB.' },
    database: { type: 'string', format: 'binary', description: 'A SQLite file with its first contents.' },
    schedule: { type: 'string', description: 'Cron, five fields.' },
    timezone: { type: 'string' },
    send: { ...texts, description: 'Channels for its notifications.' },
    config: { type: 'string', description: 'A JSON object.' },
    allow_hosts: { ...texts, description: 'Hosts its HTTP calls may reach.' },
    timeout: { type: 'string', description: 'A duration like 60s.' },
    on_failure: { ...texts, description: 'Channels that hear how a run ended.' },
    on_success: texts,
    on_completion: texts,
  },
}
const uploadFields = Object.keys(jobForm.properties ?? {})

/** Reads the form of an upload. Throws `ApiError` 400 for a field that is unknown or does not fit. */
export async function readJobUpload(c: Context, name: string): Promise<JobUpload> {
  const form = await c.req.formData().catch(() => {
    throw new ApiError(400, 'bad_request', 'the body is a form (multipart/form-data) and cannot be read as one')
  })
  return readJobForm(form, name)
}

/** The same of a form that was read already. */
export async function readJobForm(form: FormData, name: string): Promise<JobUpload> {
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
