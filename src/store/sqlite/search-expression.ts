import type { MailTerm, WordsField, WordsTerm } from '../../domain/mail-query.js'

/** Sizes are found by their class, the power of two below them, and then compared. */
const sizeClassMax = 40

const columnsOf: Record<WordsField, string> = {
  any: 'subject sender receiver rcpt body',
  subject: 'subject',
  from: 'sender',
  to: 'receiver',
  rcpt: 'rcpt',
  body: 'body',
}

/**
 * What the index of words is asked for these terms, in the language of FTS5; null when none of them is about words.
 * Nothing a person writes has a meaning of its own in there: words are letters, digits and symbols, and stand in quotes.
 */
export function composeExpression(terms: readonly MailTerm[]): string | null {
  const wanted: string[] = []
  const unwanted: string[] = []
  for (const term of terms) {
    const part = composePart(term)
    if (part !== null) (term.negated ? unwanted : wanted).push(`(${part})`)
  }
  if (wanted.length === 0 && unwanted.length === 0) return null
  // Every entry has the word "any" among its facts.
  const base = wanted.length > 0 ? wanted.join(' AND ') : 'facts : "any"'
  return unwanted.length > 0 ? `(${base}) NOT (${unwanted.join(' OR ')})` : base
}

function composePart(term: MailTerm): string | null {
  switch (term.kind) {
    case 'words':
      return composeWords(term)
    case 'attachment':
      return 'facts : "attachment"'
    // The class of the size itself holds both, so what is not wanted is left to the comparison.
    case 'larger':
      return term.negated ? null : composeSizes(sizeClassOf(term.bytes), sizeClassMax)
    case 'smaller':
      return term.negated ? null : composeSizes(0, sizeClassOf(term.bytes))
    default:
      return null
  }
}

function composeWords({ field, words, isPrefix }: WordsTerm): string {
  return `{${columnsOf[field]}} : "${words.join(' ')}"${isPrefix ? ' *' : ''}`
}

function composeSizes(from: number, to: number): string {
  const classes = Array.from({ length: to - from + 1 }, (_, index) => `"${sizeFact(from + index)}"`)
  return `facts : (${classes.join(' OR ')})`
}

export function sizeClassOf(bytes: number): number {
  return Math.min(sizeClassMax, Math.floor(Math.log2(Math.max(1, bytes))))
}

export function sizeFact(sizeClass: number): string {
  return `size${sizeClass}`
}
