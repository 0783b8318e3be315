/** `jenkins-culprits.ts` in AssemblyScript: sends a failed Jenkins build to those whose changes are in it. */
import { fail, readInput } from 'mailtrigger/host'
import { parseJson } from 'mailtrigger/json'
import { assign, findOwners, keepRecipients, readOwners } from './owners'

export function handle(): i32 {
  const input = parseJson(readInput())
  if (input === null) return fail('the input is no JSON')
  const developers = readOwners(input, 'developers.json')
  if (developers === null) return keepRecipients('developers.json is not attached or is no JSON object')
  const mail = input.get('mail')
  const names = mail === null ? new Array<string>() : listCulprits(mail.getText('text'))
  if (names.length == 0) return keepRecipients('the mail lists no changes')

  const recipients: string[] = []
  const strangers: string[] = []
  for (let index = 0; index < names.length; index++) {
    const addresses = findOwners(developers, names[index])
    if (addresses.length == 0) strangers.push(names[index])
    for (let other = 0; other < addresses.length; other++) {
      if (!recipients.includes(addresses[other])) recipients.push(addresses[other])
    }
  }
  if (recipients.length == 0) return keepRecipients(`developers.json knows none of ${names.join(', ')}`)
  const unknown = strangers.length > 0 ? `; not in developers.json: ${strangers.join(', ')}` : ''
  return assign(recipients, '', `changes by ${names.join(', ')}${unknown}`)
}

/** The names of `[name] message` between `Changes:` and the dashed ruler or the next heading, each once. */
function listCulprits(text: string): string[] {
  const lines = text.split('\n')
  const names: string[] = []
  let inside = false
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index].endsWith('\r') ? lines[index].substring(0, lines[index].length - 1) : lines[index]
    if (!inside) {
      inside = isStart(line)
      continue
    }
    if (isRuler(line) || isHeading(line)) break
    const name = readName(line)
    if (name != '' && !names.includes(name)) names.push(name)
  }
  return names
}

/** `Changes:`, `Changes for Build #401`, `changes since yesterday:` … */
function isStart(line: string): bool {
  const words = line.trim()
  if (words.substring(0, 7).toLowerCase() != 'changes') return false
  const rest = words.substring(7)
  if (rest == '' || rest == ':') return true
  const keyword = rest.trimStart()
  if (keyword.length == rest.length) return false
  const first = keyword.substring(0, 6).toLowerCase()
  const length = first.startsWith('since ') ? 6 : first.startsWith('for ') ? 4 : first.startsWith('in ') ? 3 : 0
  const what = keyword.substring(length)
  return length > 0 && what != '' && (what.length <= 80 || what.substring(80).trim() == ':')
}

function isRuler(line: string): bool {
  const words = line.trim()
  for (let at = 0; at < words.length; at++) if (words.charCodeAt(at) != 0x2d) return false
  return words.length >= 5
}

/** A capital, words, a colon: `Console output:`. */
function isHeading(line: string): bool {
  const words = line.trimEnd()
  const first = words.length > 1 ? words.charCodeAt(0) : 0
  if (first < 0x41 || first > 0x5a || !words.endsWith(':') || words.length > 62) return false
  for (let at = 1; at < words.length - 1; at++) {
    const code = words.charCodeAt(at)
    const lower = code | 0x20
    const isWord = (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x7a) || code == 0x5f
    if (!isWord && code != 0x20) return false
  }
  return true
}

function readName(line: string): string {
  let start = 0
  if (line.startsWith('-') && line.length > 1 && isSpace(line.charCodeAt(1)))
    start = line.length - line.substring(1).trimStart().length
  if (line.charCodeAt(start) != 0x5b) return ''
  const end = line.indexOf(']', start)
  if (end < 0 || end - start < 2 || end - start > 101) return ''
  const message = line.substring(end + 1)
  if (message.trimStart() == '' || message.trimStart().length == message.length) return ''
  return line.substring(start + 1, end).trim()
}

function isSpace(code: i32): bool {
  return code == 0x20 || (code >= 0x09 && code <= 0x0d)
}
