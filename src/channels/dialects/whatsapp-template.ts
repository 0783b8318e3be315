import type { Message } from '../../domain/message.js'
import { cleanLine } from '../clean-text.js'
import { cutText } from '../cut-text.js'
import type { Outline } from '../outline-message.js'

/** What a template may be filled with, in the order its author wants it. */
export const templateParameters = ['title', 'text', 'severity', 'from', 'link'] as const
export type TemplateParameter = (typeof templateParameters)[number]

const shares = { title: 0.4, from: 0.1, link: 0.5 }

/**
 * The values of a template's parameters, `max` UTF-16 units in all. WhatsApp refuses a value that is empty, or has a
 * line break, a tab, or more than four spaces in a row (error 132018), so each is one line, and "-" where there is
 * nothing. Without a parameter for it, the first link ends the text: by it one acknowledges.
 */
export function fillTemplate(
  names: readonly TemplateParameter[],
  outline: Outline,
  message: Pick<Message, 'severity' | 'from'>,
  max: number,
): string[] {
  const fits = ({ url }: { url: string }): boolean => url.length <= max * shares.link
  const link = outline.links.find(fits)?.url ?? ''
  const values = new Map<TemplateParameter, string>([
    ['title', cutText(`${outline.icon} ${outline.title}`, Math.floor(max * shares.title), 'utf16')],
    ['severity', message.severity],
    ['from', cutText(cleanLine(message.from.slice(0, max * 4)), Math.floor(max * shares.from), 'utf16')],
    ['link', link],
  ])
  const taken = names.reduce((sum, name) => sum + Math.max(1, values.get(name)?.length ?? 0), 0)
  values.set('text', writeText(outline, names.includes('link') ? '' : link, max - taken))
  return names.map((name) => values.get(name) || '-')
}

function writeText(outline: Outline, link: string, max: number): string {
  const note = outline.notes.at(-1) ?? ''
  // Of a megabyte no more is looked at than could be shown.
  const parts = [note, ...outline.text.slice(0, max * 8).split('\n')].map(cleanLine).filter((part) => part !== '')
  const files = outline.attachments.length === 0 ? '' : `📎 ${outline.attachments.join(', ')}`
  const ending = [files, link].filter((part) => part !== '').join(' ')
  // The names of many files leave no room for the text, so the link goes alone.
  const kept = ending.length <= max / 2 ? ending : link.length < max ? link : ''
  const text = cutText(parts.join(' · '), max - kept.length - 1, 'utf16')
  return [text, kept].filter((part) => part !== '').join(' ')
}
