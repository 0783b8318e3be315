import { z } from 'zod'
import { ApiError } from '../domain/errors.js'
import type { JobSettings, JobUpload } from '../domain/job.js'
import type { UploadedJob } from '../store/job-store.js'
import { checkSchedule } from './schedule.js'

/** What is kept of an uploaded job beside its module. */
const uploadedDefinition = z.object({
  schedule: z.string(),
  timezone: z.string(),
  send: z.array(z.string()),
  config: z.record(z.string(), z.unknown()),
  allowHosts: z.array(z.string()),
  timeoutMs: z.number(),
  onFailure: z.array(z.string()),
  onSuccess: z.array(z.string()),
  onCompletion: z.array(z.string()),
})
type UploadedDefinition = z.output<typeof uploadedDefinition>

const timeoutMsDefault = 60_000
const timeoutMsMax = 900_000
const configLengthMax = 64 * 1024

/** What an upload makes of the job there was; null when it is new. Throws `ApiError(400)` saying what is wrong. */
export function mergeUpload(
  upload: JobUpload,
  before: UploadedJob | null,
  known: { channels: readonly string[] },
): UploadedJob {
  if (!/^[a-z0-9-]{1,64}$/.test(upload.name)) {
    throw refuse('a job is named by lower-case letters, digits and hyphens, at most 64')
  }
  const old = before && uploadedDefinition.parse(before.definition)
  const schedule = upload.schedule ?? old?.schedule
  if (schedule === undefined) throw refuse('a new job needs a schedule', 'cron: minute hour day month weekday')
  const module = upload.module ?? before
  if (!module) throw refuse('a new job needs a module')
  const bytes = upload.module ? upload.module.bytes : before?.module
  const definition: UploadedDefinition = {
    schedule,
    timezone: upload.timezone ?? old?.timezone ?? 'UTC',
    send: upload.send ?? old?.send ?? [],
    config: upload.config ?? old?.config ?? {},
    allowHosts: (upload.allowHosts ?? old?.allowHosts ?? []).map((host) => host.toLowerCase()),
    timeoutMs: upload.timeoutMs ?? old?.timeoutMs ?? timeoutMsDefault,
    onFailure: upload.onFailure ?? old?.onFailure ?? [],
    onSuccess: upload.onSuccess ?? old?.onSuccess ?? [],
    onCompletion: upload.onCompletion ?? old?.onCompletion ?? [],
  }
  checkDefinition(definition, module.filename, known)
  return { name: upload.name, definition, filename: module.filename, module: bytes ?? new Uint8Array() }
}

function checkDefinition(
  definition: UploadedDefinition,
  filename: string,
  known: { channels: readonly string[] },
): void {
  const problem = checkSchedule(definition.schedule, definition.timezone)
  if (problem) throw refuse(`the schedule cannot be used: ${problem}`)
  const { send, onFailure, onSuccess, onCompletion } = definition
  const unknown = [...send, ...onFailure, ...onSuccess, ...onCompletion].find(
    (channel) => !known.channels.includes(channel),
  )
  if (unknown !== undefined) throw refuse(`there is no channel "${unknown}"`, `channels: ${known.channels.join(', ')}`)
  if (!(definition.timeoutMs > 0 && definition.timeoutMs <= timeoutMsMax)) throw refuse('a run may take 15m at most')
  if (JSON.stringify(definition.config).length > configLengthMax) throw refuse('the config is larger than 64 KB')
  if (!/\.(?:wasm|ts|js)$/.test(filename)) throw refuse(`${filename}: a module is a .wasm, .ts or .js file`)
}

/** An uploaded job as the scheduler takes it, with its module written to `modulePath`. */
export function settingsOfUpload(uploaded: UploadedJob, modulePath: string): JobSettings {
  const { onFailure, onSuccess, onCompletion, ...definition } = uploadedDefinition.parse(uploaded.definition)
  return {
    name: uploaded.name,
    origin: 'uploaded',
    module: modulePath,
    ...definition,
    database: null,
    notify: { onFailure, onSuccess, onCompletion },
    position: null,
  }
}

function refuse(message: string, hint: string | null = null): ApiError {
  return new ApiError(400, 'invalid_job', message, hint)
}
