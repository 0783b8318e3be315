import type { Mail } from '../domain/mail.js'
import type { TextField, TextOperator } from '../domain/route.js'
import type { TextCondition } from './compile-text-test.js'
import { composeText } from './fold.js'
import { describeField, keyOfField, readField } from './read-field.js'
import { decodeWords, fieldsBeside, sayDifference, sayFoundIn, sayPlace } from './say-difference.js'
import { excerpt } from './seen.js'
import {
  type Effort,
  editsMaxFor,
  type FormSort,
  findSimilar,
  formText,
  originOf,
  spend,
  type TextForm,
} from './text-forms.js'
import { writeTextTest } from './write-condition.js'

/** How a failed condition nearly held. `cost` is how far off it is: 1 is a slip of the pen. */
export interface Nearness {
  hint: string
  /** See `ConditionTrace.seen`: around what is near. */
  seen: string | null
  /** A condition as it would be written to match this mail, or null where no honest one can be offered. */
  suggestion: string | null
  cost: number
}

/** One mail as the search for near misses looks at it. Forms of its texts are made once. */
export interface NearReading {
  mail: Mail
  effort: Effort
  /** The values of a field in NFC: at most 50, the first 65,536 characters of all together. */
  valuesOf: (field: TextField) => string[]
  /** Null when the effort is used up. */
  formOf: (field: TextField, index: number, sort: FormSort) => TextForm | null
}

const valuesMax = 50
const textMax = 65_536
export const literalsMax = 20
const shownLengthMax = 200

export function startNearReading(mail: Mail, effort: Effort): NearReading {
  const values = new Map<string, string[]>()
  const forms = new Map<string, TextForm | null>()
  const valuesOf = (field: TextField): string[] => {
    const key = keyOfField(field)
    const known = values.get(key) ?? capTexts(readField(mail, field))
    values.set(key, known)
    return known
  }
  return {
    mail,
    effort,
    valuesOf,
    formOf(field, index, sort) {
      const key = `${sort}\n${index}\n${keyOfField(field)}`
      const known = forms.get(key)
      if (known !== undefined) return known
      const value = valuesOf(field)[index] ?? ''
      const form = spend(effort, value.length) ? formText(value, sort) : null
      forms.set(key, form)
      return form
    },
  }
}

/** How near a test with a literal came, or null when nothing like it is there. The least costly difference is told. */
export function findNearText(condition: TextCondition, reading: NearReading): Nearness | null {
  for (const sort of ['folded', 'blanks', 'letters'] as const) {
    const near = findInForm(condition, condition.field, sort, reading)
    if (near) return near
  }
  return findEncoded(condition, reading) ?? findElsewhere(condition, reading) ?? findMisspelt(condition, reading)
}

/** The literal in one form of a field's values; where the operator holds in that form, before where it does not. */
function findInForm(
  { operator, values, caseSensitive }: TextCondition,
  field: TextField,
  sort: FormSort,
  reading: NearReading,
): Nearness | null {
  let near: Nearness | null = null
  for (const [index, value] of reading.valuesOf(field).entries()) {
    const form = reading.formOf(field, index, sort)
    if (form === null) return near
    for (const written of values.slice(0, literalsMax)) {
      const literal = formText(composeText(written.trim()), sort).text
      if (literal === '' || !spend(reading.effort, form.text.length)) continue
      const at = placeLiteral(operator, form.text, literal)
      if (at === -1) continue
      const { start, end } = originOf(form, at, literal.length)
      const place = sayPlace(operator, value, start, end)
      const difference = sayDifference(written.trim(), value.slice(start, end), sort, caseSensitive)
      if (place === null && difference === null) continue
      const found = nearAt(field, operator, value, start, end, [place, difference])
      if (place === null) return found
      near ??= found
    }
  }
  return near
}

