import type { Mail } from '../domain/mail.js'
import type { Condition, TextField, TextOperator } from '../domain/route.js'
import type { Finding, LeafWords } from './compile-condition.js'
import { composeText, foldText, unfoldIndex } from './fold.js'
import { capForPatterns, type MailReading } from './mail-reading.js'
import { describeField, readField } from './read-field.js'
import { describeChoices, excerpt, excerptList } from './seen.js'

export type TextCondition = Extract<Condition, { kind: 'text' }>

/** Compiles a text test; `words` is how it reads in a trace. */
export function compileTextTest(condition: TextCondition): {
  words: LeafWords
  test: (reading: MailReading) => Finding
} {
  const { field, operator, values } = condition
  const quote = operator === 'matches' ? (value: string) => `/${value}/` : (value: string) => JSON.stringify(value)
  return {
    words: { field: describeField(field), operator, expected: describeChoices(values.map(quote)) },
    test: operator === 'matches' ? compilePatternTest(condition) : compileLiteralTest(condition),
  }
}

/** What a literal test looks for, in the form the field's values have. The index looks for the same. */
export function literalsOf({ operator, values, caseSensitive }: TextCondition): string[] {
  // Values of a field have no blanks around them, so blanks at an end that must touch theirs could never match.
  const trimmed = values.map((value) => {
    if (operator === 'is') return value.trim()
    if (operator === 'starts_with') return value.trimStart()
    return operator === 'ends_with' ? value.trimEnd() : value
  })
  return trimmed.map(caseSensitive ? composeText : foldText)
}

/** The patterns of a `matches` test as they are compiled. What a pattern says itself, like `(?-i)`, comes after. */
export function patternsOf({ values, caseSensitive }: TextCondition): string[] {
  return caseSensitive ? values : values.map((pattern) => `(?i)${pattern}`)
}

/** The named groups of the first pattern that hits become variables. */
function compilePatternTest(condition: TextCondition): (reading: MailReading) => Finding {
  const { field } = condition
  const patterns = patternsOf(condition)
  return (reading) => {
    const composed = reading.composed(field)
    const reason = joinReasons(
      explainSource(reading.mail, field),
      capForPatterns(composed).cut ? 'only the first 64 KB were searched' : null,
    )
    for (const pattern of patterns) {
      const hit = reading.locate(field, pattern)
      if (hit) {
        const seen = excerpt(reading.shown(field, hit.value), hit.start)
        return { holds: true, seen, reason, variables: hit.named }
      }
    }
    return {
      holds: false,
      seen: excerptList(readField(reading.mail, field)),
      reason: reason ?? explainAbsence(composed, field),
      variables: none,
    }
  }
}

function compileLiteralTest(condition: TextCondition): (reading: MailReading) => Finding {
  const { field, operator, caseSensitive } = condition
  const literals = literalsOf(condition)
  return (reading) => {
    const composed = reading.composed(field)
    const compared = caseSensitive ? composed : reading.folded(field)
    const reason = explainSource(reading.mail, field)
    for (const [index, text] of compared.entries()) {
      for (const literal of literals) {
        const at = locateLiteral(operator, text, literal)
        if (at === -1) continue
        const shown = composed[index] ?? ''
        return {
          holds: true,
          seen: excerpt(reading.shown(field, shown), caseSensitive ? at : unfoldIndex(shown, at)),
          reason,
          variables: none,
        }
      }
    }
    return {
      holds: false,
      seen: excerptList(readField(reading.mail, field)),
      reason: reason ?? explainAbsence(composed, field),
      variables: none,
    }
  }
}

const none: ReadonlyMap<string, string> = new Map()

/** Where a literal hits, or -1. */
function locateLiteral(operator: TextOperator, text: string, literal: string): number {
  switch (operator) {
    case 'is':
      return text === literal ? 0 : -1
    case 'contains':
      return text.indexOf(literal)
    case 'starts_with':
      return text.startsWith(literal) ? 0 : -1
    case 'ends_with':
      return text.endsWith(literal) ? text.length - literal.length : -1
    case 'matches':
      throw new Error('a pattern is no literal')
  }
}

function explainSource(mail: Mail, field: TextField): string | null {
  if (field.type !== 'body') return null
  if (mail.textSource === 'html') return 'from the HTML part'
  if (mail.textSource === 'raw') return 'from the raw text of a malformed mail'
  return mail.textSource === 'none' ? 'the mail has no text' : null
}

function explainAbsence(values: string[], field: TextField): string | null {
  return values.length === 0 ? `the mail has no ${describeField(field)}` : null
}

function joinReasons(...reasons: (string | null)[]): string | null {
  const given = reasons.filter((reason) => reason !== null)
  return given.length === 0 ? null : given.join('; ')
}
