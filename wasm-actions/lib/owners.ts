import type { ActionInput, ActionOutput } from 'mailtrigger/guest'

/** A lookup that says who is responsible: a name to one address, or to several, or to people with an `email`. */
export type Owners = Record<string, unknown>

const reasonMax = 500

/** The lookup a route attached as `filename`, or null when there is none that can be read. */
export function readOwners(input: ActionInput, filename: string): Owners | null {
  const content = input.attachments.find((attachment) => attachment.filename === filename)?.content
  if (!content) return null
  try {
    const owners: unknown = JSON.parse(content)
    return typeof owners === 'object' && owners !== null && !Array.isArray(owners) ? (owners as Owners) : null
  } catch {
    return null
  }
}

/** Looks a name up as people mean it: `Project 1`, `project-1` and `PROJECT_1` are the same. Null when nobody is named. */
export function findOwners(owners: Owners, name: string): string[] | null {
  const wanted = toSlug(name)
  if (wanted === '') return null
  const key = Object.hasOwn(owners, name) ? name : Object.keys(owners).find((candidate) => toSlug(candidate) === wanted)
  if (key === undefined) return null
  const addresses = listAddresses(owners[key])
  return addresses.length > 0 ? addresses : null
}

/** The recipients stay as they are, and the trace says why. */
export function keepRecipients(reason: string): ActionOutput {
  const words = shortenReason(reason)
  console.warn(words)
  return { reason: words }
}

/** A reason may have 1,000 characters, and a mail may name more projects, people or domains than that. */
export function shortenReason(reason: string): string {
  return reason.length <= reasonMax ? reason : `${reason.slice(0, reasonMax)}…`
}

/** Letters and digits of any script, in lower case, everything else as one dash. */
export function toSlug(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
}

function listAddresses(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(listAddresses)
  if (typeof value === 'string') return value.includes('@') ? [value.trim()] : []
  if (typeof value === 'object' && value !== null && 'email' in value) return listAddresses(value.email)
  return []
}
