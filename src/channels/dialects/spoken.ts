import type { Severity } from '../../domain/message.js'
import { isVisible } from '../clean-text.js'
import { cutText } from '../cut-text.js'
import type { Outline } from '../outline-message.js'
import { splitUrls } from './split-urls.js'

/** A minute of speech has about 900 letters, and it is said more than once. */
export const spokenMax = 500

/**
 * A message as it is read out: how bad it is, title, newest note, text, files, one sentence each. Addresses of pages become
 * "link", and lines drawn with characters go, because nobody can listen to them.
 */
export function renderSpoken(outline: Outline, severity: Severity): string {
  const note = outline.notes.at(-1) ?? ''
  const files = outline.attachments.length === 0 ? '' : `With files: ${outline.attachments.join(', ')}`
  const sentences = [`${severityWords[severity]} alert`, outline.title, note, outline.text, files]
  return cutText(sentences.map(speak).filter(isVisible).map(endSentence).join(' '), spokenMax, 'code_points')
}

const severityWords: Record<Severity, string> = {
  critical: 'Critical',
  error: 'Error',
  warning: 'Warning',
  info: 'Info',
  resolved: 'Resolved',
}

function speak(text: string): string {
  // More than this is cut off anyway, whatever becomes shorter here.
  return splitUrls(text.slice(0, spokenMax * 20))
    .map((part) => (part.isUrl ? 'link' : part.text))
    .join('')
    .replace(/[\p{Surrogate}\ufffe\uffff]/gu, ' ')
    .replace(/([^\p{L}\p{N}\s])\1{2,}/gu, ' ')
    .replace(/(?<=[^\s.!?:;,])[^\S\n]*\n\s*/g, '. ')
    .replace(/\s+/g, ' ')
    .trim()
}

function endSentence(sentence: string): string {
  return /[.!?:;,…]$/.test(sentence) ? sentence : `${sentence}.`
}
