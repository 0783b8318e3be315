import { z } from 'zod'
import type { ActResult } from '#src/domain/act.js'
import type { DigestSchedule } from '#src/domain/calendar.js'
import type { Channel, ChannelKind } from '#src/domain/channel.js'
import type { Config, LookupResult, Person } from '#src/domain/config.js'
import type { NewNotification } from '#src/domain/delivery.js'
import { LookupError } from '#src/domain/errors.js'
import type { Condition, Route, Step } from '#src/domain/route.js'
import { runRoute } from '#src/steps/run-route.js'
import type { StepParts } from '#src/steps/step.js'
import { openSettings } from '../receive/open-settings.js'
import { makeMail, makeRoute, text } from '../route/sample.js'

const mailAddress = z.string().regex(/^[^@\s]+@[^@\s]+$/)

function makeChannel(name: string, address: ChannelKind['address'], destination: string | null): Channel {
  const kind: ChannelKind = {
    kind: 'test',
    label: 'Test',
    description: 'A kind for tests.',
    guide: { steps: [], note: null },
    settings: z.unknown(),
    address,
    destination: () => destination,
    secrets: [],
    capabilities: { textMax: 100, textUnit: 'bytes', dialect: 'plain', attachments: false, idempotent: false },
    concurrency: 1,
    rates: { channel: null, address: null },
    send: () => Promise.reject(new Error('nothing is sent while routing')),
  }
  const limits = { rate: null, perDayMax: null, retryMs: null, retryWindowMs: null }
  return { name, kind, settings: {}, destination, limits, template: null }
}

const channels = {
  /** Reaches whoever has an address in `people`. */
  telegram: makeChannel('telegram', { schema: z.string(), hint: 'a chat id' }, null),
  /** Reaches everybody who has a mail address. */
  email: makeChannel('email', { schema: mailAddress, hint: 'a mail address', defaultsToMail: true }, null),
  /** Have a destination of their own. */
  ops: makeChannel('ops', null, 'hooks.example'),
  desk: makeChannel('desk', { schema: z.string(), hint: 'a chat id' }, '-100'),
  /** Needs no address at all. */
  inbox: makeChannel('inbox', null, null),
}

function makePerson(address: string, changes: Partial<Person> = {}): Person {
  return { address, name: null, manager: null, channels: {}, quietHours: null, ...changes }
}

/** As the config makes them: a name that JavaScript knows is no entry. */
function plain<Value>(entries: Record<string, Value>): Record<string, Value> {
  return Object.assign(Object.create(null) as Record<string, Value>, entries)
}

export const people = plain<Person>({
  'tim@y.example': makePerson('tim@y.example', { channels: { telegram: '111' }, manager: 'boss@y.example' }),
  'jolin@y.example': makePerson('jolin@y.example', { channels: { telegram: '222' }, manager: 'boss@y.example' }),
  'twin@y.example': makePerson('twin@y.example', { channels: { telegram: '111' } }),
  'boss@y.example': makePerson('boss@y.example'),
})

export function makeConfig(changes: Partial<Config> = {}): Config {
  return {
    hash: 'abcdef012345',
    files: ['/etc/mailtrigger/routes.yaml'],
    server: {
      dataFolder: '/nowhere',
      store: { type: 'sqlite' },
      freeBytesMin: 0,
      smtp: { ...openSettings, listen: [] },
      http: {
        listen: { host: '127.0.0.1', port: 0 },
        publicUrl: null,
        trustedProxies: [],
        session: { idleMs: 43_200_000, maxMs: 604_800_000 },
        proxyAuth: null,
      },
      retention: { mailsMs: null, deliveriesMs: null, sizeBytesMax: null },
      network: { denyPrivate: false, allow: [], deny: [] },
    },
    hostname: 'gateway.test',
    otherwise: { send: ['ops'], reject: null },
    llm: null,
    channels,
    people,
    groups: plain({ devs: ['tim@y.example', 'jolin@y.example'], nobody: [] }),
    lookups: {},
    actions: {},
    jobs: {},
    monitors: {},
    calendars: {},
    routes: [],
    defaultRetryMs: [60_000],
    defaultRetryWindowMs: 86_400_000,
    defaultDedupe: null,
    secrets: [],
    ...changes,
  }
}

/** The config with a template for one of its channels. */
export function withTemplate(config: Config, name: string, template: Channel['template']): Config {
  const channel = config.channels[name]
  if (!channel) throw new Error(`there is no channel ${name}`)
  return { ...config, channels: { ...config.channels, [name]: { ...channel, template } } }
}

/** Compiles, and goes over its limits whenever it is rendered. */
export const tooMuch = { title: null, text: '{% for i in (1..100000000) %}x{% endfor %}' }

