import type { JobSettings } from '../../domain/job.js'
import { formatDuration } from '../../domain/units.js'
import type { RawJob } from '../schema/routes-file.js'
import { collectSubstituted } from '../secrets.js'
import { childOf, keyPlaceAt, nodeAt, positionOf, type SourceNode } from '../source.js'
import { type Reading, readChannels, under } from './reading.js'
import { readModule } from './sources.js'
import { durationMs, resolvePath } from './values.js'

const timeoutMsDefault = 60_000
const timeoutMsMax = 900_000

/** Null for a job that `enabled: false` leaves out; what it says is checked all the same. */
export function normaliseJob(name: string, raw: RawJob, node: SourceNode, reading: Reading): JobSettings | null {
  const timezone = raw.timezone ?? 'UTC'
  const problem = reading.checkSchedule(raw.schedule, timezone)
  const schedulePlace = under(node, 'schedule')
  if (problem !== null) {
    reading.issues.error('bad-schedule', `the schedule cannot be used: ${problem}`, schedulePlace)
  }
  const timeoutMs = durationMs(raw.timeout, timeoutMsDefault)
  if (timeoutMs > timeoutMsMax) {
    const message = `a run may take ${formatDuration(timeoutMsMax)} at most`
    reading.issues.error('bad-timeout', message, under(node, 'timeout'))
  }
  const channels = (given: string | string[] | null | undefined, ...path: string[]): string[] => {
    const place = nodeAt(node, path)
    return given === null || given === undefined || !place ? [] : readChannels(given, place, reading)
  }
  const config = childOf(node, 'config')
  if (config) collectSubstituted(config, reading)
  const job: JobSettings = {
    name,
    origin: 'config',
    module: readModule(raw.module, under(node, 'module'), reading),
    config: raw.config ?? {},
    schedule: raw.schedule,
    timezone,
    database: readDatabase(raw.database, under(node, 'database'), reading),
    send: channels(raw.send, 'send'),
    allowHosts: (raw.allow_hosts ?? []).map((host) => host.toLowerCase()),
    timeoutMs,
    notify: {
      onFailure: channels(raw.notify?.on_failure, 'notify', 'on_failure'),
      onSuccess: channels(raw.notify?.on_success, 'notify', 'on_success'),
      onCompletion: channels(raw.notify?.on_completion, 'notify', 'on_completion'),
    },
    position: positionOf(keyPlaceAt(reading.root, ['jobs', name])),
  }
  return raw.enabled === false ? null : job
}

function readDatabase(path: string | undefined, place: SourceNode, reading: Reading): string | null {
  if (path === undefined) return null
  const database = resolvePath(path, place)
  if (!reading.fileExists(database)) {
    reading.issues.error('missing-file', `there is no file ${path}`, place, `looked for ${database}`)
  }
  return database
}
