import type { StepRunner } from './step.js'

/** Ends this route's steps. (`stop: true` on the route ends the list of routes.) */
export const stop: StepRunner<'stop'> = async (_step, draft) => ({
  draft,
  next: 'end',
  trace: { target: null, verdict: 'ok', detail: 'the steps end here', facts: {} },
})
