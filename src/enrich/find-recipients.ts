const recipientsMax = 1_000
/** An owner may be an object in a list in an object; deeper data is not a list of recipients. */
const depthMax = 4

/**
 * The recipients a lookup has under a key, each once, in its order; null when it has none.
 *
 * The key is looked for as it stands, then whatever its case, then, for a domain, as each of its parent domains down
 * to two labels (`api.eu.example.com`, `eu.example.com`, `example.com`). A value may be a text, several texts divided
 * by commas, a list, or objects with `email`, `address` or `emails`.
 */
export function findInLookup(data: unknown, key: string): string[] | null {
  if (!isObject(data) || Array.isArray(data)) return null
  const name = key.trim()
  for (const candidate of [name, ...parentDomainsOf(name)]) {
    const found = findEntry(data, candidate)
    if (found === undefined) continue
    const recipients = readRecipients(found.value, 0)
    return recipients.length > 0 ? [...new Set(recipients)].slice(0, recipientsMax) : null
  }
  return null
}

/** Only the lookup's own keys count: a project may be called `constructor`. */
function findEntry(data: object, key: string): { value: unknown } | undefined {
  const entries = Object.entries(data)
  const folded = foldKey(key)
  const hit = entries.find(([name]) => name === key) ?? entries.find(([name]) => foldKey(name) === folded)
  return hit && { value: hit[1] }
}

function foldKey(key: string): string {
  return key.normalize('NFC').trim().toLowerCase()
}

function parentDomainsOf(key: string): string[] {
  const labels = key.replace(/\.$/, '').split('.')
  if (labels.length > 127 || labels.some((label) => label === '' || /[\s@/]/.test(label))) return []
  const parents: string[] = []
  if (key.endsWith('.') && labels.length > 1) parents.push(labels.join('.'))
  for (let from = 1; labels.length - from >= 2; from++) parents.push(labels.slice(from).join('.'))
  return parents
}

function readRecipients(value: unknown, depth: number): string[] {
  if (typeof value === 'string') return splitAddresses(value)
  if (depth >= depthMax || !isObject(value)) return []
  if (Array.isArray(value)) return value.slice(0, recipientsMax).flatMap((entry) => readRecipients(entry, depth + 1))
  for (const field of ['email', 'address', 'emails']) {
    const entry = Object.entries(value).find(([name]) => name === field)
    if (!entry) continue
    const recipients = readRecipients(entry[1], depth + 1)
    if (recipients.length > 0) return recipients
  }
  return []
}

/** A comma divides only between addresses: a group's name, or a quoted display name, may hold one. */
function splitAddresses(text: string): string[] {
  const parts = text.split(/[,;]/).map((part) => part.trim())
  const isList = parts.length > 1 && parts.every((part) => part.includes('@'))
  return (isList ? parts : [text.trim()]).filter((part) => part !== '')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
