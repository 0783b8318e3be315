import { domainToUnicode } from 'node:url'

/**
 * Brings an address, or a glob of addresses, to the form in which two are compared: capitals do not count, letters have
 * one Unicode form, and a domain is in letters where it came in ASCII (`xn--…`), as smtp-server gives it.
 */
export function foldAddress(address: string): string {
  const inLetters = address.toLowerCase().replace(/xn--[a-z0-9-]+/g, (label) => domainToUnicode(label) || label)
  return inLetters.normalize('NFC').toLowerCase()
}
