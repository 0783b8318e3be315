import type { Config } from '../domain/config.js'
import { splitPlus } from '../domain/plus-address.js'

/**
 * Turns group names into their people, and writes every address in lower case, each once, in order. A name with a `+`
 * that is no group and no person stands for the group or person it is without its key: `devops+db` for `devops`. Where
 * that is nobody either, it stays as it is, for it may be a real mailbox.
 * With `alsoManager` the managers of those people follow at the end.
 */
export function expandRecipients(entries: string[], config: Config, alsoManager: boolean): string[] {
  const found = new Set<string>()
  for (const entry of entries) {
    const trimmed = entry.trim()
    if (trimmed === '') continue
    for (const address of findMembers(trimmed, config)) found.add(address.toLowerCase())
  }
  if (alsoManager) {
    for (const address of [...found]) {
      const manager = config.people[address]?.manager
      if (manager) found.add(manager.toLowerCase())
    }
  }
  return [...found]
}

function findMembers(entry: string, { groups, people }: Config): string[] {
  const exact = groups[entry]
  if (exact) return exact
  const { plain } = splitPlus(entry)
  if (plain === entry || people[entry.toLowerCase()]) return [entry]
  return groups[plain] ?? (people[plain.toLowerCase()] ? [plain] : [entry])
}
