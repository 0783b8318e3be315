import type { Condition } from '../domain/route.js'

/** The first test in a condition that looks at who sent the mail, or null. */
export function findAuthTest(condition: Condition): Condition | null {
  if (condition.kind === 'not') return findAuthTest(condition.of)
  if (condition.kind !== 'all' && condition.kind !== 'any') return condition.kind === 'auth' ? condition : null
  for (const child of condition.of) {
    const test = findAuthTest(child)
    if (test !== null) return test
  }
  return null
}
