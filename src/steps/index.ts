import type { Step } from '../domain/route.js'
import { attach } from './attach.js'
import { dedupe } from './dedupe.js'
import { digest } from './digest.js'
import { extract } from './extract.js'
import { hold } from './hold.js'
import { recipients } from './recipients.js'
import { resolve } from './resolve.js'
import { run } from './run.js'
import { send } from './send.js'
import { set } from './set.js'
import type { Draft, StepParts, StepResult, StepRunner } from './step.js'
import { stop } from './stop.js'

/** THE list of steps: one file a verb. */
const runners: { [Verb in Step['verb']]: StepRunner<Verb> } = {
  attach,
  dedupe,
  digest,
  extract,
  hold,
  recipients,
  resolve,
  run,
  send,
  set,
  stop,
}

/** Runs one step of a route. Rejects with `RouteRetry` when the route has to wait, or when a step is broken. */
export function runStep(step: Step, draft: Draft, parts: StepParts, signal: AbortSignal): Promise<StepResult> {
  const runner = runners[step.verb] as StepRunner<typeof step.verb>
  return runner(step as never, draft, parts, signal)
}
