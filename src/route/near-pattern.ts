import type { TextField } from '../domain/route.js'
import type { TextCondition } from './compile-text-test.js'
import { literalsMax, type Nearness, type NearReading } from './near-text.js'
import { checkPattern, findPattern } from './patterns.js'
import { fieldsBeside, sayFoundIn, tagsBefore } from './say-difference.js'
import { excerpt } from './seen.js'
import { type Effort, spend } from './text-forms.js'
import { writeTextTest } from './write-condition.js'

/** A regex costs many times what a comparison does, and is looked for in several ways. */
const patternTextMax = 4_096
const patternCost = 20

const ignoreCase = (pattern: string): string => `(?i)${pattern}`
const dropAnchors = (pattern: string): string =>
  pattern.replace(/^((?:\(\?i\))*)(?:\^|\\A)/, '$1').replace(/(?<!\\)(?:\$|\\z)$/, '')

/** Ways in which a pattern may be meant, the nearest first. */
const patternReadings: { hint: string; cost: number; change: (pattern: string) => string }[] = [
  { hint: 'letter case differs: write (?i) before the pattern', cost: 1, change: ignoreCase },
  { hint: 'it matches without ^ and $', cost: 1, change: dropAnchors },
  {
    hint: 'a blank in the pattern is other white space in the mail',
    cost: 1,
    change: (pattern) => pattern.replace(/ +/g, '\\s+'),
  },
  {
    hint: 'it matches without ^ and $, and when letter case is ignored',
    cost: 2,
    change: (pattern) => (dropAnchors(pattern) === pattern ? pattern : ignoreCase(dropAnchors(pattern))),
  },
]

/** How near a test with patterns came, or null when none of their likely readings is met either. */
export function findNearPattern(condition: TextCondition, reading: NearReading): Nearness | null {
  const { field, values, caseSensitive } = condition
  const texts = reading.valuesOf(field).map((value) => value.slice(0, patternTextMax))
  for (const { hint, cost, change } of patternReadings) {
    for (const written of values.slice(0, literalsMax)) {
      const pattern = change(caseSensitive ? written : `(?i)${written}`)
      if (pattern === written || (!caseSensitive && pattern === `(?i)${written}`)) continue
      const near = searchPattern(pattern, texts, field, reading.effort)
      if (near) return { ...near, hint: sayAnchors(hint, near.before), cost }
    }
  }
  return findPatternElsewhere(condition, reading)
}

function findPatternElsewhere({ field, values, caseSensitive }: TextCondition, reading: NearReading): Nearness | null {
  for (const beside of fieldsBeside(field)) {
    const texts = reading.valuesOf(beside).map((value) => value.slice(0, patternTextMax))
    for (const written of values.slice(0, literalsMax)) {
      const near = searchPattern(caseSensitive ? written : `(?i)${written}`, texts, beside, reading.effort)
      if (near) return { ...near, hint: sayFoundIn(beside, field), cost: 3 }
    }
  }
  return null
}

function searchPattern(pattern: string, texts: string[], field: TextField, effort: Effort) {
  if (checkPattern(pattern, true) !== null) return null
  for (const text of texts) {
    if (!spend(effort, (text.length + pattern.length) * patternCost)) return null
    const hit = findPattern(pattern, text)
    if (hit === null) continue
    const before = text.slice(0, hit.start)
    return { seen: excerpt(text, hit.start), suggestion: writeTextTest(field, 'matches', pattern), before }
  }
  return null
}

function sayAnchors(hint: string, before: string): string {
  if (!hint.startsWith('it matches without ^') || before === '') return hint
  return `${hint}: before it stands ${JSON.stringify(tagsBefore(before) ?? excerpt(before))}`
}
