import type { Config } from '../domain/config.js'
import type { Condition } from '../domain/route.js'
import type { IssueList } from './issues.js'
import { childOf, keyPlaceAt, type Place, type SourceNode } from './source.js'

/**
 * Warns of an LLM that is not there, or is asked about every mail. `asker` names whose condition it is, `written` is
 * where that stands, and `place` where to point when the question is not at its top.
 */
export function lintLlm(
  condition: Condition,
  asker: string,
  written: SourceNode | undefined,
  place: Place,
  llm: Config['llm'],
  issues: IssueList,
): void {
  const spot = written && childOf(written, 'llm') ? keyPlaceAt(written, ['llm']) : place
  if (llm === null && hasLlm(condition)) {
    const hint = 'until there is one, on_error decides'
    issues.warning('llm-not-configured', `${asker} asks an LLM, and there is no "llm" section`, spot, hint)
  }
  if (asksForEveryMail(condition)) {
    const hint = 'add a cheap condition beside it, such as from or subject'
    issues.warning('llm-without-prefilter', `${asker} asks the LLM about every mail`, spot, hint)
  }
}

export function matchesEverything(condition: Condition): boolean {
  return condition.kind === 'all' && condition.of.every(matchesEverything)
}

function hasLlm(condition: Condition): boolean {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.some(hasLlm)
  return condition.kind === 'not' ? hasLlm(condition.of) : condition.kind === 'llm'
}

/** True when no cheap condition can say no before the LLM is asked. */
function asksForEveryMail(condition: Condition): boolean {
  if (condition.kind === 'all')
    return (
      condition.of.length > 0 &&
      hasLlm(condition) &&
      condition.of.every((one) => matchesEverything(one) || asksForEveryMail(one))
    )
  if (condition.kind === 'any')
    return hasLlm(condition) && condition.of.every(hasLlm) && condition.of.some(asksForEveryMail)
  if (condition.kind === 'not') return asksForEveryMail(condition.of)
  return condition.kind === 'llm'
}
