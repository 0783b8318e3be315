import { ApiError } from '../../domain/errors.js'
import type { JobUpload } from '../../domain/job.js'
import { readJobForm } from '../api/job-upload.js'
import { moduleBytesMax, plainModuleFilename } from '../module-file.js'
import { type EnteredJob, jobTextFields } from './elements/job-form.js'
import { takeFile, takeText } from './read-upload.js'

/** Fields in which nothing means none, where in the others it means that nothing was said. */
const lists = ['send', 'allow_hosts', 'on_failure', 'on_success', 'on_completion']
const configLengthMax = 100_000

/** A job's form of the console as an upload of the API. Throws `ApiError` 400 for what does not fit. */
export async function readJobFields(form: FormData, name: string): Promise<JobUpload> {
  const given = new FormData()
  for (const field of jobTextFields) {
    if (!form.has(field)) continue
    const text = takeText(form, field, field === 'config' ? configLengthMax : 1_000)
    if (text !== '' || lists.includes(field)) given.append(field, text)
  }
  const upload = await readJobForm(given, name)
  const [module, database] = [await takeFile(form, 'module'), await takeFile(form, 'database')]
  if (module && module.bytes.byteLength > moduleBytesMax)
    throw new ApiError(413, 'too_large', 'A module may have 8 MB.')
  return {
    ...upload,
    module: module && { ...module, filename: plainModuleFilename(module.filename) },
    database: database?.bytes ?? null,
  }
}

/** What was entered, to be shown again. Not the config: it may hold secrets, which no page shows. */
export function readEntered(form: FormData): EnteredJob {
  const fields = jobTextFields.filter((field) => field !== 'config')
  return Object.fromEntries(fields.map((field) => [field, String(form.get(field) ?? '').slice(0, 1_000)]))
}
