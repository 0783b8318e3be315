import type { LookupResult } from '../domain/config.js'
import { LookupError } from '../domain/errors.js'
import { formatDuration, formatSize } from '../domain/units.js'
import { expandRecipients } from './expand-recipients.js'
import { type Draft, passed, passedWithWarning, RouteRetry, type StepRunner } from './step.js'

/** Fetches a lookup and attaches it as `<name>.json`, for actions and templates to see. */
export const attach: StepRunner<'attach'> = async (step, draft, parts, signal) => {
  try {
    const lookup = await parts.getLookup(step.lookup, signal)
    const attached = addLookup(draft, lookup)
    if (lookup.cache !== 'stale') return passed(attached, step.lookup, describe(lookup), facts(lookup))
    const note = `${step.lookup} is a copy from ${formatDuration(lookup.ageMs)} ago`
    const noted = { ...attached, message: { ...attached.message, notes: [...attached.message.notes, note] } }
    return passedWithWarning(noted, step.lookup, describe(lookup), facts(lookup))
  } catch (error) {
    if (!(error instanceof LookupError)) throw error
    if (step.ifMissing !== null) {
      const after = expandRecipients(step.ifMissing, parts.config, false)
      const detail = `${error.message}, so if_missing: ${after.join(', ')}`
      return passedWithWarning({ ...draft, recipients: after }, step.lookup, detail, {
        before: draft.recipients,
        after,
      })
    }
    throw new RouteRetry(`lookup ${step.lookup}: ${error.message}`)
  }
}

function addLookup(draft: Draft, lookup: LookupResult): Draft {
  const content = new TextEncoder().encode(lookup.json)
  const filename = `${lookup.name}.json`
  const attachment = { filename, contentType: 'application/json', sizeBytes: content.byteLength, content }
  return {
    ...draft,
    lookups: { ...draft.lookups, [lookup.name]: lookup },
    attached: [...draft.attached.filter((other) => other.filename !== filename), attachment],
  }
}

function describe(lookup: LookupResult): string {
  const size = formatSize(Buffer.byteLength(lookup.json))
  const target = `→ ${lookup.name}.json`
  if (lookup.source === 'inline') return `inline, ${size} ${target}`
  if (lookup.source === 'file') return `${lookup.from}, ${size} ${target}`
  const call = `GET ${lookup.from}`
  switch (lookup.cache) {
    case 'fetched':
      return `${call} ${lookup.status}, ${size}, ${Math.round(lookup.durationMs)} ms ${target}`
    case 'revalidated':
      return `${call} 304, unchanged, ${Math.round(lookup.durationMs)} ms ${target}`
    case 'stale':
      return `${lookup.problem ?? 'the fetch failed'}; a copy from ${formatDuration(lookup.ageMs)} ago stands in ${target}`
    default:
      return `${call}, copy from ${formatDuration(lookup.ageMs)} ago, ${size} ${target}`
  }
}

function facts(lookup: LookupResult): Record<string, unknown> {
  return {
    source: lookup.source,
    from: lookup.from,
    status: lookup.status,
    cache: lookup.cache,
    age_ms: lookup.ageMs,
    fetch_ms: lookup.durationMs,
    problem: lookup.problem,
  }
}
