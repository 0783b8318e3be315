import { domainToUnicode } from 'node:url'

/**
 * Brings an address, or a glob of addresses, to the form in which two are compared. Case never matters: a domain has
 * none, and no mail system in use tells local parts apart by it (RFC 5321, 2.4). Letters have one Unicode form, and a
 * domain that is spelt in ASCII (`xn--…`) is in letters, as it is in the envelope.
 */
export function foldAddress(address: string): string {
  const folded = address.normalize('NFC').toLowerCase()
  if (!folded.includes('xn--')) return folded
  return folded.replace(/xn--[a-z0-9-]+/g, (label) => domainToUnicode(label) || label)
}
