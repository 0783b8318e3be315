import type { Address } from '../../domain/mail.js'
import { decodeEncodedWords } from './encoded-words.js'
import { toLine } from './headers.js'
import { mimeLimits, valueLimits } from './mime-limits.js'

/**
 * Reads an address list (RFC 5322 3.4): names, quoted strings, comments, groups. Forgiving: a lone word, a missing
 * bracket or a stray semicolon still gives what can be understood, at most 1,000 addresses. Encoded words are decoded
 * in names only, after the list was taken apart, so that no encoded comma or bracket makes up an address. Linear.
 */
export function parseAddresses(list: string): Address[] {
  return readAddresses(list).addresses
}

/** The same with the number of all that are there. */
export function readAddresses(list: string): { addresses: Address[]; found: number } {
  const addresses: Address[] = []
  let found = 0
  for (const mailbox of splitMailboxes(list)) {
    const address = toAddress(mailbox)
    if (!address) continue
    found++
    if (found <= mimeLimits.addresses) addresses.push(address)
  }
  return { addresses, found }
}

interface Mailbox {
  /** Words outside brackets; quoted ones keep that they were, for they are never an address. */
  words: { text: string; isQuoted: boolean }[]
  comments: string[]
  bracketed: string | null
}

function* splitMailboxes(list: string): Generator<Mailbox> {
  let mailbox: Mailbox = { words: [], comments: [], bracketed: null }
  let word = ''
  const endWord = (): void => {
    if (word !== '') mailbox.words.push({ text: word, isQuoted: false })
    word = ''
  }
  let at = 0
  while (at < list.length) {
    const character = list[at] ?? ''
    if (character === '"') {
      const quoted = readQuoted(list, at)
      at = quoted.end
      // `"odd name"@host` is one address, with its quotes.
      if (list[at] === '@') word += `"${quoted.text}"`
      else {
        endWord()
        mailbox.words.push({ text: quoted.text, isQuoted: true })
      }
      continue
    }
    if (character === '(') {
      const comment = readComment(list, at)
      at = comment.end
      mailbox.comments.push(comment.text)
      continue
    }
    if (character === '<') {
      endWord()
      const close = list.indexOf('>', at)
      const end = close < 0 ? list.length : close
      mailbox.bracketed ??= list.slice(at + 1, end)
      at = end + 1
      continue
    }
    if (character === ',' || character === ';') {
      endWord()
      yield mailbox
      mailbox = { words: [], comments: [], bracketed: null }
    } else if (character === ':' && mailbox.bracketed === null && !word.includes('@')) {
      // The name of a group; its members follow, and `;` ends them.
      word = ''
      mailbox = { words: [], comments: [], bracketed: null }
    } else if (/\s/.test(character)) endWord()
    else word += character
    at++
  }
  endWord()
  yield mailbox
}

function toAddress(mailbox: Mailbox): Address | null {
  const { words, bracketed } = mailbox
  const comment = mailbox.comments.join(' ')
  if (bracketed !== null) {
    const address = withoutSourceRoute(bracketed.trim())
    if (address === '' && words.length === 0) return null
    return { name: toName(words, comment), address: address.toLowerCase() }
  }
  const index = words.findLastIndex((word) => !word.isQuoted && word.text.includes('@'))
  const plain = words[index]
  if (plain) {
    const others = words.filter((_, position) => position !== index)
    return { name: toName(others, comment), address: plain.text.toLowerCase() }
  }
  const text = toName(words, comment)
  if (text === '') return null
  // Nothing here is an address. A whole `Name <address>` inside encoded words is illegal but does occur.
  const inner = words.some((word) => word.text.startsWith('=?')) ? /^(.*)<([^<>\s]+@[^<>\s]+)>$/.exec(text) : null
  return inner
    ? { name: (inner[1] ?? '').trim(), address: (inner[2] ?? '').toLowerCase() }
    : { name: '', address: text }
}

function toName(words: { text: string }[], comment: string): string {
  const text = words.length > 0 ? words.map((word) => word.text).join(' ') : comment
  return toLine(decodeEncodedWords(text)).slice(0, valueLimits.nameLength)
}

/** `@relay.example:user@host`, RFC 5322 4.4. */
function withoutSourceRoute(address: string): string {
  return address.startsWith('@') ? address.slice(address.indexOf(':') + 1) : address
}

function readQuoted(list: string, start: number): { text: string; end: number } {
  let text = ''
  let at = start + 1
  while (at < list.length && list[at] !== '"') {
    if (list[at] === '\\' && at + 1 < list.length) at++
    text += list[at]
    at++
  }
  return { text, end: at + 1 }
}

/** Comments nest. An unclosed one runs to the end of the list. */
function readComment(list: string, start: number): { text: string; end: number } {
  let depth = 0
  let text = ''
  let at = start
  for (; at < list.length; at++) {
    const character = list[at] ?? ''
    if (character === '\\' && at + 1 < list.length) text += list[++at] ?? ''
    else if (character === '(' && depth++ === 0) continue
    else if (character === ')' && --depth === 0) return { text: text.trim(), end: at + 1 }
    else text += character
  }
  return { text: text.trim(), end: at }
}
