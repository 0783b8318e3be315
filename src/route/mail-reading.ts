import type { Mail } from '../domain/mail.js'
import { splitPlus } from '../domain/plus-address.js'
import type { TextField } from '../domain/route.js'
import { composeText, foldText } from './fold.js'
import { type PatternHit, type PatternSet, patternTextMax } from './patterns.js'
import { keyOfField, readField, readForms } from './read-field.js'

/** Which value of a field a pattern hit first, and where. */
export interface FieldHit extends PatternHit {
  value: string
}

/**
 * One mail as its conditions look at it. Ten thousand routes ask for the same subject, so every form of a field is made
 * once, when first asked for. Lives as long as the matching of one mail.
 */
export class MailReading {
  readonly mail: Mail
  readonly #patterns: ReadonlyMap<string, PatternSet>
  readonly #composed = new Map<string, string[]>()
  readonly #folded = new Map<string, string[]>()
  readonly #hits = new Map<string, ReadonlyMap<string, string>>()
  readonly #located = new Map<string, FieldHit | null>()

  /** @param patterns every pattern of the routes, by `keyOfField`. */
  constructor(mail: Mail, patterns: ReadonlyMap<string, PatternSet>) {
    this.mail = mail
    this.#patterns = patterns
  }

  /** The values that a rule may name of a field (see `readForms`) in NFC. */
  composed(field: TextField): string[] {
    return remember(this.#composed, keyOfField(field), () => readForms(this.mail, field).map(composeText))
  }

  /** As the mail has it: for a plain address that hit, the one with its key. */
  shown(field: TextField, value: string): string {
    if (field.type !== 'rcpt') return value
    const written = readField(this.mail, field).map(composeText)
    return written.includes(value) ? value : (written.find((full) => splitPlus(full).plain === value) ?? value)
  }

  /** The values of a field as `foldText` makes them, in the order of `composed`. */
  folded(field: TextField): string[] {
    return remember(this.#folded, keyOfField(field), () => this.composed(field).map(foldText))
  }

  /** The patterns that hit a field, of all that any route has for it. One pass for all of them. */
  hitPatterns(field: TextField): Iterable<string> {
    return this.#patternHits(field).keys()
  }

  /** Where a pattern hit, or null when it did not. */
  locate(field: TextField, pattern: string): FieldHit | null {
    const key = keyOfField(field)
    return remember(this.#located, `${key}\n${pattern}`, () => {
      const set = this.#patterns.get(key)
      if (set === undefined) throw new Error(`the patterns on ${key} were never compiled`)
      const value = this.#patternHits(field).get(pattern)
      if (value === undefined) return null
      const hit = set.locate(pattern, value)
      return hit && { ...hit, value }
    })
  }

  /** Patterns that hit, each with the value it hit first. */
  #patternHits(field: TextField): ReadonlyMap<string, string> {
    return remember(this.#hits, keyOfField(field), () => {
      const hits = new Map<string, string>()
      const set = this.#patterns.get(keyOfField(field))
      for (const value of set ? capForPatterns(this.composed(field)).values : []) {
        for (const pattern of set?.find(value) ?? []) if (!hits.has(pattern)) hits.set(pattern, value)
      }
      return hits
    })
  }
}

/** As much of a field's values as a regex may look at: 65,536 characters in all, and at most 1,000 values. */
export function capForPatterns(values: string[]): { values: string[]; cut: boolean } {
  const capped: string[] = []
  let room = patternTextMax
  for (const value of values) {
    if (room <= 0 || capped.length >= 1_000) return { values: capped, cut: true }
    capped.push(value.slice(0, room))
    if (value.length > room) return { values: capped, cut: true }
    room -= value.length
  }
  return { values: capped, cut: false }
}

function remember<Value>(memory: Map<string, Value>, key: string, make: () => Value): Value {
  const known = memory.get(key)
  if (known !== undefined) return known
  const made = make()
  memory.set(key, made)
  return made
}
