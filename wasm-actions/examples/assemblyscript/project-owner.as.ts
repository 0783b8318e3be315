/** `project-owner.ts` in AssemblyScript: sends a Sentry alert to the owners of its project. */
import { fail, readInput } from 'mailtrigger/host'
import { Json, parseJson } from 'mailtrigger/json'
import { assign, findOwners, keepRecipients, readOwners } from './owners'

/** A subject's start in which to look for a project's name. */
const nameMax = 200

export function handle(): i32 {
  const input = parseJson(readInput())
  if (input === null) return fail('the input is no JSON')
  const owners = readOwners(input, 'project-owners.json')
  if (owners === null) return keepRecipients('project-owners.json is not attached or is no JSON object')
  const mail = input.get('mail')
  const candidates = mail === null ? new Array<string>() : listProjects(mail)
  if (candidates.length == 0) return keepRecipients('neither X-Sentry-Project nor the subject names a project')
  for (let index = 0; index < candidates.length; index++) {
    const project = candidates[index]
    const recipients = findOwners(owners, project)
    if (recipients.length > 0) return assign(recipients, project, `${project} is owned by ${recipients.join(', ')}`)
  }
  return keepRecipients(`nobody owns the project ${candidates[candidates.length - 1]}`)
}

/** What the project may be called, the surest first; the forms are told in `project-owner.ts`. */
function listProjects(mail: Json): string[] {
  const header = readHeader(mail, 'x-sentry-project').trim()
  if (header != '') return [header]
  const subject = cutSentryMark(mail.getText('subject'))
  if (subject == '') return []
  const bracket = subject.indexOf(']')
  if (subject.startsWith('[') && bracket > 1) return [subject.substring(1, bracket)]
  const issue = readIssuePrefix(subject)
  return issue == '' ? listNamesBeforeSeverity(subject.substring(0, nameMax)) : [issue]
}

function readHeader(mail: Json, name: string): string {
  const headers = mail.get('headers')
  if (headers === null) return ''
  const values = headers.getItems(name)
  return values.length > 0 ? values[0].text : ''
}

/** What follows `[Sentry] `, behind any number of `Re:`. Empty when the subject is no such one. */
function cutSentryMark(subject: string): string {
  let rest = subject.trimStart()
  while (rest.substring(0, 3).toLowerCase() == 're:') rest = rest.substring(3).trimStart()
  if (rest.substring(0, 8).toLowerCase() != '[sentry]' || !isSpace(rest.charCodeAt(8))) return ''
  return rest.substring(8).trim()
}

/** The project of `PROJECT-1-4K - title`: the first word without its last part. */
function readIssuePrefix(subject: string): string {
  let end = 0
  while (end < subject.length && !isSpace(subject.charCodeAt(end))) end++
  if (subject.substring(end, end + 3) != ' - ') return ''
  const dash = subject.substring(0, end).lastIndexOf('-')
  if (dash < 1 || dash == end - 1) return ''
  for (let at = dash + 1; at < end; at++) if (!isAlphanumeric(subject.charCodeAt(at))) return ''
  return subject.substring(0, dash)
}

/** A project may be called "Error Handler", so every such word may be the one after its name; the longest name wins. */
function listNamesBeforeSeverity(subject: string): string[] {
  const names: string[] = []
  for (let at = 1; at < subject.length; at++) {
    if (!isSpace(subject.charCodeAt(at)) || isSpace(subject.charCodeAt(at - 1))) continue
    let start = at
    while (start < subject.length && isSpace(subject.charCodeAt(start))) start++
    let end = start
    while (end < subject.length && isWordCharacter(subject.charCodeAt(end))) end++
    const word = subject.substring(start, end).toLowerCase()
    if (word == 'error' || word == 'fatal' || word == 'warning' || word == 'alert') names.push(subject.substring(0, at))
  }
  return names.reverse()
}

function isSpace(code: i32): bool {
  return code == 0x20 || (code >= 0x09 && code <= 0x0d)
}

function isAlphanumeric(code: i32): bool {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a)
}

function isWordCharacter(code: i32): bool {
  return isAlphanumeric(code) || code == 0x5f
}
