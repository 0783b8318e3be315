/**
 * Sends a failed Jenkins build to those whose changes are in it.
 *
 * Needs the lookup `developers` attached: the names Jenkins knows developers by to addresses, for example
 * { "tim": "tim@example.com", "jolin": { "email": "jolin@example.com" } }
 */
import type { ActionInput, ActionOutput } from 'mailtrigger/guest'
import { findOwners, keepRecipients, readOwners, shortenReason } from './lib/owners'

export function handle(input: ActionInput): ActionOutput {
  const developers = readOwners(input, 'developers.json')
  if (!developers) return keepRecipients('developers.json is not attached or is no JSON object')
  const names = listCulprits(input.mail.text)
  if (names.length === 0) return keepRecipients('the mail lists no changes')

  const recipients = new Set<string>()
  const strangers: string[] = []
  for (const name of names) {
    const addresses = findOwners(developers, name)
    if (addresses) for (const address of addresses) recipients.add(address)
    else strangers.push(name)
  }
  if (recipients.size === 0) return keepRecipients(`developers.json knows none of ${names.join(', ')}`)
  const unknown = strangers.length > 0 ? `; not in developers.json: ${strangers.join(', ')}` : ''
  return { recipients: [...recipients], reason: shortenReason(`changes by ${names.join(', ')}${unknown}`) }
}

/**
 * The names of `[name] message` or `- [name] message` between `Changes:` and the dashed ruler (or the next heading),
 * each once. Below the ruler follows the build's log, whose `[INFO]` and `[javac]` are nobody's names. A message may go
 * on below its first line, indented or as a list of its own. A reply quotes with `>`, and quoted changes are not the
 * mail's own.
 */
function listCulprits(text: string): string[] {
  const lines = text.split(/\r?\n/)
  const start = lines.findIndex((line) => /^\s*changes(?:\s+(?:since|for|in)\s.{1,80})?:?\s*$/i.test(line))
  if (start < 0) return []
  const names = new Set<string>()
  for (const line of lines.slice(start + 1)) {
    const isRuler = /^\s*-{5,}\s*$/.test(line)
    const isNextHeading = /^[A-Z][\w ]{0,60}:\s*$/.test(line)
    if (isRuler || isNextHeading) break
    const name = /^(?:-\s+)?\[([^\]]{1,100})\]\s+\S/.exec(line)?.[1]?.trim()
    if (name) names.add(name)
  }
  return [...names]
}
