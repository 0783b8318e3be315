import { RE2JS, RE2JSException, RE2Set } from 're2js'

/** Where a pattern hit, and what its groups caught. */
export interface PatternHit {
  start: number
  end: number
  text: string
  /** The groups in order; null where a group took no part. */
  groups: (string | null)[]
  /** By name; null where a group took no part. */
  named: Map<string, string | null>
}

/** Many patterns tested in one pass. `find` is cheap and says which; `locate` says where, for those that hit. */
export interface PatternSet {
  /** The patterns that hit, in no particular order. */
  find: (text: string) => string[]
  locate: (pattern: string, text: string) => PatternHit | null
}

/**
 * A regex looks at this many characters of a field, all its values together. The engine is linear, but a pattern like
 * `[ab]*a[ab]{20}c` still costs about 30 µs a character.
 */
export const patternTextMax = 65_536

const patternLengthMax = 1_000
const programSizeMax = 1_000

/**
 * Says why a pattern cannot be used, or null when it can. Syntax: https://github.com/google/re2/wiki/Syntax
 * @param caseSensitive false checks the pattern as one that begins with `(?i)`, which makes it larger.
 */
export function checkPattern(pattern: string, caseSensitive: boolean): string | null {
  if (pattern === '') return 'an empty pattern matches every mail; leave the condition out instead'
  if (pattern.length > patternLengthMax) return `a pattern may have at most ${patternLengthMax} characters`
  try {
    const size = RE2JS.compile(pattern.normalize('NFC'), caseSensitive ? 0 : RE2JS.CASE_INSENSITIVE).programSize()
    if (size > programSizeMax) return 'the pattern is too large: write smaller repeat counts or fewer alternatives'
    return null
  } catch (error) {
    if (error instanceof RE2JSException) return explainRefusal(error.message)
    throw error
  }
}

/**
 * Compiles patterns that `checkPattern` accepted into one automaton. Texts must be composed (NFC), as the patterns are.
 * `find` never runs the single patterns: they cost a hundred times more than the set when nothing hits.
 */
export function compilePatternSet(patterns: ReadonlySet<string>): PatternSet {
  const list = [...patterns]
  const set = new RE2Set()
  const single = new Map<string, RE2JS>()
  for (const pattern of list) {
    const composed = pattern.normalize('NFC')
    set.add(composed)
    single.set(pattern, RE2JS.compile(composed))
  }
  set.compile()
  // The automaton is built on the first match; at config load nobody waits for it.
  set.match('')
  return {
    find: (text) => set.match(text).map((id) => list[id] ?? ''),
    locate(pattern, text) {
      const compiled = single.get(pattern)
      if (compiled === undefined) throw new Error(`pattern was never compiled: ${pattern}`)
      return locatePattern(compiled, text)
    },
  }
}

/** Finds the first hit of one pattern. */
export function findPattern(pattern: string, text: string): PatternHit | null {
  return locatePattern(RE2JS.compile(pattern.normalize('NFC')), text)
}

function locatePattern(pattern: RE2JS, text: string): PatternHit | null {
  const matcher = pattern.matcher(text)
  if (!matcher.find()) return null
  const groups: (string | null)[] = []
  for (let group = 1; group <= matcher.groupCount(); group++) groups.push(matcher.group(group))
  const named = new Map(Object.entries(matcher.getNamedGroups()))
  return { start: matcher.start(), end: matcher.end(), text: matcher.group() ?? '', groups, named }
}

function explainRefusal(words: string): string {
  const detail = words.replace(/^error parsing regexp: /, '')
  const rule = refusals.find(({ shape }) => shape.test(detail))
  return rule ? `${rule.reason} (${detail})` : `not a pattern in RE2 syntax: ${detail}`
}

const refusals: { shape: RegExp; reason: string }[] = [
  {
    shape: /`\(\?<?[=!]/,
    reason: 'look-ahead and look-behind are not available, because patterns run in linear time (RE2 syntax)',
  },
  {
    shape: /escape sequence: `\\[1-9k]/,
    reason: 'back-references are not available, because patterns run in linear time (RE2 syntax)',
  },
  {
    shape: /`\(\?>|nested repetition operator/,
    reason: 'possessive and atomic forms are not needed: nothing backtracks',
  },
  { shape: /invalid repeat count/, reason: 'a repeat count may be at most 1000, nested counts multiplied' },
  { shape: /escape sequence: `\\Z/, reason: 'write \\z for the end of the text' },
  { shape: /escape sequence: `\\u/, reason: 'write \\x{263A} for a character by its number' },
]
