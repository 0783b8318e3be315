import { labelOf } from '../../../config/source.js'
import type { ConfigIssue } from '../../../domain/errors.js'
import type { FieldProblems } from './entered-settings.js'
import type { SettingField } from './setting-fields.js'

export interface PlacedIssues {
  /** At their fields, by path. */
  problems: FieldProblems
  /** What is about the whole. */
  others: string[]
}

/** Puts what the engine says of a channel's settings at the fields it is about. */
export function placeIssues(
  issues: readonly ConfigIssue[],
  channel: string,
  fields: readonly SettingField[],
): PlacedIssues {
  const problems: Record<string, string> = {}
  const others: string[] = []
  // The longest first: `template.text` is no mistake of `template`.
  const paths = fields.map(({ path }) => path).sort((one, other) => other.length - one.length)
  for (const issue of issues) {
    const found = paths
      .map((path) => ({ path, words: wordsAt(issue, channel, path) }))
      .find(({ words }) => words !== null)
    if (found?.words) problems[found.path] ??= withHint(found.words, issue.hint, hintOf(fields, found.path))
    else others.push(withHint(aboutTheWhole(issue.message, channel), issue.hint, null))
  }
  return { problems, others }
}

/** What an issue says of one setting, without naming it again; null when it is about something else. */
function wordsAt({ message }: ConfigIssue, channel: string, path: string): string | null {
  const keys = path.split('.')
  const label = labelOf(['channels', channel, ...keys])
  const missing = `"${keys.at(-1)}" is missing in ${labelOf(['channels', channel, ...keys.slice(0, -1)])}`
  if (message === missing) return 'This is needed'
  if (!message.startsWith(label)) return null
  const rest = message.slice(label.length)
  if (rest.startsWith(':')) return capitalise(rest.slice(1).trim())
  if (rest.startsWith(' ')) return `This${rest}`
  const [, entry, words] = /^\[(\d{1,4})\][.:]? ?(.*)$/s.exec(rest) ?? []
  if (entry !== undefined && words) return `Entry ${Number(entry) + 1}: ${words}`
  // Something further in, of a document of one's own.
  return /^[.[]/.test(rest) ? `In it, ${rest.replace(/^\./, '')}` : null
}

function aboutTheWhole(message: string, channel: string): string {
  const whole = labelOf(['channels', channel])
  if (message.startsWith(`${whole}: `)) return capitalise(message.slice(whole.length + 2))
  return capitalise(message.replace(` in ${whole}`, ''))
}

/** The description of the setting stands under its field anyway. */
function withHint(words: string, hint: string | null, description: string | null): string {
  const sentence = /[.!?…]$/.test(words) ? words : `${words}.`
  return hint === null || hint === description
    ? sentence
    : `${sentence} ${capitalise(hint)}${/[.!?…]$/.test(hint) ? '' : '.'}`
}

function hintOf(fields: readonly SettingField[], path: string): string | null {
  return fields.find((field) => field.path === path)?.hint ?? null
}

function capitalise(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
