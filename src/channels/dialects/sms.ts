import type { Severity } from '../../domain/message.js'
import { wellFormed } from '../clean-text.js'
import type { Outline } from '../outline-message.js'
import { renderCut } from './compose-text.js'

/** More would be a letter, and Twilio takes no more than 1,600 characters. */
export const segmentsMax = 10

/**
 * A message as one SMS of at most `segments` segments, in the order it is read: title, text, note, link, files, who and when.
 * Quotes, dashes and spaces are written as GSM 03.38 has them, because a single character beyond it makes the whole
 * message UCS-2, with less than half the room. Letters and emoji stay what they are. The link goes in first: by it one
 * acknowledges.
 */
export function renderSms(outline: Outline, severity: Severity, segments: number): string {
  const narrow = composeSms(outline, severity, gsmRoom(segments), escapeGsm).replaceAll(escapeSeptet, '')
  return isGsm(narrow) ? narrow : composeSms(outline, severity, unicodeRoom(segments), (text) => text)
}

/** True when the text can be sent as GSM 03.38, with its extension table. */
export function isGsm(text: string): boolean {
  return gsmOnly.test(text)
}

/** Basic set and extension table of GSM 03.38 (3GPP TS 23.038 section 6.2.1). */
const gsmOnly = /^[@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/

/** Each of the extension table goes after this septet, and takes two of them for it. */
const escapeSeptet = '\u001b'

function escapeGsm(text: string): string {
  return text.replace(/[\^{}\\[~\]|€]/g, `${escapeSeptet}$&`)
}

/**
 * 160 septets, or 153 beside the header that joins several. A pair of septets is never divided between two segments, so
 * each but the last one may lose a septet.
 */
function gsmRoom(segments: number): number {
  return segments === 1 ? 160 : 153 * segments - (segments - 1)
}

/** The same in UTF-16 units: 70, or 67. Here it is a surrogate pair that is not divided. */
function unicodeRoom(segments: number): number {
  return segments === 1 ? 70 : 67 * segments - (segments - 1)
}

/** Units that are the title's, whatever the link takes. */
const titleMin = 30

function composeSms(outline: Outline, severity: Severity, max: number, encode: (text: string) => string): string {
  const [first] = outline.links
  const link = first === undefined ? '' : `\n${encode(first.url)}`
  const ending = link.length <= max - titleMin ? link : ''
  let free = max - ending.length
  const take = (text: string, room: number, before: string): string => {
    const taken = cutEncoded(transliterate(text), Math.floor(room) - before.length, encode)
    if (taken === '') return ''
    free -= before.length + taken.length
    return `${before}${taken}`
  }
  const takeWhole = (text: string): string => {
    const line = `\n${encode(transliterate(text))}`
    if (text === '' || line.length > free) return ''
    free -= line.length
    return line
  }
  const isAlone = outline.text === '' && outline.notes.length === 0
  const titleRoom = isAlone ? free : Math.max(titleMin, free / 2)
  const title = take(`${severity.toUpperCase()}: ${outline.title}`, titleRoom, '')
  const note = take(outline.notes.at(-1) ?? '', free * 0.4, '\n')
  const text = take(outline.text, free, '\n')
  const files = takeWhole(outline.attachments.join(', '))
  const foot = takeWhole(outline.foot)
  return `${title}${text}${note}${ending}${files}${foot}`
}

/** Ends with three dots where something is missing, for there is no "…" in GSM 03.38. */
function cutEncoded(text: string, max: number, encode: (text: string) => string): string {
  const dots = '...'
  return renderCut(text, max - dots.length + 1, 'utf16', encode).replace(/…$/, dots)
}

const replacements: [RegExp, string][] = [
  [/[“”„‟«»″‶]/g, '"'],
  [/[‘’‚‛′‵`´‹›]/g, "'"],
  [/[‐‑‒–—―−⁃·•‣∙]/g, '-'],
  [/…/g, '...'],
  [/→/g, '->'],
  [/←/g, '<-'],
  [/×/g, 'x'],
  [/[\t\p{Zs}]/gu, ' '],
  [/[\u00ad\u200b\u2060\ufeff]/g, ''],
]

function transliterate(text: string): string {
  // A text is cut to some hundred characters later on; of a megabyte nothing else need be looked at.
  let written = wellFormed(text.slice(0, segmentsMax * 500))
  for (const [pattern, replacement] of replacements) written = written.replace(pattern, replacement)
  return written.trim()
}
