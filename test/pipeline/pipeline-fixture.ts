import { channelKinds } from '#src/channels/index.js'
import type { Config } from '#src/domain/config.js'
import { LlmError, LookupError } from '#src/domain/errors.js'
import type { JudgeByLlm } from '#src/domain/judge.js'
import type { Mail } from '#src/domain/mail.js'
import type { Silence } from '#src/domain/silence.js'
import { type Earlier, type MailPlan, type PipelineParts, planMail } from '#src/pipeline.js'
import { compileRoutes } from '#src/route/compile-routes.js'
import { matchRoutes } from '#src/route/match-routes.js'
import { compileWatchers, matchWatchers } from '#src/steps/watchers.js'
import { parse } from '../config/kinds.js'
import { makeContext, makeMail } from '../route/sample.js'
import { makeLookup } from '../steps/step-fixture.js'

export const now = Date.UTC(2025, 5, 6, 12)

/** Channels, people and lookups that every test has; routes are the test's. */
const surroundings = `version: 1
otherwise: { send: ops }
channels:
  telegram: { kind: telegram, bot_token: "123456:abcdefghijklmnopqrstuvwxyz012345678" }
  email: { kind: email, host: mail.y.example, from: gateway@y.example }
  ops: { kind: log }
people:
  tim@y.example: { telegram: "111", manager: jolin@y.example }
  jolin@y.example: { telegram: "222" }
groups: { devs: [tim@y.example, jolin@y.example] }
lookups:
  owners: { url: "http://internal/owners" }
`

/** A config as a file gives it, with these routes. */
export function configOf(routes: string): Config {
  return parse(`${surroundings}${routes}`, { kinds: channelKinds }).config
}

export interface Surroundings {
  /** What the lookup holds; undefined for a server that is down. */
  owners?: unknown
  /** Null for one that is down. */
  judge?: JudgeByLlm | null
  runAction?: PipelineParts['runAction']
  silences?: Silence[]
}

/** The pipeline with the real routes, over a lookup and an LLM of the test's. */
export function makeParts(
  config: Config,
  { owners, judge = null, runAction, silences = [] }: Surroundings = {},
): PipelineParts {
  const compiled = compileRoutes(config.routes)
  const watchers = compileWatchers(config)
  const judgeByLlm: JudgeByLlm = judge ?? (() => Promise.reject(new LlmError('down', 'the LLM does not answer')))
  return {
    config,
    now: () => now,
    measure: () => 0,
    parse: async (raw) => makeMail({ id: raw.id, envelope: raw.envelope, auth: raw.auth ?? null }),
    matchRoutes: (mail, { llmExhausted }, signal) =>
      matchRoutes(compiled, mail, makeContext({ now, judgeByLlm, signal, llmExhausted })),
    silences: () => silences,
    checkSender: async (raw) => ({ auth: raw.auth ?? null, judgement: null }),
    matchWatchers: (mail, signal) => matchWatchers(watchers, mail, makeContext({ now, judgeByLlm, signal })),
    getLookup: async (name) => {
      if (owners === undefined) throw new LookupError(`GET http://internal/${name}: 503`)
      return makeLookup(owners, { name })
    },
    runAction: runAction ?? (() => Promise.reject(new Error('no action here'))),
  }
}

export const mail = makeMail({ envelope: { to: ['tim@y.example', 'jolin@y.example'] } })

export function plan(
  routes: string,
  options: Surroundings & { mail?: Mail; earlier?: Earlier; generation?: number } = {},
): Promise<MailPlan> {
  const parts = makeParts(configOf(routes), options)
  const { earlier = null, generation = 0 } = options
  return planMail(parts, options.mail ?? mail, { generation, earlier }, new AbortController().signal)
}

/** `name verdict (reason)` of each route in a trace. */
export function listRoutes({ trace }: Pick<MailPlan, 'trace'>): string[] {
  return trace.routes.map(({ name, verdict, reason }) => `${name} ${verdict}${reason ? ` (${reason})` : ''}`)
}

/** `route: channel address` of everything that goes out; `!` marks a dead letter. */
export function listDeliveries({ notifications }: Pick<MailPlan, 'notifications'>): string[] {
  return notifications.flatMap(({ route, deliveries }) =>
    deliveries.map(({ channel, address, dead }) => `${route}: ${dead ? '!' : ''}${channel} ${address ?? ''}`.trim()),
  )
}
