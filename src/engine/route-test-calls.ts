import { basename } from 'node:path'
import { ApiError, LookupError } from '../domain/errors.js'
import type { Step } from '../domain/route.js'
import { hideSecrets } from '../domain/secrets.js'
import type { AssembledParts } from './assemble.js'
import type { Engine } from './engine.js'
import { type Explanation, explainMail } from './explanation.js'
import { type RouteTestSource, writeRouteTest } from './write-route-test.js'

const timeoutMs = 60_000

/** Route tests out of mails. Rejects with `ApiError`. */
export function offerRouteTestCalls({ store, current }: Engine) {
  return {
    /** A `*.test.yaml` of a stored mail that holds as long as the mail comes to the same as with the config of now. */
    async readRouteTest(mailId: string): Promise<string> {
      const raw = await store.readRawMail(mailId)
      if (!raw) throw new ApiError(404, 'not_found', `there is no mail ${mailId}`)
      const { parts } = current()
      const signal = AbortSignal.timeout(timeoutMs)
      const explanation = await explainMail(parts, raw, signal)
      const text = writeRouteTest({
        id: raw.id,
        raw: raw.raw,
        envelope: raw.envelope,
        explanation,
        configFiles: parts.config.files.map((file) => basename(file)),
        lookups: await readLookups(parts, explanation, signal),
      })
      return hideSecrets(text, parts.config.secrets)
    },
  }
}

/** Of those that the mail's routes fetched; one that has no answer now has none in the test either. */
export async function readLookups(
  { config, getLookup }: Pick<AssembledParts, 'config' | 'getLookup'>,
  { trace }: Explanation,
  signal: AbortSignal,
): Promise<RouteTestSource['lookups']> {
  const matched = new Set(trace.routes.filter(({ verdict }) => verdict === 'matched').map(({ name }) => name))
  const named = config.routes
    .filter(({ name }) => matched.has(name))
    .flatMap(({ steps }) => steps.flatMap((step) => namesOf(step)))
  const lookups: RouteTestSource['lookups'] = []
  for (const name of new Set(named)) {
    const source = config.lookups[name]?.source
    if (source?.type !== 'http') continue
    const json = await readJson(getLookup, name, signal)
    if (json !== null) lookups.push({ url: source.url, json })
  }
  return lookups
}

function namesOf(step: Step): string[] {
  if (step.verb === 'attach') return [step.lookup]
  return step.verb === 'recipients' && step.source.type === 'lookup' ? [step.source.lookup] : []
}

async function readJson(
  getLookup: AssembledParts['getLookup'],
  name: string,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return (await getLookup(name, signal)).json
  } catch (error) {
    if (error instanceof LookupError) return null
    throw error
  }
}
