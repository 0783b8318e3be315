/**
 * Sends a Sentry alert to the owners of its project.
 *
 * Needs the lookup `project-owners` attached: project names or slugs to addresses, for example
 * { "Project 1": ["tim@example.com", "jolin@example.com"], "project-2": "jolin@example.com" }
 */
import type { ActionInput, ActionOutput, GuestMail } from 'mailtrigger/guest'
import { findOwners, keepRecipients, type Owners, readOwners, shortenReason } from './lib/owners'

/** A subject's start in which to look for a project's name. */
const nameMax = 200

export function handle(input: ActionInput): ActionOutput {
  const owners = readOwners(input, 'project-owners.json')
  if (!owners) return keepRecipients('project-owners.json is not attached or is no JSON object')
  const candidates = listProjects(input.mail)
  if (candidates.length === 0) return keepRecipients('neither X-Sentry-Project nor the subject names a project')
  return assign(owners, candidates)
}

function assign(owners: Owners, candidates: string[]): ActionOutput {
  for (const project of candidates) {
    const recipients = findOwners(owners, project)
    if (recipients)
      return {
        recipients,
        labels: { project },
        reason: shortenReason(`${project} is owned by ${recipients.join(', ')}`),
      }
  }
  return keepRecipients(`nobody owns the project ${candidates.at(-1)}`)
}

/**
 * What the project may be called, the surest first. Sentry puts its slug into a header; the forms of the subject are
 * `[Sentry] PROJECT-1-4K - title` (today), `[Sentry] [Project] error: title` (8.x), `[Sentry] Project 1 Error`.
 */
function listProjects(mail: GuestMail): string[] {
  const header = mail.headers['x-sentry-project']?.[0]?.trim()
  // The header is the last word: a title that looks like another project must not win over it.
  if (header) return [header]
  const subject = /^\s*(?:re:\s*)*\[sentry\]\s+(.+)$/is.exec(mail.subject)?.[1]?.trim()
  if (!subject) return []
  const bracketed = /^\[([^\]]+)\]/.exec(subject)?.[1]
  if (bracketed) return [bracketed]
  const issue = /^(\S+)-[0-9a-z]+ - /i.exec(subject)?.[1]
  if (issue) return [issue]
  // A project may be called "Error Handler", so every "Error" may be the one after its name; the longest name wins.
  const ends = Array.from(
    subject.slice(0, nameMax).matchAll(/\s+(?:error|fatal|warning|alert)\b/gi),
    ({ index }) => index,
  )
  return ends.map((end) => subject.slice(0, end)).reverse()
}
