import type { TextField, TextOperator } from '../domain/route.js'
import { composeText, foldText } from './fold.js'
import { describeField } from './read-field.js'
import { type FormSort, invisiblePattern } from './text-forms.js'

const shownMax = 40

/** What forwarding, replying and lists put before a subject: `Re: Fwd: [list] `. */
const tagsPattern =
  /^(?:\s*(?:(?:re|aw|sv|antw|fwd?|wg|tr|rv|vs|doorst)(?:\[\d{1,3}\])?\s{0,3}:|\[[^\][]{1,60}\]|\([^()]{1,60}\)))+\s*$/i

/** The text when it is nothing but such tags, else null. */
export function tagsBefore(text: string): string | null {
  return text.length <= 200 && tagsPattern.test(text) ? text : null
}

/** Why the operator does not hold although the text is there, or null when it does. */
export function sayPlace(operator: TextOperator, value: string, start: number, end: number): string | null {
  const before = value.slice(0, start)
  const after = value.slice(end)
  if (operator === 'starts_with') {
    if (before.trim() === '') return null
    const what = tagsBefore(before) ? 'it matches once that is taken off' : 'it is not at the beginning'
    return `the text begins with ${show(before)}: ${what}`
  }
  if (operator === 'ends_with') {
    return after.trim() === '' ? null : `it is not at the end: after it comes ${show(after)}`
  }
  if (operator !== 'is' || (before.trim() === '' && after.trim() === '')) return null
  if (tagsBefore(before) && after.trim() === '') return `it is, once ${show(before)} is taken off`
  return `the text holds it, and more: ${show(value)}`
}

/** How what the rule writes differs from what the mail has, or null when it does not. */
export function sayDifference(written: string, has: string, sort: FormSort, caseSensitive: boolean): string | null {
  const [one, other] = [composeText(written), composeText(has)]
  if (one === other || (!caseSensitive && foldText(one) === foldText(other))) return null
  if (foldText(one) === foldText(other)) return `only letter case differs: the mail has ${show(has)}`
  if (sort === 'letters') return `another Unicode form: the mail has ${show(has)}`
  const invisible = findInvisible(other)
  if (invisible) {
    const code = (invisible.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    return `the mail has an invisible character (U+${code}) in it`
  }
  if (findInvisible(one)) return 'the rule has an invisible character in it'
  const isCaseToo = caseSensitive && loosen(one) !== loosen(other)
  return `white space differs${isCaseToo ? ', and letter case' : ''}: the mail has ${show(has)}`
}

/** White space that is a control character can be seen. */
function findInvisible(text: string): string | undefined {
  return invisiblePattern.exec(text.replace(/\s/g, ' '))?.[0]
}

function loosen(text: string): string {
  return text.replace(/\s+/g, ' ')
}

function show(text: string): string {
  return JSON.stringify(text.length > shownMax ? `${text.slice(0, shownMax - 1)}…` : text)
}

/** Where else a rule's author may have seen it, the likeliest first. */
export function fieldsBeside(field: TextField): TextField[] {
  switch (field.type) {
    case 'body':
      return [{ type: 'html' }, { type: 'subject' }]
    case 'html':
      return [{ type: 'body' }]
    case 'subject':
      return [{ type: 'body' }]
    case 'to':
      return [{ type: 'rcpt' }]
    case 'rcpt':
      return [{ type: 'to' }, { type: 'header', name: 'x-original-to' }, { type: 'header', name: 'delivered-to' }]
    case 'rcpt_key':
      return [{ type: 'rcpt' }]
    case 'from':
      return [{ type: 'sender' }, { type: 'header', name: 'reply-to' }]
    case 'sender':
      return [{ type: 'from' }]
    default:
      return []
  }
}

/** Somebody looked in the wrong place. */
export function sayFoundIn(found: TextField, wanted: TextField): string {
  const names = {
    rcpt: 'the envelope recipients (rcpt)',
    to: 'the To and Cc headers (to)',
    html: 'the HTML part (html)',
  }
  const name = (field: TextField): string =>
    field.type in names ? names[field.type as keyof typeof names] : `the ${describeField(field)}`
  return `found in ${name(found)}, not in ${name(wanted)}`
}

/** Encoded words of RFC 2047 in a text, in UTF-8 or a character set the platform knows; others stay as they are. */
export function decodeWords(text: string): string {
  return text.replace(
    /=\?([\w-]{1,40})\?([bq])\?([^?]{0,200})\?=/gi,
    (whole, charset: string, way: string, word: string) => {
      try {
        return new TextDecoder(charset).decode(way.toLowerCase() === 'b' ? Buffer.from(word, 'base64') : decodeQ(word))
      } catch (error) {
        // An unknown character set: https://encoding.spec.whatwg.org/#dom-textdecoder
        if (error instanceof RangeError) return whole
        throw error
      }
    },
  )
}

function decodeQ(word: string): Buffer {
  const bytes = word
    .replaceAll('_', ' ')
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}
