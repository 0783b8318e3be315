/** The AssemblyScript twin of `lib/owners.ts`: the same answers, as far as `toSlug` below says. */
import { logWarning, writeOutput } from 'mailtrigger/host'
import { Json, JsonKind, parseJson, quote, quoteList } from 'mailtrigger/json'

const reasonMax = 500

/** The lookup a route attached as `filename`, or null when there is none that can be read. */
export function readOwners(input: Json, filename: string): Json | null {
  const attachments = input.getItems('attachments')
  for (let index = 0; index < attachments.length; index++) {
    if (attachments[index].getText('filename') != filename) continue
    const owners = parseJson(attachments[index].getText('content'))
    return owners !== null && owners.kind == JsonKind.Object ? owners : null
  }
  return null
}

/** Looks a name up as people mean it: `Project 1`, `project-1` and `PROJECT_1` are the same. Empty when nobody is named. */
export function findOwners(owners: Json, name: string): string[] {
  const addresses: string[] = []
  const wanted = toSlug(name)
  if (wanted == '') return addresses
  let found = owners.get(name)
  for (let index = 0; index < owners.keys.length && found === null; index++) {
    if (toSlug(owners.keys[index]) == wanted) found = owners.get(owners.keys[index])
  }
  if (found !== null) collectAddresses(found, addresses)
  return addresses
}

/** Answers with new recipients; `project` becomes a label when it is not empty. */
export function assign(recipients: string[], project: string, reason: string): i32 {
  const labels = project == '' ? '' : `"labels":{"project":${quote(project)}},`
  writeOutput(`{"recipients":${quoteList(recipients)},${labels}"reason":${quote(shorten(reason))}}`)
  return 0
}

/** The recipients stay as they are, and the trace says why. */
export function keepRecipients(reason: string): i32 {
  const words = shorten(reason)
  logWarning(words)
  writeOutput(`{"reason":${quote(words)}}`)
  return 0
}

/** In ASCII: only ASCII letters change case, every other character beyond ASCII counts as a letter, nothing is composed. */
function toSlug(name: string): string {
  let slug = ''
  let gap = false
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    const isUpper = code >= 0x41 && code <= 0x5a
    const isWord = isUpper || (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code >= 0x80
    if (isWord) {
      if (gap && slug != '') slug += '-'
      slug += String.fromCharCode(isUpper ? code + 0x20 : code)
    }
    gap = !isWord
  }
  return slug
}

function collectAddresses(value: Json, addresses: string[]): void {
  if (value.kind == JsonKind.List) {
    for (let index = 0; index < value.items.length; index++) collectAddresses(value.items[index], addresses)
  } else if (value.kind == JsonKind.Text) {
    if (value.text.includes('@')) addresses.push(value.text.trim())
  } else {
    const email = value.get('email')
    if (email !== null) collectAddresses(email, addresses)
  }
}

function shorten(reason: string): string {
  return reason.length <= reasonMax ? reason : reason.substring(0, reasonMax) + '…'
}