function placeLiteral(operator: TextOperator, text: string, literal: string): number {
  if (operator === 'starts_with' && text.startsWith(literal)) return 0
  if (operator === 'ends_with' && text.endsWith(literal)) return text.length - literal.length
  return text.indexOf(literal)
}

function nearAt(
  field: TextField,
  operator: TextOperator,
  value: string,
  start: number,
  end: number,
  hints: (string | null)[],
  cost = 1,
): Nearness {
  const told = hints.filter((hint) => hint !== null)
  return {
    hint: told.join('; '),
    seen: excerpt(value, start),
    suggestion: suggestPart(field, operator, value, start, end),
    cost: cost + told.length - 1,
  }
}

/** The operator is kept where the mail's own text meets it, so that the suggestion is no wider than it must be. */
function suggestPart(field: TextField, operator: TextOperator, value: string, start: number, end: number) {
  const part = value.slice(start, end)
  if (part.trim() === '' || part.length > shownLengthMax) return null
  const isWhole = value.length < textMax
  const keeps =
    (operator === 'is' && start === 0 && end === value.length && isWhole) ||
    (operator === 'starts_with' && start === 0) ||
    (operator === 'ends_with' && end === value.length && isWhole)
  return writeTextTest(field, keeps ? operator : 'contains', part)
}

/** Headers are decoded when a mail is parsed; what is encoded twice, or wrongly, stands as it came. */
function findEncoded({ field, values }: TextCondition, { valuesOf, effort }: NearReading): Nearness | null {
  for (const value of valuesOf(field)) {
    if (!value.includes('=?') || !spend(effort, value.length)) continue
    const decoded = formText(decodeWords(value), 'letters').text
    const holds = values.slice(0, literalsMax).some((one) => decoded.includes(formText(one.trim(), 'letters').text))
    if (!holds) continue
    const hint = `the ${describeField(field)} has it as an encoded word (RFC 2047) that could not be decoded`
    return { hint, seen: excerpt(value, value.indexOf('=?')), suggestion: null, cost: 2 }
  }
  return null
}

function findElsewhere(condition: TextCondition, reading: NearReading): Nearness | null {
  for (const field of fieldsBeside(condition.field)) {
    const { operator, values } = condition
    for (const [index, value] of reading.valuesOf(field).entries()) {
      const form = reading.formOf(field, index, 'folded')
      if (form === null) return null
      for (const written of values.slice(0, literalsMax)) {
        const literal = formText(composeText(written.trim()), 'folded').text
        if (literal === '' || !spend(reading.effort, form.text.length)) continue
        const at = placeLiteral(operator, form.text, literal)
        if (at === -1) continue
        const { start, end } = originOf(form, at, literal.length)
        return nearAt(field, operator, value, start, end, [sayFoundIn(field, condition.field)], 3)
      }
    }
  }
  return null
}

function findMisspelt({ field, operator, values }: TextCondition, reading: NearReading): Nearness | null {
  let best: { near: Nearness; edits: number } | null = null
  for (const [index, value] of reading.valuesOf(field).entries()) {
    const form = reading.formOf(field, index, 'letters')
    if (form === null) break
    for (const written of values.slice(0, literalsMax)) {
      const literal = formText(composeText(written.trim()), 'letters').text
      const hit = findSimilar(form.text, literal, editsMaxFor(literal), reading.effort)
      if (hit === null || (best !== null && hit.edits >= best.edits)) continue
      const { start, end } = originOf(form, hit.start, hit.end - hit.start)
      const hint = `only similar: the mail has ${JSON.stringify(value.slice(start, end))}`
      const near = nearAt(field, operator, value, start, end, [hint], 1 + hit.edits)
      best = { near, edits: hit.edits }
    }
  }
  return best?.near ?? null
}

function capTexts(values: string[]): string[] {
  let room = textMax
  const capped: string[] = []
  for (const value of values.slice(0, valuesMax)) {
    if (room <= 0) break
    capped.push(composeText(value.slice(0, room)))
    room -= value.length
  }
  return capped
}
