import type { Calendar } from './calendar.js'
import type { Channel } from './channel.js'
import type { Position } from './errors.js'
import type { Role } from './identity.js'
import type { JobSettings } from './job.js'
import type { Severity } from './message.js'
import type { MonitorSettings } from './monitor.js'
import type { Route } from './route.js'
import type { ListenAddress, SmtpSettings } from './smtp-settings.js'

/**
 * A config file after everything that can be checked without the network was checked: references resolve, texts are
 * substituted, patterns and templates compile, paths are absolute, durations are milliseconds and sizes bytes.
 */
export interface Config {
  /** First 12 hex digits of the SHA-256 over the file contents: names the config in traces. */
  hash: string
  /** The files it was read from, absolute. */
  files: string[]
  server: ServerSettings
  /** `server.hostname`, or the machine's. */
  hostname: string
  /** `reject`: what a sender hears at the end of DATA when no route takes the mail; null keeps such mails. */
  otherwise: { send: string[]; reject: { code: number; text: string } | null }
  llm: LlmSettings | null
  channels: Record<string, Channel>
  people: Record<string, Person>
  /** Group name to the mail addresses in it, nested groups flattened. */
  groups: Record<string, string[]>
  lookups: Record<string, LookupSettings>
  actions: Record<string, ActionSettings>
  /** Those of the files; uploaded ones are in the store. */
  jobs: Record<string, JobSettings>
  monitors: Record<string, MonitorSettings>
  calendars: Record<string, Calendar>
  routes: Route[]
  /** `defaults.retry`: where neither the route nor the channel has a ladder. */
  defaultRetryMs: number[]
  defaultRetryWindowMs: number
  /** `defaults.dedupe`: for routes without a step of that name; key parts are Liquid. Null suppresses nothing. */
  defaultDedupe: { key: string[]; windowMs: number } | null
  /** Values that came from `${VAR}` or `${file:…}`, and settings kinds call secret: never shown anywhere. */
  secrets: string[]
}

export interface ServerSettings {
  dataFolder: string
  store: { type: 'sqlite' }
  /** Free space of the data folder's disk below which no mail is taken in, so that what was is still worked off. */
  freeBytesMin: number
  smtp: SmtpSettings
  http: HttpSettings
  retention: { mailsMs: number | null; deliveriesMs: number | null; sizeBytesMax: number | null }
  network: NetworkPolicy
}

export interface HttpSettings {
  listen: ListenAddress
  /** How people reach this server, for links in messages; without it messages have none. No slash at its end. */
  publicUrl: string | null
  /** CIDR ranges of the proxies that are believed when they say for whom they call, and whether by https. */
  trustedProxies: string[]
  /** When somebody who signed in has to do so again: not seen for `idleMs`, or `maxMs` after it whatever they did. */
  session: { idleMs: number; maxMs: number }
  proxyAuth: ProxyAuthSettings | null
}

/** A proxy that has people sign in, and says in a header of each request who they are. */
export interface ProxyAuthSettings {
  /** CIDR ranges it calls from. The headers of anybody else are nothing. */
  from: string[]
  /** Lower case. */
  userHeader: string
  /** One role for everybody it lets through; or what its groups stand for: who has several has the highest. */
  role: { type: 'fixed'; role: Role } | { type: 'header'; header: string; roles: Record<string, Role> }
}

/** For everything we fetch or post to. `network.allow` and `deny` hold CIDR ranges and host globs. */
export interface NetworkPolicy {
  denyPrivate: boolean
  allow: string[]
  deny: string[]
}

export interface LlmSettings {
  baseUrl: string
  apiKey: string
  model: string
  timeoutMs: number
  callsPerDayMax: number
}

export interface Person {
  /** The mail address that names the person, lower case. */
  address: string
  name: string | null
  /** Mail address of the manager, who must be a person too. */
  manager: string | null
  /** Channel name to the address there. A person is always reachable by mail on channels of kind email. */
  channels: Record<string, string>
  /** While the calendar is open, everything waits but these severities. */
  quietHours: { calendar: string; except: Severity[] } | null
}

export type LookupSource =
  | { type: 'http'; url: string; headers: Record<string, string>; timeoutMs: number }
  | { type: 'file'; path: string }
  | { type: 'inline'; data: unknown }

export interface LookupSettings {
  name: string
  source: LookupSource
  /** How long a fetched copy counts as fresh. */
  cacheMs: number
  /** How old a copy may be to stand in when the fetch fails. */
  staleOkMs: number
}

export interface ActionSettings {
  name: string
  /** Absolute path to .wasm, .ts, .js or .as.ts. */
  module: string
  config: Record<string, unknown>
  timeoutMs: number
  /** Hosts its `http` calls may reach. */
  allowHosts: string[]
  position: Position
}

/** What a call of an action goes by, wherever its module comes from. */
export type ActionCallSettings = Omit<ActionSettings, 'module' | 'position'>

/** What a lookup gave, with the facts a trace shows. */
export interface LookupResult {
  name: string
  data: unknown
  /** `data` as JSON text: what is attached as `<name>.json`. */
  json: string
  source: 'http' | 'file' | 'inline'
  /** The URL without its query and credentials, or the file's path; null for inline. */
  from: string | null
  status: number | null
  /** `stale`: the fetch failed and a copy not older than `stale_ok` stands in. */
  cache: 'none' | 'fetched' | 'fresh' | 'revalidated' | 'stale'
  ageMs: number
  durationMs: number
  /** Why a stale copy had to stand in. */
  problem: string | null
}
