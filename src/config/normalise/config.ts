import type { Channel } from '../../domain/channel.js'
import type { Config } from '../../domain/config.js'
import type { Route } from '../../domain/route.js'
import type { RawFile } from '../schema/routes-file.js'
import { collectFilePieces } from '../secrets.js'
import { childOf, keyPlaceAt, nodeAt, type SourceNode } from '../source.js'
import { normaliseCalendar } from './calendars.js'
import { normaliseChannel } from './channels.js'
import { normaliseJob } from './jobs.js'
import { variablesOf, variablesOfStep } from './keys.js'
import { normaliseMonitor } from './monitors.js'
import { readKey } from './noise-steps.js'
import { normaliseGroups, normalisePeople } from './people.js'
import { type Reading, readChannels, refuseUnavailable } from './reading.js'
import { normaliseRoutes } from './routes.js'
import { normaliseLlm, normaliseServer } from './server.js'
import { normaliseAction, normaliseLookup } from './sources.js'
import { durationMs, durationsMs } from './values.js'

const retryMsDefault = [60_000, 300_000, 900_000, 1_800_000, 3_600_000]
const retryWindowMsDefault = 3 * 86_400_000
const dedupeKeyDefault = ['route', 'subject', 'recipients']

/** Where the program runs, as far as a config depends on it. */
export interface Machine {
  hostname: string
  /** Absolute; where the program was started. */
  folder: string
}

/** Turns checked data into the domain's config; whatever is wrong on the way is reported to `reading.issues`. */
export function normaliseConfig(raw: RawFile, reading: Reading, machine: Machine): Omit<Config, 'hash' | 'files'> {
  const { root } = reading
  refuseLater(raw, reading)
  const channels = mapSection<RawOf<'channels'>, Channel>(raw.channels, 'channels', reading, normaliseChannel)
  const people = normalisePeople(raw.people ?? {}, reading)
  const groups = normaliseGroups(raw.groups ?? {}, reading)
  const lookups = mapSection(raw.lookups, 'lookups', reading, normaliseLookup)
  const actions = mapSection(raw.actions, 'actions', reading, normaliseAction)
  const jobs = mapSection(raw.jobs, 'jobs', reading, normaliseJob)
  const monitors = mapSection(raw.monitors, 'monitors', reading, normaliseMonitor)
  const calendars = mapSection(raw.calendars, 'calendars', reading, normaliseCalendar)
  const routes = normaliseRoutes(raw, childOf(root, 'routes'), reading)
  const otherwiseSend = nodeAt(root, ['otherwise', 'send'])
  const otherwise = {
    send: raw.otherwise?.send && otherwiseSend ? readChannels(raw.otherwise.send, otherwiseSend, reading) : [],
    reject: readReply(raw.otherwise?.reject),
  }
  const server = normaliseServer(raw.server, reading, machine.folder)
  const llm = normaliseLlm(raw.llm, reading)
  collectFilePieces(root, reading)
  return {
    server,
    hostname: raw.server?.hostname ?? machine.hostname,
    otherwise,
    llm,
    channels,
    people,
    groups,
    lookups,
    actions,
    jobs,
    monitors,
    calendars,
    routes,
    defaultRetryMs: raw.defaults?.retry === undefined ? [...retryMsDefault] : durationsMs(raw.defaults.retry),
    defaultRetryWindowMs: durationMs(raw.defaults?.retry_window, retryWindowMsDefault),
    defaultDedupe: normaliseDefaultDedupe(raw.defaults?.dedupe, routes, reading),
    secrets: [...reading.secrets],
  }
}

type RawOf<Section extends 'channels'> = NonNullable<RawFile[Section]>[string]

/** Without a prototype, so that `config.channels['constructor']` is what the file says: nothing. */
function mapSection<Raw, Normal>(
  raw: Record<string, Raw> | undefined,
  section: string,
  reading: Reading,
  normalise: (name: string, raw: Raw, node: SourceNode, reading: Reading) => Normal | null,
): Record<string, Normal> {
  const normal: Record<string, Normal> = Object.create(null)
  for (const [name, value] of Object.entries(raw ?? {})) {
    const node = nodeAt(reading.root, [section, name]) ?? reading.root
    const made = normalise(name, value, node, reading)
    if (made !== null) normal[name] = made
  }
  return normal
}

/** `550 5.7.1 no route`: the schema has let nothing else through. */
function readReply(text: string | undefined): Config['otherwise']['reject'] {
  return text === undefined ? null : { code: Number(text.slice(0, 3)), text: text.slice(4) || '5.7.1 no route' }
}

function refuseLater(raw: RawFile, reading: Reading): void {
  const { root } = reading
  if (raw.otherwise?.archive === false) {
    refuseUnavailable('archive: false', keyPlaceAt(root, ['otherwise', 'archive']), reading)
  }
}

/** A variable that any route makes may be part of the key; a route without it is not deduplicated. */
function normaliseDefaultDedupe(
  raw: NonNullable<RawFile['defaults']>['dedupe'],
  routes: Route[],
  reading: Reading,
): Config['defaultDedupe'] {
  const windowMs = durationMs(raw?.for, 0)
  const variables = new Set(
    routes.flatMap(({ when, steps }) => [...variablesOf(when), ...steps.flatMap(variablesOfStep)]),
  )
  const node = nodeAt(reading.root, ['defaults', 'dedupe', 'key']) ?? reading.root
  const key = readKey(raw?.key ?? dedupeKeyDefault, node, variables, reading)
  return windowMs > 0 ? { key, windowMs } : null
}
