import { LookupError } from '../domain/errors.js'
import { findInLookup } from '../enrich/find-recipients.js'
import { expandRecipients } from './expand-recipients.js'
import { renderText } from './render-text.js'
import {
  type Draft,
  passed,
  passedWithWarning,
  RouteRetry,
  type StepParts,
  type StepResult,
  type StepRunner,
} from './step.js'

/** Replaces the recipients by a list, a group, or what a lookup has under a key. */
export const recipients: StepRunner<'recipients'> = async (step, draft, parts, signal) => {
  const { source } = step
  if (source.type === 'list') {
    const entries = await Promise.all(source.entries.map((entry) => renderText(entry, draft)))
    const found = expandRecipients(entries, parts.config, step.alsoManager)
    return passed({ ...draft, recipients: found }, null, `recipients: ${found.join(', ') || 'nobody'}`, {
      before: draft.recipients,
      after: found,
    })
  }
  const key = (await renderText(source.key, draft)).trim()
  try {
    const lookup = await parts.getLookup(source.lookup, signal)
    const found = findInLookup(lookup.data, key)
    if (found) return useFound(step, draft, parts, { lookup: source.lookup, key, found })
    return useInstead(step, draft, parts, `${source.lookup} has nothing under "${key}"`)
  } catch (error) {
    if (!(error instanceof LookupError)) throw error
    if (source.ifMissing === null && !parts.exhausted) throw new RouteRetry(error.message)
    return useInstead(step, draft, parts, error.message)
  }
}

type RecipientsStep = Parameters<typeof recipients>[0]

function useFound(
  step: RecipientsStep,
  draft: Draft,
  parts: StepParts,
  hit: { lookup: string; key: string; found: string[] },
): StepResult {
  const after = expandRecipients(hit.found, parts.config, step.alsoManager)
  const detail = `${hit.lookup}["${hit.key}"] → ${after.join(', ') || 'nobody'}`
  return passed({ ...draft, recipients: after }, hit.lookup, detail, { before: draft.recipients, after, key: hit.key })
}

/** A missing entry is no reason to stay silent: `if_missing` takes over, or the recipients stay who they were. */
function useInstead(step: RecipientsStep, draft: Draft, parts: StepParts, problem: string): StepResult {
  const instead = step.source.type === 'lookup' ? step.source.ifMissing : null
  const target = step.source.type === 'lookup' ? step.source.lookup : null
  if (instead) {
    const after = expandRecipients(instead, parts.config, step.alsoManager)
    const facts = { before: draft.recipients, after }
    return passedWithWarning(
      { ...draft, recipients: after },
      target,
      `${problem}, so if_missing: ${after.join(', ')}`,
      facts,
    )
  }
  const flagged = draft.flagged ?? problem
  const notes = [...draft.message.notes, problem]
  const kept = { ...draft, flagged, message: { ...draft.message, notes } }
  return passedWithWarning(kept, target, `${problem}, so the recipients stay: ${draft.recipients.join(', ')}`)
}
