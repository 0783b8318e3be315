import type { ActResult } from '../domain/act.js'
import { SandboxError } from '../domain/errors.js'
import { readSeverity } from '../domain/message.js'
import { expandRecipients } from './expand-recipients.js'
import { passOver } from './pass-over.js'
import { type Draft, passed, passedWithWarning, type StepParts, type StepResult, type StepRunner } from './step.js'

/** Runs an action in the sandbox and takes over what it returns. */
export const run: StepRunner<'run'> = async (step, draft, parts, signal) => {
  try {
    return takeOver(step.action, draft, parts, await parts.runAction(step.action, draft, signal))
  } catch (error) {
    if (!(error instanceof SandboxError) || error.kind === 'closed') throw error
    return goOnWithout(step.action, draft, error)
  }
}

function takeOver(name: string, draft: Draft, parts: StepParts, result: ActResult): StepResult {
  const recipients = expandRecipients(result.recipients, parts.config, false)
  const facts = {
    sha256: result.sha256,
    run_ms: Math.round(result.durationMs * 10) / 10,
    before: draft.recipients,
    after: recipients,
    reason: result.reason,
    logs: result.logs,
  }
  if (result.dropped) {
    const detail = `the action dropped the mail: ${result.reason ?? 'no reason given'}`
    const dropped = { ...draft, recipients: [], dropped: true }
    return { draft: dropped, next: 'end', trace: { target: name, verdict: 'ok', detail, facts } }
  }
  const message = {
    ...draft.message,
    title: result.title ?? draft.message.title,
    text: result.text ?? draft.message.text,
    severity: (result.severity && readSeverity(result.severity)) || draft.message.severity,
    labels: { ...draft.message.labels, ...result.labels },
  }
  const change = sameList(draft.recipients, recipients)
    ? `recipients unchanged: ${recipients.join(', ') || 'nobody'}`
    : `${draft.recipients.join(', ') || 'nobody'} → ${recipients.join(', ') || 'nobody'}`
  const detail = result.reason ? `${change} (${result.reason})` : change
  return passed({ ...draft, recipients, message }, name, detail, facts)
}

/** `on_error: send` goes on with the recipients so far; `hold` lets nothing out, for actions that redact. */
function goOnWithout(name: string, draft: Draft, error: SandboxError): StepResult {
  const problem = `action ${name} failed (${error.kind}): ${error.message}`
  const facts = { kind: error.kind, logs: error.logs }
  if (draft.route.onError === 'hold') {
    const trace = { target: name, verdict: 'failed' as const, detail: `${problem}; on_error: hold`, facts }
    return { draft: passOver(draft, problem), next: 'continue', trace }
  }
  const detail = `${problem}; on_error: send, so on to ${draft.recipients.join(', ') || 'nobody'}`
  return passedWithWarning(passOver(draft, problem), name, detail, facts)
}

function sameList(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((entry, index) => entry === b[index])
}
