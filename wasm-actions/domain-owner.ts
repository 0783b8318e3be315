/**
 * Sends an alert about a web site to the owners of its domain.
 *
 * Needs the lookup `domain-owners` attached: domains to addresses, for example
 * { "app.example.com": ["tim@example.com"], "example.com": "jolin@example.com" }
 * An entry speaks for its subdomains too, unless they have one of their own.
 */
import type { ActionInput, ActionOutput } from 'mailtrigger/guest'
import { findOwners, keepRecipients, type Owners, readOwners, shortenReason } from './lib/owners'

export function handle(input: ActionInput): ActionOutput {
  const owners = readOwners(input, 'domain-owners.json')
  if (!owners) return keepRecipients('domain-owners.json is not attached or is no JSON object')
  const domains = listDomains(input.mail.subject)
  if (domains.length === 0) return keepRecipients('the subject names no domain')
  for (const domain of domains) {
    const found = findDomainOwners(owners, domain)
    if (found) return { ...found, labels: { domain } }
  }
  return keepRecipients(`nobody owns ${domains.join(', ')}`)
}

/**
 * Domains of a subject in the order they are named: `Service DOWN app.example.com`, `DOWN | app.example.com`,
 * `[name][https://app.example.com/] server certificate app.example.com will expire in 1 days`.
 * A number like 1.2.3.4 or a version 2.10 is no domain: the last label has letters only.
 */
function listDomains(subject: string): string[] {
  const label = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?'
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}@._-])(?:${label}\\.)+(?:xn--[a-z0-9-]+|\\p{L}{2,63})(?!\\.?[\\p{L}\\p{N}@_-])`,
    'giu',
  )
  return [...new Set(Array.from(subject.matchAll(pattern), ([domain]) => domain.toLowerCase()))]
}

function findDomainOwners(owners: Owners, domain: string): { recipients: string[]; reason: string } | null {
  const labels = domain.split('.')
  for (let from = 0; from <= labels.length - 2; from++) {
    const candidate = labels.slice(from).join('.')
    const recipients = findExact(owners, candidate)
    if (recipients) return { recipients, reason: shortenReason(`${candidate} is owned by ${recipients.join(', ')}`) }
  }
  return null
}

/** Dots matter in domains, so only the case is forgiven. */
function findExact(owners: Owners, domain: string): string[] | null {
  const key = Object.keys(owners).find((candidate) => candidate.toLowerCase() === domain)
  return key === undefined ? null : findOwners({ [key]: owners[key] }, key)
}
