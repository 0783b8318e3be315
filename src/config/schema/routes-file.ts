import { z } from 'zod'
import { severities } from '../../domain/message.js'
import { calendar } from './calendars.js'
import { condition } from './conditions.js'
import { monitor } from './monitors.js'
import { defaults, llm, otherwise, server } from './server.js'
import { step } from './steps.js'
import {
  duration,
  httpUrl,
  jsonMap,
  labels,
  mailAddress,
  name,
  oneOrMore,
  path,
  recipient,
  timezone,
  waitDuration,
} from './values.js'

/** Kinds check their own settings once the kind is known; what any channel takes is in `channelLimits`. */
const channel = z.looseObject({ kind: z.string().min(1).describe('The kind of channel.') }).meta({ id: 'channel' })

const quietHours = z.strictObject({
  calendar: name.describe('The calendar of the hours in which nothing arrives.'),
  except: z.array(z.string()).max(20).optional().describe('Severities that arrive all the same. Default [critical].'),
})

/** Beside these keys, every key is a channel's name. */
const person = z
  .object({
    name: z.string().min(1).max(200).optional().describe('What the person is called.'),
    manager: mailAddress.optional().describe('The mail address of the manager, who is a person too.'),
    quiet_hours: z
      .union([name, quietHours])
      .optional()
      .describe('A calendar; while it is open, all but critical alerts wait.'),
  })
  .catchall(z.string().min(1).max(1_000).describe('The address of the person on this channel.'))

const lookup = z
  .strictObject({
    url: httpUrl.optional().describe('Where the mapping is fetched with GET.'),
    file: path.optional().describe('A JSON file with the mapping.'),
    inline: z.unknown().optional().describe('The mapping itself.'),
    headers: z.record(z.string().min(1).max(200), z.string().max(8_192)).optional().describe('Headers of the request.'),
    cache: duration.optional().describe('How long a fetched copy counts as fresh. Default 5m.'),
    stale_ok: duration.optional().describe('How old a copy may be to stand in when the fetch fails. Default 24h.'),
    timeout: waitDuration.optional().describe('How long the fetch may take. Default 5s.'),
  })
  .refine(({ url, file, inline }) => [url, file, inline].filter((value) => value !== undefined).length === 1, {
    error: 'a lookup has one of url, file and inline',
    params: { code: 'bad-lookup' },
  })

const action = z.strictObject({
  module: path.describe('The module: .wasm, or .ts, .js or .as.ts that is built to WASM on load.'),
  config: jsonMap.optional().describe('What the module is given as its config.'),
  timeout: waitDuration.optional().describe('How long a call may take. Default 1s.'),
  allow_hosts: z.array(z.string().min(1)).optional().describe('Hosts the module may call.'),
})

const route = z.strictObject({
  name: z.string().trim().min(1).max(200).describe('The name in traces and messages; unique.'),
  enabled: z.boolean().optional().describe('false leaves the route out. Default true.'),
  when: condition.optional().describe('What a mail has to meet. Without it the route matches every mail.'),
  steps: z.array(step).max(200).optional().describe('What is done with a mail that matches, in order.'),
  stop: z.boolean().optional().describe('true ends the list of routes after this one matched. Default false.'),
  severity: z
    .string()
    .optional()
    .meta({ examples: [...severities] })
    .describe('critical, error, warning, info or resolved.'),
  event: z.string().min(1).max(200).optional().describe('The name of the event.'),
  labels: labels.optional().describe('Labels of the notification.'),
  on_error: z
    .enum(['send', 'hold'])
    .optional()
    .describe('When an action fails: send with the recipients so far, or hold.'),
  retry: z.array(waitDuration).max(50).optional().describe('The wait before each retry, in place of the default.'),
  retry_window: waitDuration.optional().describe('How long a delivery is tried at all, in place of the default.'),
})

const job = z.strictObject({
  module: path.describe('The WASM module, or its source.'),
  schedule: z.string().min(1).max(200).describe('When it runs, as cron.'),
  timezone: timezone.optional().describe('The time zone of the schedule.'),
  database: path.optional().describe('The SQLite file with the first contents of its database.'),
  config: jsonMap.optional().describe('What the module is given as its config.'),
  timeout: waitDuration.optional().describe('How long a run may take.'),
  enabled: z.boolean().optional().describe('false leaves the job out.'),
  allow_hosts: z.array(z.string().min(1)).optional().describe('Hosts the module may call.'),
  send: oneOrMore(name).optional().describe('The channel of what it notifies.'),
  notify: z
    .strictObject({
      on_failure: oneOrMore(name).nullable().optional().describe('The channel that hears of failed runs.'),
      on_success: oneOrMore(name).nullable().optional().describe('The channel that hears of good runs.'),
      on_completion: oneOrMore(name).nullable().optional().describe('The channel that hears of every run.'),
    })
    .optional()
    .describe('Who hears of the runs themselves.'),
})

/** The whole of routes.yaml. Unknown keys are errors everywhere. */
export const routesFile = z.strictObject({
  version: z.literal(1).optional().describe('The version of this format: 1.'),
  server: server.optional().describe('Where the gateway listens, what it accepts and what it keeps.'),
  defaults: defaults.optional().describe('What holds for every route that says nothing else.'),
  otherwise: otherwise
    .optional()
    .describe('What becomes of mails that no route matches, and of what cannot be delivered.'),
  llm: llm.optional().describe('The LLM that conditions ask.'),
  channels: z.record(name, channel).optional().describe('The ways out, by name.'),
  people: z.record(mailAddress, person).optional().describe('Who is reached where, by mail address.'),
  groups: z
    .record(name, z.array(recipient).max(10_000))
    .optional()
    .describe('Names for several people; a group may hold groups.'),
  lookups: z.record(name, lookup).optional().describe('JSON mappings that routes fetch, by name.'),
  actions: z.record(name, action).optional().describe('WASM modules that rewrite recipients, by name.'),
  routes: z.array(route).optional().describe('The rules. Every route that matches runs, in order.'),
  jobs: z.record(name, job).optional().describe('WASM modules that run on a schedule, by name.'),
  monitors: z.record(name, monitor).optional().describe('What is expected to show up within an interval, by name.'),
  calendars: z.record(name, calendar).optional().describe('Hours with a name, for quiet_hours and during.'),
})

export type RawFile = z.output<typeof routesFile>
export type RawRoute = z.output<typeof route>
export type RawLookup = NonNullable<RawFile['lookups']>[string]
export type RawJob = NonNullable<RawFile['jobs']>[string]
export type RawAction = NonNullable<RawFile['actions']>[string]
export type RawPerson = NonNullable<RawFile['people']>[string]
export type RawQuietHours = string | z.output<typeof quietHours>
export type RawChannel = NonNullable<RawFile['channels']>[string]

/** Sections that are maps of names: in several files their entries are merged. */
export const namedSections = [
  'channels',
  'people',
  'groups',
  'lookups',
  'actions',
  'jobs',
  'monitors',
  'calendars',
] as const
