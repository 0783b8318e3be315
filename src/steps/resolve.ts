import { renderText } from './render-text.js'
import { passed, passedWithWarning, type StepRunner } from './step.js'

/** Closes what an earlier mail opened under the fingerprint; null is the one this notification itself has at the end. */
export const resolve: StepRunner<'resolve'> = async (step, draft) => {
  if (step.fingerprint === null) {
    const detail = "closes what has this notification's own fingerprint"
    return passed({ ...draft, resolves: [...draft.resolves, null] }, null, detail)
  }
  const fingerprint = (await renderText(step.fingerprint, draft)).trim()
  if (fingerprint === '') return passedWithWarning(draft, null, 'the fingerprint is empty, so nothing is closed')
  const detail = `closes what has the fingerprint "${fingerprint}"`
  return passed({ ...draft, resolves: [...draft.resolves, fingerprint] }, null, detail, { fingerprint })
}
