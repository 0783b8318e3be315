import { nextDigestAt } from '../domain/calendar.js'
import { formatMoment } from '../domain/waiting.js'
import { renderKey } from './render-key.js'
import { passed, passedWithWarning, type StepRunner } from './step.js'

/** Asks the store to gather the notification with others of its key. Without a key it goes out by itself, at once. */
export const digest: StepRunner<'digest'> = async (step, draft, parts) => {
  const { key, problem } = step.key === null ? { key: '', problem: null } : await renderKey(step.key, draft)
  if (key === null) return passedWithWarning(draft, null, `${problem}, so it goes out by itself`)
  const dueAt = nextDigestAt(step.schedule, parts.now())
  const control = { ...draft.control, digest: { key, dueAt } }
  const group = key === '' ? 'all of this route' : `"${key}"`
  const detail = `gathered with ${group}, at ${formatMoment(dueAt)} at the latest`
  return passed({ ...draft, control }, null, detail, { key, due_at: new Date(dueAt).toISOString() })
}
