import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { JobLine } from '../domain/job.js'
import { buildModule } from './build-module.js'
import { type Cli, CliExit, exitCodes } from './cli.js'
import { connect } from './client.js'

export interface PushOptions {
  schedule?: string
  timezone?: string
  database?: string
  send?: string[]
  settings?: string
  allowHost?: string[]
  timeout?: string
  onFailure?: string[]
  onSuccess?: string[]
  onCompletion?: string[]
}

const transferMsMax = 300_000

/** Uploads what is given of a job. A script is built here, because the files it imports are here. */
export async function pushJob(cli: Cli, name: string, module: string | null, options: PushOptions): Promise<JobLine> {
  const form = new FormData()
  if (module !== null) {
    const { filename, bytes } = await buildModule(module)
    form.set('module', new Blob([bytes]), filename)
  }
  if (options.database) form.set('database', new Blob([readFileGiven(options.database)]), basename(options.database))
  if (options.schedule) form.set('schedule', options.schedule)
  if (options.timezone) form.set('timezone', options.timezone)
  if (options.settings) form.set('config', readSettings(options.settings))
  for (const channel of options.send ?? []) form.append('send', channel)
  for (const host of options.allowHost ?? []) form.append('allow_hosts', host)
  if (options.timeout) form.set('timeout', options.timeout)
  for (const channel of options.onFailure ?? []) form.append('on_failure', channel)
  for (const channel of options.onSuccess ?? []) form.append('on_success', channel)
  for (const channel of options.onCompletion ?? []) form.append('on_completion', channel)
  if ([...form.keys()].length === 0) {
    throw new CliExit(exitCodes.usage, 'there is nothing to push', 'name a module, or what changed: --schedule, …')
  }
  const client = await connect(cli)
  const init = { method: 'PUT', body: form, signal: transferSignal(cli) }
  return (await (await client.open(`/jobs/${encodeURIComponent(name)}`, init)).json()) as JobLine
}

/** A database may have 50 MB, and the way to the server may be slow. */
export function transferSignal(cli: Cli): AbortSignal {
  return AbortSignal.any([cli.signal, AbortSignal.timeout(transferMsMax)])
}

export function readFileGiven(path: string): Uint8Array<ArrayBuffer> {
  if (!existsSync(path)) throw new CliExit(exitCodes.notFound, `there is no file ${path}`)
  return new Uint8Array(readFileSync(path))
}

function readSettings(given: string): string {
  const text = given.startsWith('@') ? Buffer.from(readFileGiven(given.slice(1))).toString('utf8') : given
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return JSON.stringify(value)
  } catch {
    throw new CliExit(exitCodes.usage, '--settings is not JSON', `it looks like '{"minutes": 30}'`)
  }
  throw new CliExit(exitCodes.usage, '--settings is a JSON object', `it looks like '{"minutes": 30}'`)
}
