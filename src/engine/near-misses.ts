import { ApiError } from '../domain/errors.js'
import type { RawMail } from '../domain/mail.js'
import { hideSecrets } from '../domain/secrets.js'
import { findNearMisses, type NearMiss } from '../route/near-miss.js'
import type { AssembledParts } from './assemble.js'
import type { Engine } from './engine.js'

const parseTimeoutMs = 30_000

/** Why no route took a mail. Rejects with `ApiError`. */
export function offerNearMissCalls(engine: Engine) {
  return {
    /** The routes of the config in force that came nearest to matching a stored mail, at most three. */
    async nearMisses(mailId: string): Promise<NearMiss[]> {
      const raw = await engine.store.readRawMail(mailId)
      if (!raw) throw new ApiError(404, 'not_found', `there is no mail ${mailId}`, 'mailtrigger mails list shows them')
      return explainNearMisses(engine.current().parts, raw, AbortSignal.timeout(parseTimeoutMs))
    },
    /** The same for a mail that was never received. */
    nearMissesOfRaw: (raw: RawMail): Promise<NearMiss[]> =>
      explainNearMisses(engine.current().parts, raw, AbortSignal.timeout(parseTimeoutMs)),
  }
}

/** Parses the mail again and looks at it as of its receipt. Asks no LLM and no module, and fetches nothing. */
export async function explainNearMisses(
  { routes, config, parse }: Pick<AssembledParts, 'routes' | 'config' | 'parse'>,
  raw: RawMail,
  signal: AbortSignal,
): Promise<NearMiss[]> {
  const mail = await parse(raw, signal)
  const hide = (text: string): string => hideSecrets(text, config.secrets)
  const hideIn = (text: string | null): string | null => text && hide(text)
  return findNearMisses(routes, mail, mail.receivedAt).map((miss) => ({
    ...miss,
    failed: miss.failed.map(({ condition, field, seen, hint, suggestion }) => {
      return {
        condition: hide(condition),
        field,
        seen: hideIn(seen),
        hint: hideIn(hint),
        suggestion: hideIn(suggestion),
      }
    }),
  }))
}
