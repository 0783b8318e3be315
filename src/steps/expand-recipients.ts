import type { Config } from '../domain/config.js'

/**
 * Turns group names into their people, and writes every address in lower case, each once, in order.
 * With `alsoManager` the managers of those people follow at the end.
 */
export function expandRecipients(entries: string[], config: Config, alsoManager: boolean): string[] {
  const found = new Set<string>()
  for (const entry of entries) {
    const trimmed = entry.trim()
    if (trimmed === '') continue
    for (const address of config.groups[trimmed] ?? [trimmed]) found.add(address.toLowerCase())
  }
  if (alsoManager) {
    for (const address of [...found]) {
      const manager = config.people[address]?.manager
      if (manager) found.add(manager.toLowerCase())
    }
  }
  return [...found]
}
