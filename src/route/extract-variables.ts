import type { Mail } from '../domain/mail.js'
import type { TextField } from '../domain/route.js'
import { composeText } from './fold.js'
import { capForPatterns } from './mail-reading.js'
import { findPattern, type PatternHit } from './patterns.js'
import { readField } from './read-field.js'

/**
 * Reads variables out of a mail: of the first value the pattern hits, the group named like the variable, else the first
 * group, else the whole hit. `misses` names the variables whose pattern hit nothing, or whose group took no part.
 * Looks at the first 65,536 characters of a field. Patterns passed `checkPattern`.
 */
export function extractVariables(
  mail: Mail,
  spec: Record<string, { from: TextField; pattern: string }>,
): { variables: Record<string, string>; misses: string[] } {
  const caught = new Map<string, string>()
  const misses: string[] = []
  for (const [name, { from, pattern }] of Object.entries(spec)) {
    const value = extractOne(mail, name, from, pattern)
    if (value === null) misses.push(name)
    else caught.set(name, value)
  }
  return { variables: Object.fromEntries(caught), misses }
}

function extractOne(mail: Mail, name: string, from: TextField, pattern: string): string | null {
  for (const value of capForPatterns(readField(mail, from).map(composeText)).values) {
    const hit = findPattern(pattern, value)
    if (hit) return chooseGroup(hit, name)
  }
  return null
}

function chooseGroup({ named, groups, text }: PatternHit, name: string): string | null {
  const own = named.get(name)
  if (own !== undefined) return own
  return groups.length > 0 ? (groups[0] ?? null) : text
}