/** `title | text` of each delivery. */
export function listTexts(notifications: readonly NewNotification[]): string[] {
  return notifications.flatMap(({ deliveries }) =>
    deliveries.map(({ message }) => `${message.title} | ${message.text}`),
  )
}

export function makeLookup(data: unknown, changes: Partial<LookupResult> = {}): LookupResult {
  return {
    name: 'owners',
    data,
    json: JSON.stringify(data),
    source: 'http',
    from: 'http://internal/owners',
    status: 200,
    cache: 'fetched',
    ageMs: 0,
    durationMs: 12.4,
    problem: null,
    ...changes,
  }
}

export function makeActResult(changes: Partial<ActResult> = {}): ActResult {
  return {
    recipientsBefore: [],
    recipients: ['tim@y.example'],
    dropped: false,
    title: null,
    text: null,
    severity: null,
    labels: {},
    reason: null,
    logs: [],
    durationMs: 3.21,
    sha256: 'f'.repeat(64),
    ...changes,
  }
}

export function makeParts(changes: Partial<StepParts> = {}): StepParts {
  return {
    config: makeConfig(),
    getLookup: async (name) => {
      throw new LookupError(`GET http://internal/${name}: 503`)
    },
    runAction: async () => makeActResult(),
    exhausted: false,
    unless: new Map(),
    now: () => now,
    measure: () => 0,
    ...changes,
  }
}

/** When everything in these tests takes place; the sample mails came in at this moment. */
export const now = Date.UTC(2025, 5, 6, 12)

const position = { file: 'routes.yaml', line: 1, column: 1 }
/** Steps as the config gives them, with what is not said left at its default. */
export const steps = {
  attach: (lookup = 'owners', ifMissing: string[] | null = null): Step => ({
    verb: 'attach',
    lookup,
    ifMissing,
    position,
  }),
  run: (action = 'redact'): Step => ({ verb: 'run', action, position }),
  extract: (variables: Extract<Step, { verb: 'extract' }>['variables']): Step => ({
    verb: 'extract',
    variables,
    position,
  }),
  recipients: (entries: string[], alsoManager = false): Step => ({
    verb: 'recipients',
    source: { type: 'list', entries },
    alsoManager,
    position,
  }),
  owners: (key: string, ifMissing: string[] | null = null, alsoManager = false): Step => ({
    verb: 'recipients',
    source: { type: 'lookup', lookup: 'owners', key, ifMissing },
    alsoManager,
    position,
  }),
  set: (changes: Partial<Extract<Step, { verb: 'set' }>>): Step => ({
    verb: 'set',
    title: null,
    text: null,
    severity: null,
    event: null,
    fingerprint: null,
    labels: {},
    position,
    ...changes,
  }),
  send: (channel: string | string[], changes: Partial<Extract<Step, { verb: 'send' }>> = {}): Step => ({
    verb: 'send',
    channels: [channel].flat(),
    to: null,
    template: null,
    offersAck: false,
    repeat: null,
    escalations: [],
    during: null,
    position,
    ...changes,
  }),
  dedupe: (key: string[], windowMs = 1_800_000): Step => ({ verb: 'dedupe', key, windowMs, position }),
  hold: (
    key: string | string[],
    unless: Condition = text('subject', 'contains', 'recovered'),
    forMs = 300_000,
  ): Step => ({
    verb: 'hold',
    key: [key].flat(),
    forMs,
    unless,
    position,
  }),
  digest: (key: string | string[] | null, schedule: DigestSchedule = { type: 'every', everyMs: 3_600_000 }): Step => ({
    verb: 'digest',
    key: key === null ? null : [key].flat(),
    schedule,
    sendEmpty: false,
    position,
  }),
  resolve: (fingerprint: string | null = null): Step => ({ verb: 'resolve', fingerprint, position }),
  stop: (): Step => ({ verb: 'stop', position }),
}

export const mail = makeMail({ envelope: { to: ['tim@y.example', 'jolin@y.example'] } })

/** Runs a route of these steps over a mail to Tim and Jolin. */
export function run(
  list: Step[],
  changes: Partial<StepParts> & { route?: Partial<Route>; variables?: Record<string, string> } = {},
) {
  const { route, variables = {}, ...parts } = changes
  const made = makeRoute(text('subject', 'contains', 'x'), { name: 'errors', steps: list, retryMs: [1_000], ...route })
  return runRoute(made, mail, variables, makeParts(parts), new AbortController().signal)
}

/** `channel recipient address`, for tables; `!` marks a dead letter. */
export function listDeliveries(result: Awaited<ReturnType<typeof run>>): string[] {
  return (result.notification?.deliveries ?? []).map(({ channel, recipient, address, dead }) =>
    [dead === null ? channel : `!${channel}`, recipient, address].filter((part) => part !== null).join(' '),
  )
}
