import { formatDuration } from '../domain/units.js'
import { renderKey } from './render-key.js'
import { type Draft, passed, passedWithWarning, type StepResult, type StepRunner } from './step.js'

/** Asks the store to suppress what repeats the key within the window after one that went out. */
export const dedupe: StepRunner<'dedupe'> = (step, draft) => dedupeBy(step.key, step.windowMs, draft)

/** Without a whole key nothing is suppressed: an alert too many beats a lost one. */
export async function dedupeBy(parts: string[], windowMs: number, draft: Draft): Promise<StepResult> {
  const { key, problem } = await renderKey(parts, draft)
  if (key === null) return passedWithWarning(draft, null, `${problem}, so nothing is suppressed`)
  const control = { ...draft.control, dedupe: { key, windowMs } }
  const detail = `suppressed when "${key}" went out within the last ${formatDuration(windowMs)}`
  return passed({ ...draft, control }, null, detail, { key, window_ms: windowMs })
}
