import type { Condition } from '../domain/route.js'

/** Does a condition look at who sent the mail, anywhere in it? */
export function hasAuthTest(condition: Condition): boolean {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.some(hasAuthTest)
  return condition.kind === 'not' ? hasAuthTest(condition.of) : condition.kind === 'auth'
}
