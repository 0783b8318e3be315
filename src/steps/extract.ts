import { extractVariables } from '../route/extract-variables.js'
import { passed, passedWithWarning, type StepRunner } from './step.js'

/** Takes parts of the mail into variables, for templates, recipients and actions. */
export const extract: StepRunner<'extract'> = async (step, draft) => {
  const { variables, misses } = extractVariables(draft.mail, step.variables)
  const next = { ...draft, variables: { ...draft.variables, ...variables } }
  const found = Object.entries(variables).map(([name, value]) => `${name} = "${cut(value)}"`)
  if (misses.length === 0) return passed(next, null, found.join(', '), { variables })
  const detail = [...found, `nothing found for ${misses.join(', ')}`].join(', ')
  return passedWithWarning(next, null, detail, { variables, misses })
}

function cut(value: string): string {
  return value.length > 80 ? `${value.slice(0, 79)}…` : value
}
