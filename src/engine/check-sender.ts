import type { Authenticator } from '../authenticate/authenticator.js'
import { judgeSender } from '../authenticate/judge-sender.js'
import type { Config } from '../domain/config.js'
import type { RawMail, SenderAuth } from '../domain/mail.js'
import type { PipelineParts } from '../pipeline.js'
import { compileRanges, isEverybody } from '../receive/client-ranges.js'
import { findAuthTest } from '../route/find-auth-test.js'

export type Authenticate = Authenticator['authenticate']

/**
 * Who sent a mail, and what the policy makes of it. Users, and clients in `allow`, are known already, unless that lets
 * everybody in: DNS is asked about their mails only where a condition wants to know, and the policy is not for them.
 * @param authenticate null asks nobody: only what was found before counts.
 */
export function checkSenders(config: Config, authenticate: Authenticate | null): PipelineParts['checkSender'] {
  const { senderAuth: settings, allow } = config.server.smtp
  const isKnown = compileRanges(allow.filter((range) => !isEverybody(range)))
  const isAskedFor = asksForAuth(config)

  const find = async (raw: RawMail, isOutside: boolean, signal: AbortSignal): Promise<SenderAuth | null> => {
    if (raw.auth !== undefined) return raw.auth
    if (settings === null || authenticate === null || !(isOutside || isAskedFor)) return null
    return authenticate(raw, { settings, hostname: config.hostname }, signal)
  }
  return async (raw, signal) => {
    const { user, client } = raw.envelope
    const isOutside = user === null && !isKnown(client)
    const auth = await find(raw, isOutside, signal)
    const isJudged = auth !== null && isOutside && settings !== null
    return { auth, judgement: isJudged ? judgeSender(auth, settings.policy) : null }
  }
}

/** Does any route, hold or monitor look at who sent a mail? */
export function asksForAuth({ routes, monitors }: Pick<Config, 'routes' | 'monitors'>): boolean {
  const ofHolds = routes.flatMap(({ steps }) => steps.flatMap((step) => (step.verb === 'hold' ? [step.unless] : [])))
  const ofMonitors = Object.values(monitors).flatMap(({ when }) => (when === null ? [] : [when]))
  return [...routes.map(({ when }) => when), ...ofHolds, ...ofMonitors].some((when) => findAuthTest(when) !== null)
}
